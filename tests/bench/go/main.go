// SPDX-License-Identifier: BSL-1.0

//go:build cgo

// Command go measures what the guard costs a Go program. It prints lines for ../report.py.
package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	// Time is that of one thread: the goroutine must not leave it.
	runtime.LockOSThread()
	if len(os.Args) > 1 && os.Args[1] == firstStackArgument {
		printFirstStack()
		return
	}
	if len(os.Args) > 1 && os.Args[1] == warmFirstStackArgument {
		printWarmFirstStack()
		return
	}
	measureCalls()
	measureCallbacks()
	measureFailures()
	if err := measureTexts(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
