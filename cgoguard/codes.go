// SPDX-License-Identifier: BSL-1.0

package cgoguard

import "strconv"

// Code is the kind of a failure. The values are those of enum cgo_guard_code in cgo_guard/abi.h.
type Code int

const (
	// CodeException: a C++ exception of any type reached the guard.
	CodeException Code = 1
	// CodeSignal: a fatal signal. Error.Number is the signal.
	CodeSignal Code = 2
	// CodeTerminate: std::terminate was called. Error.Name is the type of the exception in flight, if there was one.
	CodeTerminate Code = 3
	// CodeExit: exit or one of its relatives was called inside the guard. Error.Number is the status.
	CodeExit Code = 4
	// CodeGo: a Go error or panic came back through C++.
	CodeGo Code = 5
	// CodeQuarantined: the guard refused to run its block, because the C heap is known to be corrupt.
	CodeQuarantined Code = 6
	// CodeUser and more: a C++ exception reached the guard, and the translator of its type gave it this code. errors.Is
	// with ErrException matches these too.
	CodeUser Code = 1000
)

// String returns a word for the code, such as "signal", and "user(1003)" for a translator's.
func (c Code) String() string {
	if c >= CodeUser {
		return "user(" + strconv.Itoa(int(c)) + ")"
	}
	return word(int(c), "", "exception", "signal", "terminate", "exit", "go", "quarantined")
}

// Cleanup says what became of the destructors between the failure and the guard.
type Cleanup int

const (
	// CleanupComplete: every cleanup that the compiler recorded for the frames left behind has run.
	CleanupComplete Cleanup = 0
	// CleanupPartial: Error.Skipped frames were left without theirs. What they held may still be held: a lock locked,
	// a file open, a buffer allocated. The next call that needs such a lock waits for ever.
	CleanupPartial Cleanup = 1
	// CleanupNone: none ran, because the stack could not be walked or the heap could not be trusted.
	CleanupNone Cleanup = 2
	// CleanupUnknown: an error without details, because too many were live (Statistics.LiveSites). What ran was not
	// recorded.
	CleanupUnknown Cleanup = 3
)

// String returns "complete", "partial", "none" or "unknown".
func (c Cleanup) String() string {
	return word(int(c), "complete", "partial", "none", "unknown")
}

// Access is what the failing instruction wanted of Error.Address.
type Access int

const (
	// AccessUnknown: the processor did not say, or the failure has no address.
	AccessUnknown Access = 0
	// AccessRead: the address was read.
	AccessRead Access = 1
	// AccessWrite: the address was written.
	AccessWrite Access = 2
	// AccessExecute: the address was called or jumped to.
	AccessExecute Access = 3
)

// String returns "unknown", "read", "write" or "execute".
func (a Access) String() string {
	return word(int(a), "unknown", "read", "write", "execute")
}

// word names value i, and shows the number of a value that a later version of the C++ header may have added.
func word(i int, words ...string) string {
	if i < 0 || i >= len(words) || words[i] == "" {
		return "unknown(" + strconv.Itoa(i) + ")"
	}
	return words[i]
}
