// SPDX-License-Identifier: BSL-1.0

package cgoguard

import (
	"encoding/binary"
	"fmt"
	"unsafe"
)

// Err turns the result of a guarded C++ function into a Go error: nil into nil, and a *C.cgo_guard_error into an *Error
// that owns a copy of everything, C++ and Go stack included. The C side is released, so e must not be used again.
//
// T is always C.cgo_guard_error. It is a type parameter because cgo gives every package a type of its own by that name.
// From Go 1.20 on the call is inlined to a comparison with nil.
//
// A Go error that a Callback gave to C++ comes back wrapped in an *Error of CodeGo, for errors.Is, errors.As and
// errors.Unwrap. A Go panic that a Callback caught does not come back as an error: Err goes on with it, with the same
// value (PanicStack has its stack).
//
// Anything else is refused without being read beyond its size: the error then wraps ErrMisuse for a pointer that is no
// live error, and ErrVersion for an error made by a header of another ABI version. (A package that has only declared
// cgo_guard_error, without including cgo_guard.h, does not compile.)
func Err[T any](e *T) error {
	if e == nil {
		return nil
	}
	return take(unsafe.Pointer(e), unsafe.Sizeof(*e), e, true)
}

// The frozen prefix of cgo_guard_error, the same in every ABI version: magic, abi_version, struct_size, release.
const (
	prefixSize    = 24
	abiOffset     = 8
	sizeOffset    = 12
	releaseOffset = 16

	// freedMagic takes the place of the magic in an error that was released: "cggfreed" in memory order.
	freedMagic = 0x6465657266676763
)

// take is the slow half of Err. argument is p with its static type, for the text of a refusal. panics is whether a Go
// panic that has come back through C++ is to go on, rather than to be returned as an error.
func take(p unsafe.Pointer, size uintptr, argument any, panics bool) error {
	if size < prefixSize {
		return refuseSmall(size, argument)
	}
	prefix, ok := readPrefix(p)
	if !ok {
		return refuseNowhere(p, argument)
	}
	magic := native.Uint64(prefix[:])
	version := native.Uint32(prefix[abiOffset:])
	structSize := native.Uint32(prefix[sizeOffset:])
	if magic != abiMagic {
		return refuseForeign(magic, argument)
	}
	if version != abiVersion || structSize != abiSize {
		return refuseVersion(p, version, structSize, native.Uint64(prefix[releaseOffset:]) != 0)
	}

	if size < abiSize {
		release(p)
		return refuseSmall(size, argument)
	}

	err := copyError(p, callers(2)) // the stack starts at the caller of Err
	release(p)
	dropReleasedGoValues()
	translate(err)
	if panics && err.carried != nil && err.carried.panic != nil {
		err.carried.panic.goOn(err.trace)
	}
	return err
}

func refuseSmall(size uintptr, argument any) error {
	return fmt.Errorf("%w: Err was given a %T, which points to %d bytes, and a cgo_guard_error has %d. "+
		"Pass the *C.cgo_guard_error that a CGO_GUARD function returned, unconverted", ErrMisuse, argument, size, abiSize)
}

func refuseNowhere(p unsafe.Pointer, argument any) error {
	return fmt.Errorf("%w: Err was given a %T that points to %p, where nothing can be read. "+
		"Pass the *C.cgo_guard_error that a CGO_GUARD function returned, unconverted", ErrMisuse, argument, p)
}

func refuseForeign(magic uint64, argument any) error {
	if magic == freedMagic {
		return fmt.Errorf("%w: Err was given a %T that has already been released. "+
			"Err releases its argument: call it once for each error, and cgo_guard_free not at all", ErrMisuse, argument)
	}
	return fmt.Errorf("%w: Err was given a %T that does not point to a cgo_guard_error (it begins with %#016x, not %#016x). "+
		"Pass the *C.cgo_guard_error that a CGO_GUARD function returned, unconverted",
		ErrMisuse, argument, magic, uint64(abiMagic))
}

func refuseVersion(p unsafe.Pointer, version, structSize uint32, releasable bool) error {
	fate := "The failure it described was released unread"
	if releasable {
		release(p)
	} else {
		fate = "It names no release function, so its memory is lost"
	}
	return fmt.Errorf("%w: a C++ function was compiled with a cgo_guard.h of ABI version %d (errors of %d bytes), "+
		"and this program's cgoguard package is of ABI version %d (%d bytes). %s. "+
		"Make both come from one version of the module: compare -I in your #cgo lines with the version in go.mod",
		ErrVersion, version, structSize, abiVersion, abiSize, fate)
}

// native is the machine's byte order. Only little-endian machines have a port, and the magic would show another.
var native = binary.LittleEndian
