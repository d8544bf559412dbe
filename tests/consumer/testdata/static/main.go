// SPDX-License-Identifier: BSL-1.0

// Command consumer is linked statically. It asks for a fault's error, and says which cleanup that has.
package main

// #include "inventory.h"
import "C"

import (
	"errors"
	"fmt"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func main() {
	for i := 0; i < 2; i++ { // the second: on a thread that has come back before
		err := cgoguard.Err(C.inventory_count())
		var e *cgoguard.Error
		if !errors.As(err, &e) {
			panic(err)
		}
		fmt.Println(e.Name, e.Cleanup)
	}
}
