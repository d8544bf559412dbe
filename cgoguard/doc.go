// SPDX-License-Identifier: BSL-1.0

// Package cgoguard turns what a guarded C++ function returned into an ordinary Go error.
//
// The C++ side wraps an exported function in CGO_GUARD, from the header cgo_guard.h:
//
//	extern "C" cgo_guard_error *inventory_count(const char *path, int64_t *out) {
//	  return CGO_GUARD {
//	    *out = count(path);  // may throw, may crash
//	  };
//	}
//
// The Go side gives the result to Err:
//
//	func Count(path string) (int64, error) {
//		cpath := C.CString(path)
//		defer C.free(unsafe.Pointer(cpath))
//		var n C.int64_t
//		if err := cgoguard.Err(C.inventory_count(cpath, &n)); err != nil {
//			return 0, err
//		}
//		return int64(n), nil
//	}
//
// Every failure is an *Error: a C++ exception of any type, a fatal signal, std::terminate. It carries the C++ stack of
// the throw or the fault, the Go stack of the call, and what became of the destructors in between (see Cleanup).
//
//	if errors.Is(err, cgoguard.SIGSEGV) { … }  // a signal
//	if errors.Is(err, syscall.ENOENT)   { … }  // a std::system_error that carries an errno
//	var failure *cgoguard.Error
//	if errors.As(err, &failure) { log.Printf("%+v", failure) }
//
// Everything in this package may be used from many goroutines at once, unless its comment says otherwise.
package cgoguard
