// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

func printed(t *testing.T, err error) string {
	t.Helper()
	var out bytes.Buffer
	if err := cgoguard.Print(&out, err); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPrintShowsTheSourceOfTheFirstCppFrames(t *testing.T) {
	err := guardtest.Named("throw std::out_of_range").Call(16)
	text := printed(t, err)
	if missing := firstMissing(text, err.Error(), "C++ stack:", "\n\t>", "throw std::out_of_range(", "Go stack:"); missing != "" {
		t.Errorf("%s is missing, or out of order, in\n%s", missing, text)
	}
	if _, goStack, _ := strings.Cut(text, "Go stack:"); strings.Contains(goStack, "\n\t>") {
		t.Errorf("source in a Go stack:\n%s", goStack)
	}
	if strings.Contains(text, "\033") {
		t.Errorf("a buffer is no terminal, and got colour:\n%q", text)
	}
	// Without what was added, it is %+v to the byte.
	if plain := regexp.MustCompile(`(?m)^\t[> ] +[0-9]* \|.*\n`).ReplaceAllString(text, ""); plain != fmt.Sprintf("%+v", err) {
		t.Errorf("Print changed the report:\n%s", plain)
	}
}

func TestPrintSaysWhatWrappedAnErrorToo(t *testing.T) {
	text := printed(t, fmt.Errorf("shelf 9: %w", guardtest.Named("read through null").Call(16)))
	if !strings.HasPrefix(text, "shelf 9: ") || !strings.Contains(text, "C++ stack:") {
		t.Errorf("printed\n%s", text)
	}
}

func TestPrintOfAnyOtherErrorIsItsText(t *testing.T) {
	if text := printed(t, io.ErrUnexpectedEOF); text != "unexpected EOF\n" {
		t.Errorf("printed %q", text)
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestPrintReturnsTheErrorOfWriting(t *testing.T) {
	for _, err := range []error{guardtest.Named("read through null").Call(16), io.EOF} {
		if got := cgoguard.Print(brokenWriter{}, err); got != errBroken {
			t.Errorf("Print returned %v", got)
		}
	}
}

// openTerminal returns both ends of a terminal: the program's, and that of who sits before it.
func openTerminal(t *testing.T) (program, person *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	var unlock, number int32
	for request, argument := range map[uintptr]*int32{syscall.TIOCSPTLCK: &unlock, syscall.TIOCGPTN: &number} {
		if _, _, failed := syscall.Syscall(syscall.SYS_IOCTL, person.Fd(), request, uintptr(unsafe.Pointer(argument))); failed != 0 {
			t.Fatal(failed)
		}
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return program, person
}

func TestPrintIsColouredOnATerminalUnlessNoColorIsSet(t *testing.T) {
	failed := guardtest.Named("read through null").Call(16)
	t.Setenv("TERM", "xterm")
	for noColor, want := range map[string]bool{"": true, "1": false} {
		t.Setenv("NO_COLOR", noColor)
		program, person := openTerminal(t)
		printed := make(chan error, 1)
		go func() { printed <- cgoguard.Print(program, failed) }()
		first := make([]byte, 64)
		n, err := person.Read(first)
		if err != nil || bytes.HasPrefix(first[:n], []byte("\033[1;31m")) != want {
			t.Errorf("NO_COLOR=%q: a terminal got %q, %v", noColor, first[:n], err)
		}
		go io.Copy(io.Discard, person) // a terminal takes 4 KiB before somebody reads
		if err := <-printed; err != nil {
			t.Errorf("NO_COLOR=%q: %v", noColor, err)
		}
	}
}
