// SPDX-License-Identifier: BSL-1.0

package cgoguard

import (
	"fmt"
	"strings"
)

// HeapPolicy is what guards do once the C heap is known to be corrupt: the allocator aborted on one of its own checks, or a
// fault happened inside malloc, free or one of their relatives.
type HeapPolicy int

const (
	// HeapQuarantine: every later guard returns CodeQuarantined without running its block, so that the program can
	// finish its Go work and restart. The default.
	HeapQuarantine HeapPolicy = 0
	// HeapContinue: the failure is reported and guards go on running C++. A lock inside the heap may be held for good.
	HeapContinue HeapPolicy = 1
	// HeapCrash: the signal goes to whoever had it before this library, which in a Go program prints all goroutines and
	// ends the process.
	HeapCrash HeapPolicy = 2
)

// String returns "quarantine", "continue" or "crash".
func (p HeapPolicy) String() string {
	return word(int(p), "quarantine", "continue", "crash")
}

// NeighbourOrder says when the signal handler of another library is asked before a guard takes a fault of its block. Some
// runtimes work by faults: a JVM's null checks, a WebAssembly engine's bounds checks, the write barrier of a garbage
// collector. Go's own handler is never asked first, and no handler is for an abort.
type NeighbourOrder int

const (
	// NeighboursAuto: where the fault may be how such a runtime works, that is in code without unwind tables, as it is
	// generated at run time, or on a page that is there but protected. The default.
	NeighboursAuto NeighbourOrder = 0
	// NeighboursFirst: for every fault. A handler that ends the process for what it does not know then ends it.
	NeighboursFirst NeighbourOrder = 1
	// NeighboursLast: never. For hosts whose handler is a crash reporter, and nothing that lives on.
	NeighboursLast NeighbourOrder = 2
)

// String returns "auto", "first" or "last".
func (o NeighbourOrder) String() string {
	return word(int(o), "auto", "first", "last")
}

// Options are the process-wide choices. The zero value is the default.
type Options struct {
	OnHeapCorruption HeapPolicy
	// CatchExit makes exit, quick_exit, _Exit and _exit inside a guard an error (CodeExit, with the status as Number)
	// instead of the end of the process. Outside a guard they do what they always do.
	CatchExit bool
	// Neighbours says when handlers of other libraries come before a guard.
	Neighbours NeighbourOrder
	// A crash in C or C++ that no guard takes is reported before Go prints its goroutines: what and where, the thread,
	// the C++ stack, the registers. CrashFile is a file for that, which is appended to; without one it is stderr.
	CrashFile string
	// NoCrashReport leaves it out.
	NoCrashReport bool
	// CoreOnFault takes a core of a fault that a guard takes, while the process goes on: CoreOptions{Dir: "/var/cores"}.
	CoreOnFault CoreOptions
}

// Configure replaces the process-wide options, at any time. The signal handlers are installed by the first guard or by
// Configure, whichever comes first: call it early, if only with Options{}, to have crashes reported that come before any
// guard.
//
// A bad value is an error, and then nothing has changed. So is, where GuardsSignals is false, an option that asks for what
// only signals can give: CoreOnFault and CrashFile; and CatchExit.
func Configure(options Options) error {
	if p := options.OnHeapCorruption; p < HeapQuarantine || p > HeapCrash {
		return fmt.Errorf("cgoguard: Options.OnHeapCorruption is %d; it must be HeapQuarantine, HeapContinue or HeapCrash", int(p))
	}
	if o := options.Neighbours; o < NeighboursAuto || o > NeighboursLast {
		return fmt.Errorf("cgoguard: Options.Neighbours is %d; it must be NeighboursAuto, NeighboursFirst or NeighboursLast", int(o))
	}
	if strings.IndexByte(options.CrashFile, 0) >= 0 {
		return fmt.Errorf("cgoguard: Options.CrashFile is %q; a file name has no NUL byte", options.CrashFile)
	}
	coreDir, coreEvery, err := options.CoreOnFault.check()
	if err != nil {
		return err
	}
	if refusal := configure(options, coreDir, coreEvery); refusal != "" {
		return fmt.Errorf("cgoguard: the C++ side refused the options: %s", refusal)
	}
	return nil
}

// GuardsSignals reports whether a guard of this program takes fatal signals as well as exceptions. It does where the C++
// side of this package was compiled for a platform of which docs/platforms.md says so. Elsewhere a crash in a guarded
// function ends the process, as one in any cgo code does.
//
// It never changes while the program runs. (In C and C++, the macro CGO_GUARD_GUARDS_SIGNALS says it of the platform at
// compile time.)
func GuardsSignals() bool { return guardsSignals() }

// Statistics counts what happened since the process started.
type Statistics struct {
	Installed int // signals whose handler is this library's right now, 0 to 7
	Blocked   int // signals that a fault raises, 0 to 6, which the calling thread has blocked: it would die of them

	Exceptions  uint64 // failures by code
	Signals     uint64
	Terminates  uint64
	Exits       uint64
	Quarantined uint64

	CleanupComplete uint64 // failures by what became of the destructors
	CleanupPartial  uint64
	CleanupNone     uint64

	LiveErrors uint64 // C errors not released yet: results on their way to Err, or that never got there
	// LiveSites says which guards LiveErrors are from, the one with most first, up to 64 of them. What grows there is a
	// call whose result is dropped: a C.f() without Err, a report that C++ forgot. Causes are not counted on their own.
	LiveSites []LiveSite

	PoolSize      uint64 // C errors that can be live at once and keep their details
	PoolExhausted uint64 // C errors that lost their details because too many were live
	DoubleFrees   uint64 // C errors released, or given to Err, twice; the second time did nothing
	Undelivered   uint64 // failures in a CGO_GUARD_VALUE(NULL): printed on stderr for want of a place to put them
	Forwarded     uint64 // signals that a handler below ours has had: not a guard's, or asked first (Options.Neighbours)
	ThreadErrors  uint64 // failures of C++ threads that nobody joined: given to OnThreadError, or printed
	Displaced     uint64 // times that somebody put a signal handler over one of ours, and the next guard went on top again

	Cores        uint64 // cores of faults: complete, or being written
	CoresRefused uint64 // faults without a core because of CoreOptions.Max or Every, or because one was being written
	CoresFailed  uint64 // cores that came to nothing
	CoreFailure  string // why the last of those did, or ""

	PoisonedBy string // what corrupted the C heap, or ""

	// GuardsSignals is GuardsSignals(). Where it is false, only exceptions are counted above.
	GuardsSignals bool
}

// LiveSite is a guard, and how many of its C errors are not released yet.
type LiveSite struct {
	Function string // as Error.Function; "cgoguard.Callback" for what a Callback has reported
	File     string
	Line     int
	Errors   uint64
}

// Stats returns the counters of now. They are read one by one, so in a busy process they may be of slightly different
// moments.
func Stats() Statistics { return readStats() }
