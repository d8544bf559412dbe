// SPDX-License-Identifier: BSL-1.0

// Command story is the program of docs/crashes.md: one bug in C++, met in each of the ways that the page is about.
//
//	story error   through a guard: prints the error, for a person to read
//	story report  through a guard: prints the error, for a log
//	story crash   under no guard: dies
package main

/*
#cgo CXXFLAGS: -std=c++17 -I${SRCDIR}/../../include
#cgo CFLAGS: -I${SRCDIR}/../../include
#include "story.h"
*/
import "C"

import (
	"fmt"
	"os"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// Total returns what all items count together.
func Total() (int64, error) {
	var total C.int64_t
	if err := cgoguard.Err(C.story_total(&total)); err != nil {
		return 0, err
	}
	return int64(total), nil
}

func main() {
	if err := cgoguard.Configure(cgoguard.Options{}); err != nil { // a crash may come before the first guard
		panic(err)
	}
	way := "error"
	if len(os.Args) > 1 {
		way = os.Args[1]
	}
	switch way {
	case "error":
		_, err := Total()
		cgoguard.Print(os.Stdout, err)
	case "report":
		_, err := Total()
		fmt.Printf("%+v", err)
	case "crash":
		fmt.Println(C.story_unguarded_total())
	default:
		fmt.Fprintln(os.Stderr, "usage: story [error | report | crash]")
		os.Exit(2)
	}
}
