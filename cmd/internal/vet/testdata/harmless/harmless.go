// SPDX-License-Identifier: BSL-1.0

// Package harmless has what looks like a lost error, and is none.
package harmless

/*
#cgo CPPFLAGS: -I${SRCDIR}/../../../../../include
#include <cgo_guard.h>
#include <stdlib.h>
cgo_guard_error *with_pointer(const char *name, int *out);
cgo_guard_error *plain(int n);
int value(int n, cgo_guard_error **error);
int no_guard(int n);
void take(cgo_guard_error *error);
void take_from(cgo_guard_error **place);
typedef struct { cgo_guard_error *error; } holder;
*/
import "C"

import (
	"fmt"
	"log"
	"os"
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func usual(name string) (int, error) {
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	var n C.int
	if err := cgoguard.Err(C.with_pointer(cname, &n)); err != nil {
		return 0, err
	}
	return int(n), nil
}

func inAVariable() error {
	e := C.plain(1)
	return cgoguard.Err(e)
}

func onlyWhereThereIsOne() error {
	if e := C.plain(1); e != nil {
		return cgoguard.Err(e)
	}
	if e := C.plain(2); nil == e {
		return nil
	} else {
		defer C.cgo_guard_free(e)
		return fmt.Errorf("failed: %s", C.GoString(C.cgo_guard_describe(e)))
	}
}

func withNegations(which bool) error {
	e := C.plain(1)
	if !(e != nil) || which && e == nil {
		return nil
	}
	return cgoguard.Err(e)
}

func withOr(which bool) error {
	e := C.plain(1)
	if e != nil || which {
		return cgoguard.Err(e)
	}
	return nil
}

func inCases() error {
	e := C.plain(1)
	switch {
	case e == nil:
		return nil
	default:
		return cgoguard.Err(e)
	}
}

func byItsTag() error {
	e := C.plain(1)
	switch e {
	case nil:
		return nil
	default:
		return cgoguard.Err(e)
	}
}

func place() (C.int, error) {
	var e *C.cgo_guard_error
	n := C.value(1, &e)
	if e != nil {
		return 0, cgoguard.Err(e)
	}
	n += C.value(2, &e)
	return n, cgoguard.Err(e)
}

func againWhereItWasNil() error {
	e := C.plain(1)
	if err := cgoguard.Err(e); err != nil {
		return err
	}
	return cgoguard.Err(e)
}

func oneOrTheOther(which bool) error {
	e := C.plain(1)
	var err error
	if which {
		err = cgoguard.Err(e)
	}
	if !which {
		C.cgo_guard_free(e)
	}
	return err
}

func inALoop() error {
	for i := 0; i < 3; i++ {
		e := C.plain(C.int(i))
		if e == nil {
			continue
		}
		if err := cgoguard.Err(e); err != nil {
			return err
		}
	}
	return nil
}

func forgotten() error {
	var e *C.cgo_guard_error
	for i := 0; i < 3 && e == nil; i++ {
		e = C.plain(C.int(i))
	}
	return cgoguard.Err(e)
}

func atTheEnd() {
	e := C.plain(1)
	if e == nil {
		os.Exit(0)
	}
	if e := C.plain(2); e != nil {
		log.Fatal("the process ends here")
	}
	die(e)
}

func die(e *C.cgo_guard_error) { panic(cgoguard.Err(e)) }

// Somebody else's from here on.
func elsewhere(channel chan *C.cgo_guard_error) *C.cgo_guard_error {
	var h C.holder
	h.error = C.plain(1)
	passed := C.plain(2)
	C.take(passed)
	sent := C.plain(3)
	channel <- sent
	stored := C.plain(4)
	list := []*C.cgo_guard_error{stored}
	fmt.Println(list)
	captured := C.plain(5)
	defer func() { log.Print(cgoguard.Err(captured)) }()
	addressed := C.plain(6)
	keep(&addressed)
	asked := C.plain(7)
	failed := asked != nil
	if failed {
		log.Print(cgoguard.Err(asked))
	}
	named, err := C.plain(8)
	log.Print(cgoguard.Err(named), err)
	var aliased *C.cgo_guard_error
	place := &aliased
	aliased = C.plain(10)
	log.Print(cgoguard.Err(*place))
	taken := C.plain(11)
	defer func() { C.take_from(&taken) }()
	looked := C.plain(12)
	if named != nil {
		log.Print(cgoguard.Err(looked))
	} else {
		for i := 0; i < 2; i++ {
			log.Print(i)
		}
		C.take(looked)
	}
	log.Print(looked.code)
	returned := C.plain(9)
	return returned
}

func keep(**C.cgo_guard_error) {}

func retained() (error, error) {
	e := C.plain(1)
	second := C.cgo_guard_retain(e)
	C.cgo_guard_retain(e)
	_ = C.cgo_guard_retain(e)
	return cgoguard.Err(e), cgoguard.Err(second)
}

func named() (e *C.cgo_guard_error) {
	e = C.plain(1)
	return
}

func withoutGuard() {
	C.no_guard(1)
	_, err := C.no_guard(2)
	log.Print(err)
}

func silenced() {
	e := C.plain(1)
	_ = e
	C.cgo_guard_free(e)
}
