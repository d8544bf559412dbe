// SPDX-License-Identifier: BSL-1.0

// Command consumer is what somebody else's program looks like: its own C++ behind guards, and errors.Is on the result.
package main

// #include "inventory.h"
import "C"

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func item(index int) (int, error) {
	var out C.int
	if err := cgoguard.Err(C.inventory_item(C.int(index), &out)); err != nil {
		return 0, err
	}
	return int(out), nil
}

func owner() (int, error) {
	var out C.int
	if err := cgoguard.Err(C.inventory_owner(&out)); err != nil {
		return 0, err
	}
	return int(out), nil
}

func check(ok bool, what string, err error) {
	if !ok {
		fmt.Printf("%s\n%+v\n", what, err)
		os.Exit(1)
	}
}

func main() {
	_, err := item(3)
	check(errors.Is(err, cgoguard.ErrException), "std::out_of_range is not an ErrException:", err)
	check(strings.Contains(err.Error(), "std::out_of_range"), "the exception lost its type:", err)
	check(!errors.Is(err, cgoguard.SIGSEGV), "std::out_of_range passes for a SIGSEGV:", err)

	_, err = owner()
	check(errors.Is(err, cgoguard.SIGSEGV), "a null pointer is not a SIGSEGV:", err)
	check(!errors.Is(err, cgoguard.ErrException), "a null pointer passes for an exception:", err)

	// After both of them, a call that works.
	n, err := item(1)
	check(err == nil && n == 8, fmt.Sprint("item 1 is ", n, ":"), err)
	fmt.Println("OK")
}
