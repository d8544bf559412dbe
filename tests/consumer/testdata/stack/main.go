// SPDX-License-Identifier: BSL-1.0

// Command consumer prints the C++ stack of a fault.
package main

// #include "inventory.h"
import "C"

import (
	"errors"
	"fmt"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func main() {
	err := cgoguard.Err(C.inventory_count())
	var e *cgoguard.Error
	if !errors.As(err, &e) {
		panic(err)
	}
	fmt.Print(e.CStack())
}
