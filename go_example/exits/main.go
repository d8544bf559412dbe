// SPDX-License-Identifier: BSL-1.0

// Command exits uses a C library that calls exit on input it doesn't like. With Options.CatchExit each of those becomes
// a Go error with the exit status; the C++ in between has closed its stream and released its rows, and the program goes
// on. Its exit status is 0 if all of that is so.
package main

/*
#cgo CFLAGS: -I${SRCDIR}/../../include
#cgo CXXFLAGS: -std=c++17 -I${SRCDIR}/../../include
#include <stdlib.h>
#include "shop.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// total is the sum of the prices in a table, one "name price" in each line.
func total(table string) (int64, error) {
	ctable := C.CString(table)
	defer C.free(unsafe.Pointer(ctable))
	var sum C.int64_t
	if err := cgoguard.Err(C.shop_total(ctable, &sum)); err != nil {
		return 0, err
	}
	return int64(sum), nil
}

var tables = []struct {
	title, text string
	total       int64
	status      int // that the library exits with, or 0
}{
	{"a good table", "apples 3\npears 4\n", 7, 0},
	{"a table with a bad line", "apples 3\npears\n", 0, 2},
	{"an empty table", "", 0, 3},
	{"a good table again", "plums 5\n", 5, 0},
}

func main() {
	if err := cgoguard.Configure(cgoguard.Options{CatchExit: true}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	wrong := 0
	complain := func(format string, arguments ...any) {
		wrong++
		fmt.Printf("    WRONG: "+format+"\n", arguments...)
	}
	for i, table := range tables {
		fmt.Printf("\n%d. %s\n", i+1, table.title)
		sum, err := total(table.text)
		var e *cgoguard.Error
		switch {
		case err == nil:
			fmt.Printf("    the total is %d\n", sum)
			if table.status != 0 || sum != table.total {
				complain("want %d, or exit status %d", table.total, table.status)
			}
		case errors.As(err, &e) && errors.Is(err, cgoguard.ErrExit):
			fmt.Printf("    the library wanted to exit with status %d\n    %v\n", e.Number, err)
			fmt.Println("    " + strings.ReplaceAll(strings.TrimSpace(e.CStack()), "\n", "\n    "))
			if e.Number != table.status || e.Cleanup == cgoguard.CleanupNone {
				complain("want exit status %d, and destructors run", table.status)
			}
		default:
			complain("%v", err)
		}
		var streams, rows C.int32_t
		C.shop_holds(&streams, &rows)
		fmt.Printf("    C++ holds %d streams and %d rows\n", streams, rows)
		if streams != 0 || rows != 0 {
			complain("it should hold nothing")
		}
	}
	fmt.Printf("\nThe library called exit %d times. Still running.\n", cgoguard.Stats().Exits)
	if wrong > 0 {
		fmt.Printf("%d things were not what they should be.\n", wrong)
		os.Exit(1)
	}
}
