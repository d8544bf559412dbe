// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

// Figures of one run can be compared with each other; those of two machines, or of two runs on a busy one, can not.

func BenchmarkBareCall(b *testing.B) {
	for i := 0; i < b.N; i++ {
		guardtest.BareCall()
	}
}

func BenchmarkGuardedCall(b *testing.B) {
	for i := 0; i < b.N; i++ {
		if !guardtest.GuardedCall() {
			b.Fatal("a call that does nothing failed")
		}
	}
}

func BenchmarkGuardedCallWithErr(b *testing.B) {
	for i := 0; i < b.N; i++ {
		if err := guardtest.GuardedCallWithErr(); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkFailure(b *testing.B, name string, use func(error)) {
	c := guardtest.Named(name)
	use(c.Call(16)) // what is done once in a process is done here
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		err := c.Call(16)
		if err == nil {
			b.Fatal("a failing call succeeded")
		}
		use(err)
	}
}

func forget(error) {}

func readStack(err error) { _ = err.(interface{ Stack() string }).Stack() }

func BenchmarkNullReadToError(b *testing.B)      { benchmarkFailure(b, "read through null", forget) }
func BenchmarkThrowToError(b *testing.B)         { benchmarkFailure(b, "throw std::out_of_range", forget) }
func BenchmarkStackOverflowToError(b *testing.B) { benchmarkFailure(b, "stack overflow", forget) }
func BenchmarkNullReadWithStack(b *testing.B)    { benchmarkFailure(b, "read through null", readStack) }
func BenchmarkThrowWithStack(b *testing.B)       { benchmarkFailure(b, "throw std::out_of_range", readStack) }
