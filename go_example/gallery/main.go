// SPDX-License-Identifier: BSL-1.0

// Command gallery lets C++ fail in every way the library knows, one after another in one process, and prints the Go
// error that each became. After each it dereferences nil in Go, to show that Go's own panics still recover. Its exit
// status is 0 if every failure came back as what it was.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func main() {
	fmt.Println("== The seed: an assertion three frames deep, a method on a null object, Go's own nil panics ==")
	g := gallery{}
	g.checkNilPanic("before the first crash")
	g.show("an assertion three frames deep", seedCrash("From Golang"), nil, true)
	g.show("a method called on a null object", seedNullObject(), nil, true)

	fmt.Println("\n== Every failure there is ==")
	for i, f := range failures {
		g.show(f.title, f.call(), f.want, i < 4)
	}

	fmt.Printf("\n%d failures of C++ became %d Go errors; %d nil panics of Go recovered in between. Still running.\n",
		g.shown, g.errors, g.panics)
	if g.wrong > 0 {
		fmt.Printf("%d of them were not what they should be.\n", g.wrong)
		os.Exit(1)
	}
}

// gallery counts what it shows.
type gallery struct{ shown, errors, panics, wrong int }

func (g *gallery) show(title string, err error, want error, whole bool) {
	g.shown++
	fmt.Printf("\n%2d. %s\n", g.shown, title)
	if err == nil {
		g.complain("nothing came back")
		return
	}
	g.errors++
	if want != nil && !errors.Is(err, want) {
		g.complain(fmt.Sprintf("it should have been %v", want))
	}
	if whole {
		cgoguard.Print(os.Stdout, err)
	} else {
		text := err.Error()
		for cause := errors.Unwrap(err); cause != nil; cause = errors.Unwrap(cause) {
			text += "\n  caused by " + cause.Error()
		}
		fmt.Println("    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    "))
	}
	if err := checkLock(err); err != nil {
		g.complain(err.Error())
	}
	g.checkNilPanic("after it")
}

func (g *gallery) complain(what string) {
	g.wrong++
	fmt.Println("    WRONG: " + what)
}

func (g *gallery) checkNilPanic(when string) {
	if !nilPanicRecovers() {
		g.complain("a nil pointer panic in Go did not recover " + when)
		return
	}
	g.panics++
}

func nilPanicRecovers() (recovered bool) {
	defer func() {
		_, recovered = recover().(runtime.Error)
	}()
	var nothing *struct{ field int }
	sink = nothing.field
	return false
}

// sink keeps the compiler from leaving the access out.
var sink int
