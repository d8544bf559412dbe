// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"errors"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

func TestTrap47ProgramsCanBeStartedWhileGuardsFail(t *testing.T) {
	programs := 200
	if testing.Short() {
		programs = 20
	}
	var stop int32
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		inParallel(8, func(i int) {
			cases := []guardtest.Case{guardtest.Named("read through null"), guardtest.Named("throw std::out_of_range"),
				guardtest.Named("abort"), guardtest.Named("arithmetic exception")}
			for n := 0; atomic.LoadInt32(&stop) == 0; n++ {
				if c := cases[n%len(cases)]; c.Call(16) == nil {
					t.Errorf("%s: a failure was lost", c.Name)
					return
				}
			}
		})
	}()
	for i := 0; i < programs; i++ {
		if output, err := exec.Command("/bin/true").CombinedOutput(); err != nil || len(output) != 0 {
			t.Errorf("/bin/true: %v, %s", err, output)
			break
		}
	}
	atomic.StoreInt32(&stop, 1)
	<-finished
}

// In a process of its own: a forked child that comes back into Go must not go on with the tests.
func init() {
	children["fork in guards"] = func() {
		me := os.Getpid()
		for _, how := range []struct {
			name string
			fork func(guardtest.ForkedChild) (syscall.WaitStatus, error)
			runs []guardtest.ForkedChild
		}{
			{"fork", guardtest.Fork, []guardtest.ForkedChild{guardtest.ChildExits, guardtest.ChildCrashes,
				guardtest.ChildAborts, guardtest.ChildThrows, guardtest.ChildOwnGuard, guardtest.ChildExits}},
			{"vfork", guardtest.Vfork, []guardtest.ForkedChild{guardtest.ChildExits, guardtest.ChildCrashes,
				guardtest.ChildAborts, guardtest.ChildExits}},
		} {
			for _, child := range how.runs {
				status, err := how.fork(child)
				if os.Getpid() != me {
					failChild("%s, %d: the child came back into Go with %v", how.name, child, err)
				}
				if err != nil {
					failChild("%s, %d: the parent's guard gave %v", how.name, child, err)
				}
				if wrong := unlike(child, status); wrong {
					failChild("%s, %d: the child ended with %#x (%v, status %d)", how.name, child, int(status),
						status.Signal(), status.ExitStatus())
				}
				if err := guardtest.Named("read through null").Call(16); !errors.Is(err, cgoguard.SIGSEGV) {
					failChild("%s, %d: afterwards a guard gave %v", how.name, child, err)
				}
				if !nilPanicRecovers() {
					failChild("%s, %d: a nil pointer panic in Go is no longer recovered", how.name, child)
				}
			}
		}
	}
}

func unlike(child guardtest.ForkedChild, status syscall.WaitStatus) bool {
	switch child {
	case guardtest.ChildCrashes:
		return !status.Signaled() || status.Signal() != syscall.SIGSEGV
	case guardtest.ChildAborts, guardtest.ChildThrows:
		return !status.Signaled() || status.Signal() != syscall.SIGABRT
	default:
		return !status.Exited() || status.ExitStatus() != 7
	}
}

func TestTrap47AForksChildNeverRecoversIntoItsParentsGuard(t *testing.T) {
	runChild(t, "fork in guards")
}
