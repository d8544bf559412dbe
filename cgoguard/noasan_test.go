// SPDX-License-Identifier: BSL-1.0

//go:build !asan

package cgoguard_test

// asanEnabled tells tests of what AddressSanitizer reports by itself, ending the process: a block that is freed twice, a
// crash that nobody takes. It also keeps freed memory for a while.
const asanEnabled = false
