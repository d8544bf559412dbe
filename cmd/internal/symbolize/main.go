// SPDX-License-Identifier: BSL-1.0

// Package symbolize names the C++ frames in what a stripped program has reported, with the copy of it that was not
// stripped. It reads ELF and DWARF itself, so that it works on any machine, whether that has binutils or not.
package symbolize

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"unicode"
)

const usage = `usage: cgo-guard symbolize -binary UNSTRIPPED [report...]      or from standard input

Names the C++ frames in what a stripped program has reported, with the copy of it that
was not stripped.

Reads an error as text (%+v, CStack()) or as JSON (also lines of a JSON log), and the
report of a crash under no guard. Writes the same with function, file and line in the
place of module and offset; inlined functions become frames. A binary belongs to a frame
by its build ID, or by its name where the report has none; one with another build ID is
refused.

  -binary PATH      a program or library with debug information; may be given several times
  -debug-dir DIR    separate debug files by build ID, such as /usr/lib/debug; likewise

The exit status is 0 if every frame of the binaries given has been named, 1 if not, 2 if
the input or a file can't be used.
`

// list is a flag that may be given several times.
type list []string

func (l *list) String() string       { return fmt.Sprint(*l) }
func (l *list) Set(one string) error { *l = append(*l, one); return nil }

// Main is "cgo-guard symbolize".
func Main(args []string, stdout, stderr io.Writer) int {
	var paths, debugDirs list
	flags := flag.NewFlagSet("symbolize", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Var(&paths, "binary", "")
	flags.Var(&debugDirs, "debug-dir", "")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		io.WriteString(stdout, usage)
		return 0
	case err == nil && len(paths) == 0 && len(debugDirs) == 0:
		err = errors.New("give a -binary or a -debug-dir")
	}
	if err != nil {
		fmt.Fprintf(stderr, "cgo-guard symbolize: %v\n\n%s", err, usage)
		return 2
	}
	status, err := symbolize(paths, debugDirs, flags.Args(), stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "cgo-guard symbolize: %v\n", err)
		return 2
	}
	return status
}

func symbolize(paths, debugDirs, reports []string, stdout, stderr io.Writer) (status int, err error) {
	s := &symbolizer{debugDirs: debugDirs, separate: map[string]*binary{}}
	for _, path := range paths {
		b, err := openBinary(path)
		if err != nil {
			return 0, err
		}
		s.binaries = append(s.binaries, b)
	}
	if len(reports) == 0 {
		reports = []string{"-"}
	}
	for _, path := range reports {
		if err := s.report(path, stdout); err != nil {
			return 0, err
		}
	}
	for _, b := range s.binaries {
		if !b.used {
			s.remark("no frame is of %s", b.path)
		}
	}
	for _, remark := range s.remarks {
		fmt.Fprintf(stderr, "cgo-guard symbolize: %s\n", remark)
	}
	if s.unnamed > 0 {
		fmt.Fprintf(stderr, "cgo-guard symbolize: %d of %d frames of the binaries given have no name or no line\n",
			s.unnamed, s.unnamed+s.named)
	}
	// Nothing named is no success either, unless there was nothing to name.
	if s.unnamed > 0 || s.frames > 0 && s.named == 0 {
		return 1, nil
	}
	return 0, nil
}

// report writes what one input becomes.
func (s *symbolizer) report(path string, stdout io.Writer) error {
	name := path
	var data []byte
	var err error
	if path == "-" {
		name = "standard input"
		data, err = io.ReadAll(os.Stdin)
	} else {
		data, err = os.ReadFile(path)
	}
	switch {
	case err != nil:
		return err
	case bytes.IndexByte(data, 0) >= 0:
		return fmt.Errorf("%s is not text: a core is for gdb, a binary for -binary", name)
	case len(bytes.TrimFunc(data, unicode.IsSpace)) == 0:
		return fmt.Errorf("%s is empty", name)
	}
	before := s.frames + s.already
	text, err := s.document(string(data), name)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(stdout, text); err != nil {
		return err
	}
	if s.frames+s.already == before {
		return fmt.Errorf("%s has no C++ stack: neither frames of an error nor the report of a crash", name)
	}
	return s.failed
}
