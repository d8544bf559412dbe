// SPDX-License-Identifier: BSL-1.0

//go:build race

package cgoguard_test

const raceEnabled = true
