// SPDX-License-Identifier: BSL-1.0

package cgoguard

import (
	"errors"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
)

// Format implements fmt.Formatter.
//
//	%s %v   Error()
//	%q      Error(), quoted
//	%+v     everything: the fields, the causes, both stacks. Many lines; symbolizes like CStack.
//
// Width and other flags are those of a string.
func (e *Error) Format(f fmt.State, verb rune) {
	switch {
	case verb == 'v' && f.Flag('+'):
		io.WriteString(f, e.report())
	case verb == 'v' || verb == 's':
		fmt.Fprintf(f, directive(f, 's'), e.Error())
	case verb == 'q' || verb == 'x' || verb == 'X':
		fmt.Fprintf(f, directive(f, verb), e.Error())
	default:
		fmt.Fprintf(f, "%%!%c(*cgoguard.Error=%s)", verb, e.Error())
	}
}

// directive rebuilds the format directive that f was called with, for another verb. (fmt.FormatString came with 1.20.)
func directive(f fmt.State, verb rune) string {
	var b strings.Builder
	b.WriteByte('%')
	for _, flag := range "-+# 0" {
		if f.Flag(int(flag)) {
			b.WriteRune(flag)
		}
	}
	if width, ok := f.Width(); ok {
		b.WriteString(strconv.Itoa(width))
	}
	if precision, ok := f.Precision(); ok {
		b.WriteString("." + strconv.Itoa(precision))
	}
	b.WriteRune(verb)
	return b.String()
}

// report is the text of %+v.
func (e *Error) report() string {
	var b strings.Builder
	for one := e; one != nil; one = one.Cause {
		if one != e {
			b.WriteString("\ncaused by: ")
		}
		one.reportOne(&b)
	}
	if stack := e.GoStack(); stack != "" {
		b.WriteString("\nGo stack:\n" + stack)
	}
	for one := e; one != nil; one = one.Cause {
		if one.carried == nil {
			continue
		}
		if text := callbackStory(one.carried.err); text != "" {
			b.WriteString("\nthe Go error of the callback: " + endLine(text))
		}
	}
	return b.String()
}

// callbackStory is what the error of a callback has to say beyond its line, or "". It may be the failure of another guard,
// deeper down, also one that Go code has wrapped: fmt.Errorf and errors.Join show of what they wrap a line alone.
func callbackStory(err error) string {
	text := visible(fmt.Sprintf("%+v", err))
	if inner := innerError(err); inner != nil {
		if report := inner.report(); !strings.Contains(text, report) {
			return text + "\n\n" + report
		}
	}
	if text == visible(errorText(err)) {
		return ""
	}
	return text
}

// innerError finds the guard's failure in an error of Go code, or nil. Its Unwrap and As methods are the user's code.
func innerError(err error) (inner *Error) {
	defer func() {
		if recover() != nil {
			inner = nil
		}
	}()
	if !errors.As(err, &inner) {
		return nil
	}
	return inner
}

// callbackError is the failure of another guard, deeper down, that the callback of this one has reported, or nil.
func (e *Error) callbackError() *Error {
	if e.carried == nil {
		return nil
	}
	return innerError(e.carried.err)
}

func (e *Error) reportOne(b *strings.Builder) {
	b.WriteString(e.Error() + "\n")
	line := func(label, value string) {
		fmt.Fprintf(b, "  %-9s%s\n", oneLine(label), strings.ReplaceAll(visible(value), "\n", "\n           "))
	}
	if strings.Contains(e.Message, "\n") {
		line("message", e.Message)
	}
	line("code", e.codeText())
	if e.hasAddress() {
		line("address", e.addressText()+" ("+e.Access.String()+")")
	}
	if e.Function != "" || e.File != "" { // a cause has no guard of its own
		site := e.Function
		if e.File != "" {
			site += fmt.Sprintf(" at %s:%d", e.File, e.Line)
		}
		line("guard", site)
		line("cleanup", e.cleanupText()+e.cleanupWarning())
	}
	if e.ThreadID != 0 {
		line("thread", strconv.Itoa(e.ThreadID))
	}
	if e.CoreFile != "" {
		line("core", e.coreText())
	}
	for _, key := range e.fieldKeys() {
		line(key, e.Fields[key])
	}
	if stack := e.callbackStack(); stack != "" {
		b.WriteString("\nGo stack of the callback:\n" + stack)
	}
	if stack := e.CStack(); stack != "" {
		b.WriteString("\nC++ stack:\n" + stack)
	} else if reason := e.trace.whyNoCStack(); reason != "" {
		b.WriteString("\nno C++ stack: " + reason + "\n")
	}
}

// cleanupWarning is what may come of frames that were skipped.
func (e *Error) cleanupWarning() string {
	if e.Cleanup != CleanupPartial && e.Cleanup != CleanupNone {
		return ""
	}
	return "; a lock that was held stays held, and who needs it next waits for ever"
}

// codeText is the code with its number, where the number says something.
func (e *Error) codeText() string {
	switch {
	case e.Category != "":
		return fmt.Sprintf("%s, %s error %d", e.Code, e.Category, e.Number)
	case e.Number != 0 || e.Code == CodeExit:
		return fmt.Sprintf("%s %d", e.Code, e.Number)
	}
	return e.Code.String()
}

// fieldKeys are the keys of Fields, in an order that doesn't change.
func (e *Error) fieldKeys() []string {
	keys := make([]string, 0, len(e.Fields))
	for key := range e.Fields {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// hasAddress tells address 0 from no address.
func (e *Error) hasAddress() bool {
	return e.Address != 0 || e.Access != AccessUnknown
}

// addressText is the address for machine readers, who may not hold 64 bits in a number.
func (e *Error) addressText() string {
	return fmt.Sprintf("%#x", e.Address)
}
