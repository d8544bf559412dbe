// SPDX-License-Identifier: BSL-1.0

package vet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"
)

const usage = `usage: cgo-guard vet [flags of go vet] [packages]

Finds errors of guarded C++ functions that get lost, and C++ functions without a guard:

  - a *C.cgo_guard_error that is dropped, assigned to _, overwritten, or that does not
    reach cgoguard.Err (or C.cgo_guard_free) on every path through the function
  - one that is given to cgoguard.Err twice, or used after it
  - C.f() in cgo's two-result form, whose error is errno and not the guard's
  - NULL as the place for a guard's error
  - an exported C++ function of the package that returns an error, and has no guard

It is "go vet -vettool" with this program: it runs in place of go vet's own checks, and
accepts the same flags and packages. In a build that has the program already:

  go vet -vettool=$(which cgo-guard) ./...

The exit status is 0 if nothing was found, and otherwise that of go vet.
`

// Main is "cgo-guard vet": go vet with this program as its tool. So it is the go command that loads packages, runs cgo
// and remembers what has been checked, the same as for go vet's own analyzers.
func Main(args []string, stdout, stderr io.Writer) int {
	for _, arg := range args {
		switch arg {
		case "-h", "-help", "--help":
			fmt.Fprint(stdout, usage)
			return 0
		}
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintf(stderr, "cgo-guard vet: %v\n", err)
		return 2
	}
	command := exec.Command("go", append([]string{"vet", "-vettool=" + self}, args...)...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, stdout, stderr
	err = command.Run()
	var exited *exec.ExitError
	if errors.As(err, &exited) && exited.ExitCode() > 0 {
		return exited.ExitCode()
	}
	if err != nil {
		fmt.Fprintf(stderr, "cgo-guard vet: %v\n", err)
		return 2
	}
	return 0
}

// IsCalledByGo reports whether the arguments are those that "go vet -vettool" gives its tool: it asks for a version and
// for the flags, and then hands over a file that describes a package.
func IsCalledByGo(args []string) bool {
	if len(args) == 0 {
		return false
	}
	return args[0] == "-V=full" || args[0] == "-flags" || strings.HasSuffix(args[len(args)-1], ".cfg")
}

// AnswerGo does what the program's own arguments ask for, and ends the process.
func AnswerGo() {
	// By default a module of our Go version gets type checking without alias nodes, and that refuses packages with
	// generic aliases (Go 1.24).
	if os.Getenv("GODEBUG") == "" {
		os.Setenv("GODEBUG", "gotypesalias=1")
	}
	if err := writeWhereGoReads(os.Args[len(os.Args)-1]); err != nil {
		fmt.Fprintf(os.Stderr, "cgo-guard: %v\n", err)
		os.Exit(2)
	}
	unitchecker.Main(Analyzer)
}

// writeWhereGoReads sends standard output to the file that go vet reads it from, where the description of a package
// names one: since Go 1.26. Newer versions of x/tools do so themselves, and require a newer Go than this module does.
func writeWhereGoReads(description string) error {
	if !strings.HasSuffix(description, ".cfg") {
		return nil
	}
	text, err := os.ReadFile(description)
	if err != nil {
		return err
	}
	var config struct{ Stdout string }
	if err := json.Unmarshal(text, &config); err != nil {
		return fmt.Errorf("%s: %w", description, err)
	}
	if config.Stdout == "" {
		return nil
	}
	file, err := os.Create(config.Stdout)
	if err == nil {
		os.Stdout = file
	}
	return err
}
