// SPDX-License-Identifier: BSL-1.0

package cgoguard

/*
#cgo CFLAGS: -I${SRCDIR}/../include
#cgo CXXFLAGS: -std=c++17 -I${SRCDIR}/../include
#include <stdlib.h>
#include <cgo_guard.h>

// Through the pointer in the error: only the header that made an error knows how to release it, and two versions of
// the header may be in one program.
static inline void cgoguard_release(cgo_guard_error *error) { error->release(error); }

// What was given to Err may be a pointer to anything, also to Go memory that C must not be given.
static inline int cgoguard_read_prefix(uintptr_t p, uint64_t *prefix) {
  return cgo_guard_read_prefix((const void *)p, prefix);
}

// Go keeps addresses as integers, so that its garbage collector never takes one for a pointer.
static inline char *cgoguard_format(const uintptr_t *frames, uint64_t count, uint32_t head, uint64_t omitted,
                                    uint64_t modules) {
  return cgo_guard_format_frames((const void *const *)frames, count, head, omitted, modules);
}
static inline size_t cgoguard_format_raw(const uintptr_t *frames, uint64_t count, uint32_t head, uint64_t omitted,
                                         char *buffer, size_t size) {
  return cgo_guard_format_frames_raw((const void *const *)frames, count, head, omitted, buffer, size);
}
static inline char *cgoguard_resolve(const uintptr_t *frames, uint64_t count, uint64_t modules) {
  return cgo_guard_resolve_frames((const void *const *)frames, count, modules);
}
static inline cgo_guard_error *cgoguard_make_go_error(uint64_t value, int32_t panic, _GoString_ type,
                                                      _GoString_ message) {
  return cgo_guard_make_go_error(value, panic, _GoStringPtr(type), _GoStringLen(type), _GoStringPtr(message),
                                 _GoStringLen(message));
}
*/
import "C"

import (
	"runtime/cgo"
	"sync/atomic"
	"unsafe"
)

// This file, the two about threads and the one about tracebacks are all of the package that knows C. The fields of an error are read through the
// Go struct that cgo makes of cgo_guard_error: that is a plain memory access, not a call, and cannot drift from the
// header.

const (
	abiMagic   = C.CGO_GUARD_MAGIC
	abiVersion = C.CGO_GUARD_ABI_VERSION
	abiSize    = C.sizeof_cgo_guard_error
)

// The prefix that Err reads before it knows what it was given must lie where this version has it. A mismatch makes
// an array length negative, which does not compile.
var (
	_ [abiOffset - unsafe.Offsetof(C.cgo_guard_error{}.abi_version)]struct{}
	_ [unsafe.Offsetof(C.cgo_guard_error{}.abi_version) - abiOffset]struct{}
	_ [sizeOffset - unsafe.Offsetof(C.cgo_guard_error{}.struct_size)]struct{}
	_ [unsafe.Offsetof(C.cgo_guard_error{}.struct_size) - sizeOffset]struct{}
	_ [releaseOffset - unsafe.Offsetof(C.cgo_guard_error{}.release)]struct{}
	_ [unsafe.Offsetof(C.cgo_guard_error{}.release) - releaseOffset]struct{}
	_ [prefixSize - releaseOffset - unsafe.Sizeof(C.cgo_guard_error{}.release)]struct{}
	_ [abiSize - unsafe.Sizeof(C.cgo_guard_error{})]struct{}
	_ [unsafe.Sizeof(C.cgo_guard_error{}) - abiSize]struct{}
)

// readPrefix copies the frozen prefix of what p points to, or reports that it can't be read.
func readPrefix(p unsafe.Pointer) (prefix [prefixSize]byte, ok bool) {
	var words [prefixSize / 8]C.uint64_t
	ok = C.cgoguard_read_prefix(C.uintptr_t(uintptr(p)), &words[0]) != 0
	for i, word := range words {
		native.PutUint64(prefix[8*i:], uint64(word))
	}
	return prefix, ok
}

// copyError copies the error at p, and its causes, which share the Go stack goPCs.
func copyError(p unsafe.Pointer, goPCs []uintptr) *Error {
	c := (*C.cgo_guard_error)(p)
	pair := new(struct { // in one allocation, because one is no use without the other
		err   Error
		trace trace
	})
	pair.trace.cpp = append([]uintptr(nil), unsafe.Slice((*uintptr)(unsafe.Pointer(c.frames)), c.frame_count)...)
	pair.trace.cppHead = int(c.frames_head)
	pair.trace.cppOmitted = uint64(c.frames_omitted)
	pair.trace.cppModules = uint64(c.modules)
	pair.trace.goPCs = goPCs
	pair.trace.guard = validText(C.GoString(c.function))
	if c.frame_count == 0 {
		pair.trace.whyNoCPP = C.GoString(C.cgo_guard_why_no_stack(c))
	}
	pair.err = Error{
		Code:     Code(c.code),
		Number:   int(c.number),
		Name:     validText(C.GoString(c.name)),
		Message:  validText(string(unsafe.Slice((*byte)(unsafe.Pointer(c.message)), c.message_length))),
		Category: validText(C.GoString(c.category)),
		Function: validText(C.GoString(c.function)),
		File:     validText(C.GoString(c.file)),
		Line:     int(c.line),
		Address:  uintptr(c.address),
		Access:   Access(c.access),
		ThreadID: int(c.thread_id),
		Cleanup:  Cleanup(c.cleanup),
		Skipped:  int(c.skipped),
		CoreFile: C.GoString(c.core_file), // as it is: it is to be opened
		trace:    &pair.trace,
		types:    validText(C.GoString(c.types)),
	}
	if n := int(c.field_count); n > 0 {
		pair.err.Fields = make(map[string]string, n)
		for _, f := range unsafe.Slice(c.fields, n) {
			pair.err.Fields[validText(C.GoString(f.key))] = validText(C.GoString(f.value))
		}
	}
	if c.go_value != 0 {
		pair.err.carried = cgo.Handle(c.go_value).Value().(*goFailure)
	}
	if c.cause != nil {
		pair.err.Cause = copyError(unsafe.Pointer(c.cause), goPCs)
	}
	return &pair.err
}

// release gives the error at p back to the header that made it, through the frozen prefix.
func release(p unsafe.Pointer) {
	C.cgoguard_release((*C.cgo_guard_error)(p))
}

// makeGoError makes the C error of a callback that failed.
func makeGoError(f *goFailure, isPanic bool, typeName, message string) unsafe.Pointer {
	handle := cgo.NewHandle(f)
	panics := C.int32_t(0)
	if isPanic {
		panics = 1
	}
	e := C.cgoguard_make_go_error(C.uint64_t(handle), panics, typeName, message)
	if e.go_value == 0 {
		handle.Delete() // 16,384 errors are live, and this is the stand-in that says so
	}
	return unsafe.Pointer(e)
}

// releasedGoValues reports whether C++ has released Go values. It is a load from memory, not a call.
func releasedGoValues() bool { return atomic.LoadUint32(releasedFlag) != 0 }

var releasedFlag = (*uint32)(unsafe.Pointer(C.cgo_guard_released_go_values()))

// dropReleasedGoValues lets go of the Go values that no C error refers to any more.
func dropReleasedGoValues() {
	var handles [64]C.uint64_t
	for releasedGoValues() {
		n := C.cgo_guard_take_released_go_values(&handles[0], C.uint64_t(len(handles)))
		for _, handle := range handles[:n] {
			cgo.Handle(handle).Delete()
		}
	}
}

// formatFrames returns the text of a C++ stack, or "" when there is none.
func formatFrames(pcs []uintptr, head int, omitted, modules uint64) string {
	if len(pcs) == 0 {
		return ""
	}
	frames, count := (*C.uintptr_t)(unsafe.Pointer(&pcs[0])), C.uint64_t(len(pcs))
	text := C.cgoguard_format(frames, count, C.uint32_t(head), C.uint64_t(omitted), C.uint64_t(modules))
	if text != nil {
		return takeString(text)
	}
	// The C heap is corrupt, and its lock may be held for ever. Go's memory is sound.
	var buffer [64 << 10]byte
	n := C.cgoguard_format_raw(frames, count, C.uint32_t(head), C.uint64_t(omitted),
		(*C.char)(unsafe.Pointer(&buffer[0])), C.size_t(len(buffer)))
	return string(buffer[:n])
}

// decorate returns a report with source lines, and in colour where asked for, or as it is when C has no memory for that.
func decorate(report string, color bool) string {
	flags := C.uint32_t(C.CGO_GUARD_SOURCE_LINES)
	if color {
		flags |= C.CGO_GUARD_COLOR
	}
	plain := append([]byte(report), 0) // not from the C heap, which may be the one that is corrupt
	if text := C.cgo_guard_decorate((*C.char)(unsafe.Pointer(&plain[0])), flags); text != nil {
		return takeString(text)
	}
	return report
}

func guardsSignals() bool { return C.cgo_guard_guards_signals() != 0 }

func wantsColor(fd uintptr) bool { return C.cgo_guard_wants_color(C.int(fd)) != 0 }

// resolveFrames returns the table of a C++ stack, see cgo_guard_resolve_frames, or "" when C had no memory for it.
func resolveFrames(pcs []uintptr, modules uint64) string {
	if len(pcs) == 0 {
		return ""
	}
	return takeString(C.cgoguard_resolve((*C.uintptr_t)(unsafe.Pointer(&pcs[0])), C.uint64_t(len(pcs)), C.uint64_t(modules)))
}

// codeAddress is somewhere in the C++ side's own code.
func codeAddress() uintptr { return uintptr(unsafe.Pointer(C.cgo_guard_resolve_frames)) }

func takeString(text *C.char) string {
	if text == nil {
		return ""
	}
	defer C.free(unsafe.Pointer(text))
	return C.GoString(text)
}

// configure returns "" or the sentence in which C refused the options.
func configure(o Options, coreDir string, coreEveryMS int32) string {
	options := C.cgo_guard_options{
		struct_size: C.sizeof_cgo_guard_options,
		heap_policy: C.int32_t(o.OnHeapCorruption),
	}
	if o.CatchExit {
		options.catch_exit = 1
	}
	options.neighbours = C.int32_t(o.Neighbours)
	if o.NoCrashReport {
		options.crash_fd = -1
	}
	file := C.CString(o.CrashFile)
	defer C.free(unsafe.Pointer(file))
	options.crash_file = file
	cores := C.CString(coreDir)
	defer C.free(unsafe.Pointer(cores))
	options.core_dir = cores
	options.core_max = C.int32_t(o.CoreOnFault.Max)
	options.core_every_ms = C.int32_t(coreEveryMS)
	options.core_max_bytes = C.uint64_t(o.CoreOnFault.MaxBytes)
	return C.GoString(C.cgo_guard_configure(&options))
}

func readStats() Statistics {
	dropReleasedGoValues()
	var sites [64]C.cgo_guard_live_site
	n := C.cgo_guard_live_sites(&sites[0], C.uint64_t(len(sites)))
	var live []LiveSite
	for _, site := range sites[:n] {
		live = append(live, LiveSite{validText(C.GoString(site.function)), validText(C.GoString(site.file)), int(site.line), uint64(site.errors)})
	}
	s := C.cgo_guard_stats{struct_size: C.sizeof_cgo_guard_stats}
	C.cgo_guard_get_stats(&s)
	return Statistics{
		Installed:       int(s.installed),
		Blocked:         int(s.blocked),
		Exceptions:      uint64(s.exceptions),
		Signals:         uint64(s.signals),
		Terminates:      uint64(s.terminates),
		Exits:           uint64(s.exits),
		Quarantined:     uint64(s.quarantined),
		CleanupComplete: uint64(s.cleanup_complete),
		CleanupPartial:  uint64(s.cleanup_partial),
		CleanupNone:     uint64(s.cleanup_none),
		LiveErrors:      uint64(s.live_errors),
		LiveSites:       live,
		PoolSize:        uint64(s.pool_size),
		PoolExhausted:   uint64(s.pool_exhausted),
		DoubleFrees:     uint64(s.double_frees),
		Undelivered:     uint64(s.undelivered),
		Forwarded:       uint64(s.forwarded),
		ThreadErrors:    uint64(s.thread_errors),
		Displaced:       uint64(s.displaced),
		Cores:           uint64(s.cores),
		CoresRefused:    uint64(s.cores_refused),
		CoresFailed:     uint64(s.cores_failed),
		CoreFailure:     validText(C.GoString(s.core_failure)),
		PoisonedBy:      validText(C.GoString(s.poisoned_by)),
		GuardsSignals:   s.guards_signals != 0,
	}
}
