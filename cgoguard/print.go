// SPDX-License-Identifier: BSL-1.0

package cgoguard

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Print writes all that is known of err to w, for a person to read: the text of %+v, and below the first three frames of
// each C++ stack the source around them, where its files are on this machine.
//
// There is colour where w is an *os.File that is a terminal, unless the environment has NO_COLOR (https://no-color.org),
// or no TERM, or TERM=dumb. An error that has no *Error in its chain is written as %+v has it.
//
// The error it returns is that of writing. It reads source files and symbolizes like CStack: for a development machine
// and a command's last words. A log is better served by %+v, LogValue or MarshalJSON, whose text never depends on where
// it goes.
func Print(w io.Writer, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		_, failed := fmt.Fprintf(w, "%+v\n", err)
		return failed
	}
	text := endLine(e.report())
	if error(e) != err {
		text = visible(err.Error()) + "\n\n" + text // what wrapped it has a say of its own
	}
	_, failed := io.WriteString(w, decorate(text, isColorTerminal(w)))
	return failed
}

// isColorTerminal asks through SyscallConn, because File.Fd makes a non-blocking file blocking.
func isColorTerminal(w io.Writer) (color bool) {
	file, ok := w.(*os.File)
	if !ok || file == nil {
		return false
	}
	connection, err := file.SyscallConn()
	if err != nil {
		return false
	}
	err = connection.Control(func(fd uintptr) { color = wantsColor(fd) })
	return color && err == nil
}
