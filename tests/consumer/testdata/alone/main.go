// SPDX-License-Identifier: BSL-1.0

// Command consumer has guards and does without the Go package: it reads the error itself.
package main

// #include "inventory.h"
import "C"

import "fmt"

func main() {
	var out C.int
	err := C.inventory_owner(&out)
	if err == nil || C.GoString(err.name) != "SIGSEGV" || C.GoString(err.function) != "inventory_owner" {
		panic("a null pointer is not a SIGSEGV")
	}
	C.cgo_guard_free(err)
	fmt.Println("OK")
}
