// SPDX-License-Identifier: BSL-1.0

// Command translation uses a C++ library with exceptions of its own. One translator in C++ says what of them matters,
// one registration in Go makes that a Go type, and from there on it is errors.As, at any depth. Its exit status is 0 if
// every error was what it should be.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func main() {
	wrong := 0
	show := func(title string, err error, want *ItemError) {
		fmt.Printf("\n%s\n    %v\n", title, err)
		var found *ItemError
		if !errors.As(err, &found) {
			wrong++
			fmt.Println("    WRONG: no ItemError in it")
			return
		}
		fmt.Printf("    as an ItemError: reason %d, item %s: %v\n", found.Reason, found.SKU, found)
		if *found != *want {
			wrong++
			fmt.Printf("    WRONG: want %+v\n", *want)
		}
		// The whole report is there as well.
		var e *cgoguard.Error
		if !errors.As(err, &e) || e.CStack() == "" || !errors.Is(err, cgoguard.ErrException) {
			wrong++
			fmt.Println("    WRONG: the C++ error is lost")
		}
	}

	left, err := take("A-113", 2)
	fmt.Printf("Taking 2 pieces of A-113\n    %d are left, error %v\n", left, err)
	if left != 3 || err != nil {
		wrong++
	}
	_, err = take("A-113", 4)
	show("Taking 4 more", err, &ItemError{SoldOut, "A-113"})
	_, err = take("C-3", 1)
	show("Taking what isn't there", err, &ItemError{UnknownItem, "C-3"})
	err = fmt.Errorf("serving the customer: %w", order("A-113 B-7"))
	show("An order of two items: the library's exception is nested in another, and Go has wrapped that", err,
		&ItemError{SoldOut, "B-7"})

	if wrong > 0 {
		fmt.Printf("\n%d things were not what they should be.\n", wrong)
		os.Exit(1)
	}
}
