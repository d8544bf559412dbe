// SPDX-License-Identifier: BSL-1.0

package main

// #include "seed.h"
// #include <stdlib.h>
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// sayGoroutine prints the number of the calling goroutine, which Go tells in its stacks only.
func sayGoroutine() {
	text := make([]byte, 64)
	fmt.Println("goroutine", strings.Fields(string(text[:runtime.Stack(text, false)]))[1])
}

//export go_answer
func go_answer() {
	C.wait_for_ever() // line of go_answer
}

//go:noinline
func crash(text string) {
	str := C.CString(text)
	defer C.free(unsafe.Pointer(str))
	C.test_crash(str) // line of crash
}

//go:noinline
func question() error {
	return cgoguard.Err(C.wait_behind_callback()) // line of question
}

func main() {
	go func() { // in Go all the time
		for i := 0; ; i++ {
			runtime.Gosched()
		}
	}()
	go func() { time.Sleep(time.Hour) }()
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		sayGoroutine()
		if len(os.Args) > 1 && os.Args[1] == "wait" {
			C.let_anyone_attach()
			fmt.Println(question()) // line of the waiting goroutine
		} else {
			crash("From Golang") // line of the goroutine
		}
		close(done)
	}()
	<-done
}
