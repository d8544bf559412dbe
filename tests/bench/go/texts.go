// SPDX-License-Identifier: BSL-1.0

//go:build cgo

package main

// #include "work.h"
import "C"

import (
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

const (
	firstStackArgument     = "first-stack"
	warmFirstStackArgument = "warm-first-stack"
)

// characters takes the length of every text, so that none can be left out.
var characters int

func newError(set C.int32_t) *cgoguard.Error {
	return cgoguard.Err(C.bench_many_frames(set)).(*cgoguard.Error)
}

// timeOfStack returns how long the C++ stack of a new error takes to become text. By the wall clock: what takes time is
// reading files.
func timeOfStack(set C.int32_t) time.Duration {
	e := newError(set)
	start := time.Now()
	characters += len(e.CStack())
	return time.Since(start)
}

// printFirstStack prints nanoseconds: the first stack of the process, one of addresses not seen before, one seen before.
func printFirstStack() {
	cold := timeOfStack(0)
	fresh := timeOfStack(1)
	seen := timeOfStack(0)
	fmt.Println(cold.Nanoseconds(), fresh.Nanoseconds(), seen.Nanoseconds())
}

// printWarmFirstStack is printFirstStack in a process that has called WarmStacks and then done something else for longer
// than that takes.
func printWarmFirstStack() {
	cgoguard.WarmStacks()
	time.Sleep(time.Second)
	printFirstStack()
}

// runFirstStack runs one of the two in a process of its own.
func runFirstStack(argument string) (ns [3]float64, err error) {
	self, err := os.Executable()
	if err != nil {
		return ns, err
	}
	out, err := exec.Command(self, argument).Output()
	if err != nil {
		return ns, fmt.Errorf("%s: %w", argument, err)
	}
	if _, err := fmt.Sscan(string(out), &ns[0], &ns[1], &ns[2]); err != nil {
		return ns, fmt.Errorf("%s printed %q: %w", argument, out, err)
	}
	return ns, nil
}

// measureTexts compares the first stack of a process, in processes that do nothing else, with the later ones.
func measureTexts() error {
	var cold, warm, fresh, seen series
	for round := 0; round < 9; round++ {
		ns, err := runFirstStack(firstStackArgument)
		if err != nil {
			return err
		}
		cold, fresh, seen = append(cold, ns[0]), append(fresh, ns[1]), append(seen, ns[2])
		if ns, err = runFirstStack(warmFirstStackArgument); err != nil {
			return err
		}
		warm = append(warm, ns[0])
	}
	printRow("C++ stack of 25+ frames: first, to one like it", cold, seen, 0)
	printRow("C++ stack of 25+ frames: first after WarmStacks, to first", warm, cold, 0)
	printRow("C++ stack of 25+ frames: new addresses, to known", fresh, seen, 0)

	errs := make([]*cgoguard.Error, 0, 1000)
	figures := interleave(1000, 11,
		func(times int) {
			errs = errs[:0]
			for i := 0; i < times; i++ {
				errs = append(errs, newError(0))
			}
		},
		func(times int) {
			for _, e := range errs[:times] {
				characters += len(e.Error())
			}
		},
		func(times int) {
			for _, e := range errs[:times] {
				characters += len(e.CStack())
			}
		},
		func(times int) {
			for _, e := range errs[:times] {
				characters += len(e.GoStack())
			}
		})
	printRow("Error(), to making the error", figures[1], figures[0], 0)
	printRow("CStack() warm, to making the error", figures[2], figures[0], 0)
	printRow("GoStack() warm, to making the error", figures[3], figures[0], 0)
	return nil
}
