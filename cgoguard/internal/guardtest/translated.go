// SPDX-License-Identifier: BSL-1.0

package guardtest

/*
#include <stdlib.h>
#include "translated.h"
*/
import "C"

import (
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// Translated is an exception that has a translator in C++.
type Translated int

const (
	SoldOut       Translated = C.GUARDTEST_SOLD_OUT        // code CodeUser+3, number 12, field sku
	NestedSoldOut Translated = C.GUARDTEST_NESTED_SOLD_OUT // the same as the cause of a std::runtime_error
	OddBytes      Translated = C.GUARDTEST_ODD_BYTES       // texts with invalid UTF-8 and NUL bytes
	BadTranslator Translated = C.GUARDTEST_BAD_TRANSLATOR  // its translator throws
)

// ThrowTranslated makes a guarded call that throws it.
func ThrowTranslated(which Translated, sku string) error {
	csku := C.CString(sku)
	defer C.free(unsafe.Pointer(csku))
	return cgoguard.Err(C.guardtest_throw_translated(C.int32_t(which), csku))
}
