// SPDX-License-Identifier: BSL-1.0

// The cgo-guard command holds the tools that go with the cgo_guard library, one sub-command each.
//
//	go run github.com/cgo-guard/cgo_guard/cmd/cgo-guard@latest <command> [arguments]
//
// "cgo-guard help" lists the commands, and "cgo-guard help <command>" says how one is used.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/cgo-guard/cgo_guard/cmd/internal/initialize"
	"github.com/cgo-guard/cgo_guard/cmd/internal/symbolize"
	"github.com/cgo-guard/cgo_guard/cmd/internal/vet"
	"github.com/cgo-guard/cgo_guard/cmd/internal/wrap"
)

// A command is given the arguments after its name and returns the exit status: 0 for success, 1 where it has found
// something to complain about, 2 where it could not do what was asked. It answers -help itself.
type command struct {
	name, summary string
	main          func(args []string, stdout, stderr io.Writer) int
}

var commands = []command{
	{"init", "put the header and what else it needs beside the sources of a package, or update them", initialize.Main},
	{"symbolize", "name the C++ frames in the report of a stripped program", symbolize.Main},
	{"vet", "find errors of guarded functions that get lost, and functions without a guard", vet.Main},
	{"wrap", "write guarded functions, and Go functions that return errors, for a C header", wrap.Main},
}

func main() {
	if vet.IsCalledByGo(os.Args[1:]) {
		vet.AnswerGo()
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return 2
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		if len(rest) == 0 {
			usage(stdout)
			return 0
		}
		name, rest = rest[0], []string{"-help"}
	}
	for _, c := range commands {
		if c.name == name {
			return c.main(rest, stdout, stderr)
		}
	}
	fmt.Fprintf(stderr, "cgo-guard: there is no command %q\n\n", name)
	usage(stderr)
	return 2
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: cgo-guard <command> [arguments]\n\nThe commands are\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "\t%-10s  %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\n\"cgo-guard help <command>\" says how one is used.\n")
}
