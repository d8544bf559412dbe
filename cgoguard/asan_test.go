// SPDX-License-Identifier: BSL-1.0

//go:build asan

package cgoguard_test

const asanEnabled = true
