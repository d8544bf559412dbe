// SPDX-License-Identifier: BSL-1.0

// Package twice has errors that are used after they were released.
package twice

/*
#cgo CPPFLAGS: -I${SRCDIR}/../../../../../include
#include <cgo_guard.h>
cgo_guard_error *plain(int n);
*/
import "C"

import (
	"log"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func given() error {
	e := C.plain(1)
	log.Print(cgoguard.Err(e))
	return cgoguard.Err(e) // want "e is given away twice: in line 21 it was released already"
}

func whereItFailed() error {
	e := C.plain(1)
	err := cgoguard.Err(e)
	if err != nil {
		C.cgo_guard_free(e) // want "e is given away twice"
	}
	return err
}

func theResultIsAnothers() error {
	e := C.plain(1)
	err := cgoguard.Err(e)
	log.Print(err)
	if err = other(); err == nil {
		return cgoguard.Err(e) // want "e is given away twice"
	}
	return err
}

func other() error { return nil }

func used() string {
	e := C.plain(1)
	err := cgoguard.Err(e)
	if e != nil && e.code == 2 { // want "e is used after it was released"
		return C.GoString(C.cgo_guard_describe(e)) // want "e is used after it was released"
	}
	return err.Error()
}

func onBothBranches(which bool) {
	e := C.plain(1)
	if which {
		log.Print(cgoguard.Err(e))
	} else {
		C.cgo_guard_free(e)
	}
	C.cgo_guard_free(e) // want "e is given away twice"
}
