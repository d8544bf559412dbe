// SPDX-License-Identifier: BSL-1.0

// Package lost has every way to lose an error that is found.
package lost

/*
#cgo CPPFLAGS: -I${SRCDIR}/../../../../../include
#include <cgo_guard.h>
cgo_guard_error *with_pointer(const char *name, int *out);
cgo_guard_error *plain(int n);
int value(int n, cgo_guard_error **error);
*/
import "C"

import (
	"errors"
	"fmt"
	"log"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func dropped(n *C.int) {
	C.plain(1)             // want "the error of C.plain is dropped"
	C.with_pointer(nil, n) // want "the error of C.with_pointer is dropped"
	go C.plain(2)          // want "the error of go C.plain is dropped"
	defer C.plain(3)       // want "the error of defer C.plain is dropped"
	func() {
		C.plain(4) // want "the error of C.plain is dropped"
	}()
	pointer := n
	defer C.with_pointer(nil, pointer)         // want "the error of defer C.with_pointer is dropped"
	(C.plain(5))                               // want "the error of C.plain is dropped"
	fmt.Println(C.value(C.value(1, nil), nil)) // want "C.value has no place for its error" "C.value has no place for its error"
}

func blank(n *C.int) {
	_ = C.plain(1)                                          // want "the error of C.plain is assigned to _"
	var _ = C.plain(2)                                      // want "the error of C.plain is assigned to _"
	_, _ = C.with_pointer(nil, n), cgoguard.Err(C.plain(3)) // want "the error of C.with_pointer is assigned to _"
}

func errno(n *C.int) error {
	_, err := C.plain(1) // want "the error of C.plain is assigned to _: in cgo's form with two results the second one is errno"
	if err != nil {
		return err
	}
	if _, err := C.with_pointer(nil, n); err != nil { // want "in cgo's form with two results"
		return err
	}
	e, err := C.plain(1) // want "the error in e is never given to cgoguard.Err"
	if e == nil {
		return nil
	}
	return err
}

func neverGiven() error {
	e := C.plain(1) // want "the error in e is never given to cgoguard.Err"
	if e != nil {
		return errors.New(C.GoString(C.cgo_guard_describe(e)))
	}
	return nil
}

func onTheLeft() error {
	e := C.plain(1) // want "the error in e is never given to cgoguard.Err"
	if nil == e {
		return nil
	}
	return errors.New("failed")
}

func twoReturns(which int) error {
	e := C.plain(1) // want "the error in e is lost on a path"
	if which == 1 {
		return nil
	}
	if which == 2 {
		return errors.New("failed")
	}
	return cgoguard.Err(e)
}

func retained() error {
	e := C.plain(1)
	second := C.cgo_guard_retain(e) // want "the error in second is never given"
	if second != nil {
		return cgoguard.Err(e)
	}
	return nil
}

func theFlagChanges(which bool) error {
	e := C.plain(1) // want "the error in e is lost on a path"
	if which {
		return cgoguard.Err(e)
	}
	which = e.code == 1
	if which {
		return nil
	}
	return cgoguard.Err(e)
}

func silenced() {
	e := C.plain(1) // want "the error in e is never given to cgoguard.Err"
	_ = e
}

func fieldsOnly() int {
	e := C.plain(1) // want "the error in e is never given to cgoguard.Err"
	if e != nil && e.code == 1 {
		return int(e.number)
	}
	return 0
}

func earlyReturn() error {
	var n C.int
	e := C.with_pointer(nil, &n) // want "the error in e is lost on a path that ends in line 123: give it to cgoguard.Err there too"
	if n == 0 {
		return errors.New("nothing there")
	}
	return cgoguard.Err(e)
}

func onTheWrongBranch() error {
	e := C.plain(1) // want "the error in e is lost on a path"
	if e == nil {
		return cgoguard.Err(e)
	}
	return nil
}

func inASwitch(which int) (err error) {
	e := C.plain(1) // want "the error in e is lost on a path"
	switch {
	case which == 1:
		err = cgoguard.Err(e)
	case e != nil && which == 2:
		log.Print("lost")
	}
	return err
}

func overwritten() error {
	e := C.plain(1) // want "the error in e is overwritten"
	e = C.plain(2)
	return cgoguard.Err(e)
}

func place() C.int {
	var e *C.cgo_guard_error
	n := C.value(1, &e) // want "the error in e is overwritten"
	n += C.value(2, &e) // want "the error in e is never given to cgoguard.Err"
	return n
}

func inALoop() {
	for i := 0; i < 3; i++ {
		e := C.plain(C.int(i)) // want "the error in e is overwritten"
		if i == 1 {
			cgoguard.Err(e)
		}
	}
}

var anonymous = func() {
	e := C.plain(1) // want "the error in e is never given to cgoguard.Err"
	if e != nil {
		return
	}
}

func onOnePathOfTwo(which bool) error {
	var e *C.cgo_guard_error
	if which {
		e = C.plain(1) // want "the error in e is lost on a path"
	}
	if !which {
		return cgoguard.Err(e)
	}
	return nil
}
