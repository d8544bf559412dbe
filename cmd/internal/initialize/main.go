// SPDX-License-Identifier: BSL-1.0

// Package initialize puts what a cgo package needs to use the cgo_guard library beside its sources, and brings it up to
// date.
package initialize

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const usage = `usage: cgo-guard init [-force] [directory...]

Puts beside the sources of a cgo package, or of several, what they need to use cgo_guard:

  cgo_guard.h          the header, of the version that go.mod requires, as one file
  cgo_guard_flags.go   #cgo CXXFLAGS: -std=c++17, unless the package has a -std itself
  compile_flags.txt    for clangd: where the header is
  .clangd              for clangd: C++17, for C++ files

Run again, for instance after "go get", it brings them up to date and says from which
version to which. A file that was edited since, or was there before, is not overwritten:
-force does that. To compile_flags.txt and .clangd only what is missing is added.

The exit status is 0, or 1 if a file was left as it was because somebody has edited it,
or 2 if something could not be done.
`

// Main is "cgo-guard init".
func Main(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("init", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	force := flags.Bool("force", false, "")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		io.WriteString(stdout, usage)
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "cgo-guard init: %v\n\n%s", err, usage)
		return 2
	}
	directories := flags.Args()
	if len(directories) == 0 {
		directories = []string{"."}
	}
	status := 0
	for _, directory := range directories {
		i := &initializer{directory: directory, force: *force, stdout: stdout}
		if err := i.run(); err != nil {
			fmt.Fprintf(stderr, "cgo-guard init: %v\n", err)
			return 2
		}
		if i.left {
			status = 1
		}
	}
	return status
}

// An initializer sees to one package.
type initializer struct {
	directory string
	force     bool
	stdout    io.Writer
	left      bool // a file as it was, although it should have changed
}

func (i *initializer) run() error {
	headers, err := headersFor(i.directory)
	if err != nil {
		return err
	}
	header, err := amalgamate(headers)
	if err != nil {
		return fmt.Errorf("the headers in %s: %w", headers, err)
	}
	p, err := packageIn(i.directory)
	if err != nil {
		return err
	}
	isNew := !i.exists(umbrella)
	if err := i.generated(umbrella, cMark, header); err != nil {
		return err
	}
	switch {
	case p.Name == "":
		i.say("there are no Go files yet: run this again when there are some, for the #cgo line")
	case i.exists(flagsFile) || !choosesStandard(p):
		err = i.generated(flagsFile, goMark, fmt.Sprintf(flagsText, p.Name))
	}
	if err == nil {
		err = i.added("compile_flags.txt", compileFlags)
	}
	if err == nil {
		err = i.added(".clangd", clangd)
	}
	if err == nil && isNew {
		i.say("next: #include <cgo_guard.h> in C++ and in the preamble of import \"C\", and import %s/cgoguard", library)
	}
	return err
}

func (i *initializer) path(name string) string { return filepath.Join(i.directory, name) }

func (i *initializer) say(format string, args ...interface{}) {
	fmt.Fprintf(i.stdout, format+"\n", args...)
}

func (i *initializer) exists(name string) bool {
	_, err := os.Stat(i.path(name))
	return err == nil
}
