// SPDX-License-Identifier: BSL-1.0

package guardtest

import (
	"strconv"
	"strings"
	"syscall"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// Short names, so that a case fits on a line or two.
const (
	exception = cgoguard.CodeException
	signal    = cgoguard.CodeSignal
	terminate = cgoguard.CodeTerminate

	sigsegv = int(syscall.SIGSEGV)
	sigbus  = int(syscall.SIGBUS)
	sigfpe  = int(syscall.SIGFPE)
	sigill  = int(syscall.SIGILL)
	sigabrt = int(syscall.SIGABRT)
	sigtrap = int(syscall.SIGTRAP)
	sigsys  = int(syscall.SIGSYS)
)

func replaceToken(text string, token uint64) string {
	return strings.ReplaceAll(text, "TOKEN", strconv.FormatUint(token, 10))
}
