// SPDX-License-Identifier: BSL-1.0

//go:build !race

package cgoguard_test

// raceEnabled tells tests that count calls to make fewer of them: the race detector slows them down tenfold.
const raceEnabled = false
