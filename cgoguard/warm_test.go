// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func init() { children["warm stacks"] = warmStacksChild }

// isMapped tells whether a file whose name contains part is mapped into this process.
func isMapped(part string) bool {
	maps, err := os.ReadFile("/proc/self/maps")
	return err == nil && strings.Contains(string(maps), part)
}

func warmStacksChild() {
	if isMapped("libdw") {
		fmt.Println("libdw was there before WarmStacks")
		os.Exit(1)
	}
	cgoguard.WarmStacks()
	for start := time.Now(); !isMapped("libdw"); time.Sleep(time.Millisecond) {
		if time.Since(start) > childDeadline/2 {
			fmt.Println("libdw was never loaded")
			os.Exit(1)
		}
	}
	cgoguard.WarmStacks()
}

func TestWarmStacksStartsLibdwBeforeAnyStackIsAskedFor(t *testing.T) {
	runChild(t, "warm stacks")
}
