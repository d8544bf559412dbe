// SPDX-License-Identifier: BSL-1.0

// Command threads uses a C++ library that works on threads of its own, some of which crash. It prints what became of
// them. Its exit status is 0 if every failure came to where it belongs, once, and as what it was.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func main() {
	failures := make(chan error, 16)
	cgoguard.OnThreadError(func(err error) { failures <- err })
	d := demo{failures: failures}

	fmt.Println("== Pages 1 to 4, a thread each; page 3 dereferences null. Its error comes through join ==")
	rendered, err := render(1, 4)
	d.show("render pages 1 to 4", err, cgoguard.SIGSEGV, "null pointer write")
	d.expect(rendered == 3, "%d of 4 pages were rendered", rendered)

	fmt.Println("\n== Pages 4 to 6; page 5 recurses without an end, on a thread that the Go runtime has never seen ==")
	rendered, err = render(4, 6)
	d.show("render pages 4 to 6", err, cgoguard.SIGSEGV, "stack overflow")
	d.expect(rendered == 2, "%d of 3 pages were rendered", rendered)

	fmt.Println("\n== A check in the background. Nobody joins that thread: its errors come to OnThreadError ==")
	d.expect(checkShelves(4) == nil, "the check was started")
	d.next(cgoguard.ErrException, "shelf 1 is empty")
	d.next(cgoguard.ErrException, "shelf 3 is empty")
	d.next(cgoguard.SIGSEGV, "null pointer write")

	fmt.Println("\n== A library that calls back on its own thread. Message 2 overflows that thread's stack ==")
	handled, err := receive(3)
	d.expect(err == nil && handled == 2, "%d of 3 messages were handled, the error is %v", handled, err)
	d.next(cgoguard.SIGSEGV, "stack overflow")

	d.expect(len(failures) == 0, "%d failures are left over", len(failures))
	stats := cgoguard.Stats()
	d.expect(stats.ThreadErrors == 4, "%d thread errors were counted", stats.ThreadErrors)
	fmt.Printf("\n%d things were checked, %d were wrong. Still running.\n", d.checked, d.wrong)
	if d.wrong > 0 {
		os.Exit(1)
	}
}

// demo counts what it has checked.
type demo struct {
	failures       <-chan error
	checked, wrong int
}

func (d *demo) expect(right bool, format string, arguments ...any) {
	d.checked++
	mark := "   "
	if !right {
		d.wrong++
		mark = "   WRONG: "
	}
	fmt.Printf(mark+format+"\n", arguments...)
}

// show prints an error with its causes and checks that it is of the class want and says text somewhere.
func (d *demo) show(title string, err error, want error, text string) {
	whole := fmt.Sprint(err)
	for cause := errors.Unwrap(err); cause != nil; cause = errors.Unwrap(cause) {
		whole += "\n      caused by " + cause.Error()
	}
	d.expect(errors.Is(err, want) && strings.Contains(whole, text), "%s: %s", title, whole)
}

// next waits for what OnThreadError is given.
func (d *demo) next(want error, text string) {
	select {
	case err := <-d.failures:
		d.show("OnThreadError", err, want, text)
	case <-time.After(10 * time.Second):
		d.expect(false, "OnThreadError was given nothing")
	}
}
