// SPDX-License-Identifier: BSL-1.0

// Package failing has what the tests of this module share: guarded C++ that fails, and a storm of exceptions.
package failing

/*
#cgo CFLAGS: -I${SRCDIR}/../../../include
#cgo CXXFLAGS: -std=c++17 -I${SRCDIR}/../../../include
#include "failing.h"
*/
import "C"

import (
	"bytes"
	"fmt"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func Fault() error { return cgoguard.Err(C.neighbours_fault()) }

func Throw() error { return cgoguard.Err(C.neighbours_throw()) }

// SignalBeforeMain is the signal that a guard in a static constructor recovered from.
func SignalBeforeMain() int { return int(C.neighbours_before_main()) }

// Storm has eight threads throw and catch for that long, beside the CPU profiler.
func Storm(duration time.Duration, guarded bool) error {
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	errs := make(chan error, 8)
	var wait sync.WaitGroup
	for i := 0; i < 8; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for start := time.Now(); time.Since(start) < duration; {
				if !guarded {
					C.neighbours_catch_unguarded(200)
				} else if err := cgoguard.Err(C.neighbours_catch(200)); err != nil {
					errs <- fmt.Errorf("what was caught inside a guard came out of it: %w", err)
					return
				}
			}
		}()
	}
	wait.Wait()
	close(errs)
	return <-errs
}
