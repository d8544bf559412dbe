// SPDX-License-Identifier: BSL-1.0

package cgoguard

import (
	"sync"
	"sync/atomic"
)

// RegisterError makes failures of one name errors of a Go type: from now on, every *Error whose Name is name, also one
// in the Cause chain of another, carries what make returns for it, and errors.As and errors.Is find that.
//
//	type SoldOut struct{ SKU string }
//
//	func (e *SoldOut) Error() string { return e.SKU + " is sold out" }
//
//	func init() {
//		cgoguard.RegisterError("inventory::sold_out", func(e *cgoguard.Error) error {
//			return &SoldOut{SKU: e.Fields["sku"]}
//		})
//	}
//
//	var soldOut *SoldOut
//	if errors.As(err, &soldOut) { … }
//
// Name is the demangled type of the exception, unless a C++ translator (cgo_guard/translate.hpp) has named it. Where
// nothing is registered for it, what is registered for one of Error.Types is used, the most derived first: so a make for
// std::runtime_error also gets the types derived from it that have none of their own. The
// error that Err returns stays the *Error, with its stacks and its own text.
//
// make runs on the goroutine that called Err, and on many at once. It gets an *Error of its own, which what it returns
// may keep and wrap. If it returns nil or panics, the *Error is what it would have been without it.
//
// A name has one make: the last one registered. nil takes it back.
func RegisterError(name string, make func(*Error) error) {
	makers.Lock()
	defer makers.Unlock()
	old, _ := makers.byName.Load().(map[string]func(*Error) error)
	byName := map[string]func(*Error) error{} // a new one, because others may be reading the old
	for n, m := range old {
		byName[n] = m
	}
	if make != nil {
		byName[name] = make
	} else {
		delete(byName, name)
	}
	makers.byName.Store(byName)
}

var makers struct {
	sync.Mutex              // for those who register; Err doesn't wait
	byName     atomic.Value // of map[string]func(*Error) error
}

// translate attaches what is registered for e and its causes, innermost first, so that make can look for those.
func translate(e *Error) {
	byName, _ := makers.byName.Load().(map[string]func(*Error) error)
	if len(byName) > 0 {
		translateWith(byName, e)
	}
}

func translateWith(byName map[string]func(*Error) error, e *Error) {
	if e.Cause != nil {
		translateWith(byName, e.Cause)
	}
	if make := makerOf(byName, e); make != nil {
		own := *e // what make returns may wrap it, and errors.Is would go round for ever if it led back to e
		e.translated = runMake(make, &own)
	}
}

func makerOf(byName map[string]func(*Error) error, e *Error) func(*Error) error {
	if make := byName[e.Name]; make != nil {
		return make
	}
	for _, name := range e.Types() {
		if make := byName[name]; make != nil {
			return make
		}
	}
	return nil
}

func runMake(make func(*Error) error, e *Error) (translated error) {
	defer func() {
		if recover() != nil {
			translated = nil
		}
	}()
	return make(e)
}
