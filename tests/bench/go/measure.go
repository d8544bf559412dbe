// SPDX-License-Identifier: BSL-1.0

//go:build cgo

package main

// #include "work.h"
import "C"

import (
	"fmt"
	"runtime"
	"sort"
)

// A work does something this many times.
type work func(times int)

// A series is the nanoseconds that a work took for each time, one figure a round.
type series []float64

// interleave runs every work once a round, in order: whatever slows one of them has its chance to slow the others. A
// round before the first warms up and is not counted.
func interleave(times, rounds int, works ...work) []series {
	result := make([]series, len(works))
	for round := 0; round <= rounds; round++ {
		for i, w := range works {
			// Nobody pays for what another left behind.
			runtime.GC()
			start := C.bench_thread_time()
			w(times)
			stop := C.bench_thread_time()
			if round > 0 {
				result[i] = append(result[i], float64(stop-start)/float64(times))
			}
		}
	}
	return result
}

func median(values []float64) float64 {
	sorted := append([]float64(nil), values...)
	sort.Float64s(sorted)
	middle := len(sorted) / 2
	if len(sorted)%2 != 0 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// printRow prints name, A, B, ratio and difference as medians of the rounds, and the largest ratio allowed, or 0.
func printRow(name string, a, b series, maxRatio float64) {
	var ratios, differences []float64
	for i := range a {
		ratios = append(ratios, a[i]/b[i])
		differences = append(differences, a[i]-b[i])
	}
	limited := ""
	if maxRatio > 0 {
		limited = "ratio"
	}
	fmt.Printf("%s\t%.2f\t%.2f\t%.4f\t%.2f\t%s\t%g\n", name, median(a), median(b), median(ratios), median(differences),
		limited, maxRatio)
}
