// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

// Trap 11: package os/signal and SIGABRT, which is the one of the seven that it lets a program have. In children, since
// an abort that no guard takes ends the process.

// abortInAGuard ends the child unless the guard gives an error.
func abortInAGuard(when string) {
	if err := guardtest.Named("abort").Call(0); !errors.Is(err, cgoguard.SIGABRT) {
		failChild("%s, an abort in a guard gave %v", when, err)
	}
	if !nilPanicRecovers() {
		failChild("%s, a nil pointer panic in Go is no longer recovered", when)
	}
}

func init() {
	children["Notify SIGABRT"] = func() {
		abortInAGuard("before Notify")
		aborts := make(chan os.Signal, 8)
		signal.Notify(aborts, syscall.SIGABRT)
		abortInAGuard("after Notify")
		if len(aborts) != 0 {
			failChild("the guard's abort came to the channel as well")
		}
		forwarded := cgoguard.Stats().Forwarded
		if output, err := exec.Command("/bin/sh", "-c", "kill -ABRT "+strconv.Itoa(os.Getpid())).CombinedOutput(); err != nil {
			failChild("kill: %v, %s", err, output)
		}
		select {
		case <-aborts:
		case <-time.After(20 * time.Second):
			failChild("SIGABRT from outside did not come to the channel")
		}
		if n := cgoguard.Stats().Forwarded - forwarded; n != 1 {
			failChild("%d signals were forwarded, want 1", n)
		}
		abortInAGuard("after a SIGABRT from outside")
		signal.Reset(syscall.SIGABRT)
		abortInAGuard("after Reset")
	}
	// Ignore puts SIG_IGN over our handler; the next guard goes on top again.
	children["Ignore SIGABRT"] = func() {
		abortInAGuard("before Ignore")
		signal.Ignore(syscall.SIGABRT)
		abortInAGuard("after Ignore")
		syscall.Kill(os.Getpid(), syscall.SIGABRT) // and is ignored, as asked
		time.Sleep(50 * time.Millisecond)
		if n := cgoguard.Stats().Displaced; n == 0 {
			failChild("the statistics say nothing of the handler that was displaced")
		}
		signal.Reset(syscall.SIGABRT)
		abortInAGuard("after Reset")
		if n := cgoguard.Stats().Installed; n != 7 {
			failChild("%d handlers are installed, want 7", n)
		}
	}
	children["Ignore SIGABRT first"] = func() {
		signal.Ignore(syscall.SIGABRT)
		abortInAGuard("after an Ignore that came before the first guard")
	}
	children["Reset SIGABRT, kill"] = func() {
		abortInAGuard("before Notify")
		signal.Notify(make(chan os.Signal, 1), syscall.SIGABRT)
		signal.Reset(syscall.SIGABRT)
		abortInAGuard("after Reset")
		syscall.Kill(os.Getpid(), syscall.SIGABRT)
		time.Sleep(20 * time.Second)
		failChild("the process lives on")
	}
}

func TestTrap11NotifyOfSIGABRTLeavesGuardsAlone(t *testing.T) { runChild(t, "Notify SIGABRT") }

func TestTrap11IgnoreOfSIGABRTLeavesGuardsAlone(t *testing.T) {
	runChild(t, "Ignore SIGABRT")
	runChild(t, "Ignore SIGABRT first")
}

func TestTrap11AfterResetASIGABRTFromOutsideIsGosAgain(t *testing.T) {
	runDoomedChild(t, "Reset SIGABRT, kill")
}

func init() {
	children["handler that came and went"] = func() {
		guardtest.Success(1)
		guardtest.HandlerComesAndGoes()
		if !nilPanicRecovers() {
			failChild("a nil pointer panic in Go is no longer recovered")
		}
		if err := guardtest.Named("read through null").Call(0x230); !errors.Is(err, cgoguard.SIGSEGV) {
			failChild("afterwards a guard gave %v", err)
		}
		guardtest.UnguardedCrash()
	}
}

func TestAHandlerThatItsOwnerTookOutAgainIsForgotten(t *testing.T) {
	if output := runDoomedChild(t, "handler that came and went"); !strings.Contains(output, "goroutine ") {
		t.Errorf("want Go's dump, got\n%s", output)
	}
}

// barriersWork ends the child unless write barriers, guards and Go's nil dereferences go on side by side.
func barriersWork() {
	for i := 1; i <= 20; i++ {
		if n := guardtest.TrackedWrite(); n != 2*i-1 {
			failChild("%d barriers after an unguarded write, want %d", n, 2*i-1)
		}
		if n, err := guardtest.GuardedTrackedWrite(); n != 2*i || err != nil {
			failChild("%d barriers after a guarded write, want %d; %v", n, 2*i, err)
		}
		if err := guardtest.Named("read through null").Call(0x230); !errors.Is(err, cgoguard.SIGSEGV) {
			failChild("a guard gave %v", err)
		}
		if !nilPanicRecovers() {
			failChild("a nil pointer panic in Go is not recovered")
		}
	}
}

func init() {
	children["write barrier"] = func() {
		guardtest.Success(1)
		guardtest.InstallBarrier()
		guardtest.Success(1)
		barriersWork()
	}
	children["write barrier from before Go"] = func() {
		guardtest.Success(1)
		barriersWork()
	}
	children["write barrier, neighbours last"] = func() {
		guardtest.Success(1)
		guardtest.InstallBarrier()
		if err := cgoguard.Configure(cgoguard.Options{Neighbours: cgoguard.NeighboursLast}); err != nil {
			failChild("Configure: %v", err)
		}
		if _, err := guardtest.GuardedTrackedWrite(); !errors.Is(err, cgoguard.SIGSEGV) {
			failChild("a write barrier gave %v", err)
		}
	}
}

func TestARuntimeThatWorksByFaultsWorksUnderAGuard(t *testing.T) {
	if asanEnabled {
		t.Skip("with AddressSanitizer no neighbour is asked first")
	}
	runChild(t, "write barrier")
	runChild(t, "write barrier, neighbours last")
	os.Setenv(guardtest.EarlyBarrierVariable, "1")
	defer os.Unsetenv(guardtest.EarlyBarrierVariable)
	if output := runChild(t, "write barrier from before Go"); strings.Contains(output, "cgo_guard:") {
		t.Errorf("a fault that a handler from before Go takes is reported:\n%s", output)
	}
}

func TestAnImpossibleOrderOfNeighboursIsRefused(t *testing.T) {
	for _, order := range []cgoguard.NeighbourOrder{-1, 3} {
		if err := cgoguard.Configure(cgoguard.Options{Neighbours: order}); err == nil {
			t.Errorf("Configure took %v", order)
		}
	}
}
