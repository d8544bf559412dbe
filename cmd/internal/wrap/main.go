// SPDX-License-Identifier: BSL-1.0

// Package wrap writes, for the functions of a C header, guarded C++ functions and Go functions that call them and return
// errors.
//
// It reads options (options.go), has a C front end read the header (frontend.go), plans each function or says why it
// can't be called from Go (plan.go, parameters.go, mapping.go, structs.go), and writes what was planned (shim.go,
// gofile.go). What is written depends on the header and the command line, and on nothing else of the machine.
package wrap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Main writes the files, and says what is in them and what is not. It returns the exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	var complaints bytes.Buffer
	o, err := parse(args, &complaints)
	if errors.Is(err, errHelp) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	if err == nil {
		err = run(o, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "cgo-guard wrap: %v\n", err)
		return 2
	}
	return 0
}

func run(o *options, stdout, stderr io.Writer) error {
	h, err := read(o)
	if err != nil {
		return err
	}
	p, err := makePlan(o, h)
	if err != nil {
		return err
	}
	goText, err := p.goFile()
	if err != nil {
		return err
	}
	if !o.listOnly {
		for extension, text := range map[string][]byte{".go": goText, ".h": []byte(p.shimHeader(h.forCOnly)), ".cpp": []byte(p.shim())} {
			if err := write(o.path(extension), text); err != nil {
				return err
			}
		}
	}
	p.report(stdout)
	p.checkLibraries(stderr)
	return nil
}

// write leaves a file alone that is as it should be, lest everything be compiled again, and one that somebody has
// written.
func write(path string, text []byte) error {
	old, err := os.ReadFile(path)
	if err == nil {
		if bytes.Equal(old, text) {
			return nil
		}
		if !bytes.HasPrefix(old, []byte(generated)) {
			return fmt.Errorf("%s was not written by this command: choose another name by -o", path)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o666)
}

// report says what was wrapped and what was not.
func (p *planner) report(w io.Writer) {
	functions, wrapped, fields := 0, 0, 0
	for _, op := range p.plan.operations {
		if op.receiver == nil {
			wrapped++
		} else {
			fields++
		}
	}
	functions = p.plan.total
	fmt.Fprintf(w, "%s: %d functions, %d wrapped, %d not; %d constants", list(p.o.headers), functions, wrapped, functions-wrapped, len(p.plan.constants))
	if fields > 0 {
		fmt.Fprintf(w, "; %d accessors of fields", fields)
	}
	fmt.Fprintln(w)
	if len(p.plan.refused) > 0 {
		fmt.Fprintln(w, "not wrapped:")
	}
	for _, r := range p.plan.refused {
		fmt.Fprintf(w, "  %s: %s\n", r.c, r.reason)
	}
	for _, note := range p.plan.notes {
		fmt.Fprintln(w, note)
	}
}
