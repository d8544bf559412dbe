// SPDX-License-Identifier: BSL-1.0

// Command callbacks lets a C++ catalogue call back into Go. What the Go side reports goes through C++ as an exception,
// releases the catalogue's lock on its way, and arrives as the very error, or the very panic, that it was. Its exit
// status is 0 if all of that is so.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

var errEnough = errors.New("I have seen enough")

func main() {
	p := &page{}

	p.title("The visitor returns an error at item 2")
	var seen int
	err := visit(func(item int) error {
		seen++
		if item == 2 {
			return errEnough
		}
		return nil
	})
	p.say("%v", err)
	p.check("it is the visitor's own error", errors.Is(err, errEnough) && errors.Unwrap(err) == errEnough)
	p.check("the visit ended there", seen == 3)

	p.title("The visitor panics")
	value, way := recovered(func() { err = visit(func(item int) error { return panicAt(item) }) })
	p.say("recovered: %v", value)
	p.say("%s", strings.TrimSpace(way))
	p.check("it is the same panic", value == any("item 1 is on fire"))
	p.check("its stack begins where it was raised", strings.HasPrefix(way, "main.panicAt\n"))

	p.title("C++ catches the visitor's errors and goes on")
	refused, err := visitAll(func(item int) error {
		if item%2 == 1 {
			return fmt.Errorf("item %d is too expensive", item)
		}
		return nil
	})
	p.say("%d items were refused, the error is %v", refused, err)
	p.check("two were, and nothing came back", refused == 2 && err == nil)

	p.title("The visitor calls C++ again, and that crashes: Go, C++, Go, C++")
	err = visit(func(item int) error {
		if _, err := price(item); err != nil {
			return fmt.Errorf("asking for the price of item %d: %w", item, err)
		}
		return nil
	})
	p.say("%v", err)
	var inner *cgoguard.Error
	p.check("the crash is at the end of the chain", errors.Is(err, cgoguard.SIGSEGV))
	p.check("with the stack of its own", errors.As(errors.Unwrap(err), &inner) && strings.Contains(inner.CStack(), "catalogue_price"))

	if p.wrong > 0 {
		fmt.Printf("\n%d things were not what they should be.\n", p.wrong)
		os.Exit(1)
	}
	fmt.Println("\nStill running.")
}

//go:noinline
func panicAt(item int) error {
	if item == 1 {
		panic("item 1 is on fire")
	}
	return nil
}

// recovered makes a call that panics, and returns the panic's value and the way it has come.
func recovered(call func()) (value any, way string) {
	defer func() {
		value = recover()
		way = cgoguard.PanicStack(value)
	}()
	call()
	return nil, ""
}

// page prints what happens, and checks it.
type page struct{ number, wrong int }

func (p *page) title(text string) {
	p.number++
	fmt.Printf("\n%d. %s\n", p.number, text)
}

func (p *page) say(format string, arguments ...any) {
	fmt.Println("    " + strings.ReplaceAll(fmt.Sprintf(format, arguments...), "\n", "\n    "))
}

// check also sees to it that no lock of the catalogue is left behind.
func (p *page) check(what string, holds bool) {
	if holds && !locked() {
		p.say("+ %s", what)
		return
	}
	p.wrong++
	p.say("WRONG: not so: %s, or the catalogue is still locked", what)
}
