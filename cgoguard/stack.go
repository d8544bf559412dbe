// SPDX-License-Identifier: BSL-1.0

package cgoguard

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

// maxGoFrames is how much of the Go stack an error keeps, from the call outwards. Go's own crash report keeps 100.
const maxGoFrames = 128

// Frame is one function of a C++ stack. Unknown fields are zero.
type Frame struct {
	Function string  // demangled
	File     string  // source file, as the compiler was given it
	Line     int     // 1-based
	Column   int     // 1-based
	Module   string  // the executable or shared library
	Offset   uintptr // of PC in Module: what addr2line takes
	BuildID  string  // of Module, in hex: finds the right symbols for a stripped one
	PC       uintptr // an address inside the calling or faulting instruction; 0 for a note about omitted frames
	Inlined  bool    // no call: the compiler put the function into the next frame
}

// trace is what an Error keeps of both stacks. Its addresses never change; its texts are made when first asked for.
type trace struct {
	cpp        []uintptr // call-site addresses, innermost first
	cppHead    int       // addresses before the gap, where there is one
	cppOmitted uint64    // frames in the gap
	cppModules uint64    // when that was, for the C++ side: modules may have been unloaded since
	goPCs      []uintptr // from runtime.Callers
	guard      string    // the function that holds the guarded block, which is the outermost frame
	whyNoCPP   string    // where there are no C++ addresses and a reader would look for them, why

	cppTextOnce   sync.Once
	cppTextCache  string
	cppFrameOnce  sync.Once
	cppFrameCache []Frame
	goTextOnce    sync.Once
	goTextCache   string
}

// WarmStacks reads the program's debug information ahead, in the background, for a program that wants its first C++ stack
// at once. Without it the first CStack waits for that: tens of milliseconds, most of them because Go's linker compresses
// debug information (with -ldflags=-compressdwarf=false it does not). A stack that is asked for meanwhile waits for the
// rest.
//
// It is opt-in because a process that never asks for a stack pays as well: that processor time once, and the memory of
// the unpacked debug information. Shared libraries are not read ahead. Calling it again costs next to nothing.
func WarmStacks() {
	go resolveFrames([]uintptr{codeAddress()}, 0)
}

func (t *trace) whyNoCStack() string {
	if t == nil {
		return ""
	}
	return t.whyNoCPP
}

func (t *trace) cppText() string {
	if t == nil || len(t.cpp) == 0 {
		return ""
	}
	t.cppTextOnce.Do(func() {
		text := formatFrames(t.cpp, t.cppHead, t.cppOmitted, t.cppModules)
		if text == "" {
			text = t.bareAddresses()
		}
		t.cppTextCache = nameOutermost(endLine(validText(text)), oneLine(t.guard))
	})
	return t.cppTextCache
}

// nameOutermost gives the last frame of a C++ stack its name where there are no symbols: it is that of the guarded block,
// and the guard knows in which function that stands. (`go run` and `go test` link without symbols.)
func nameOutermost(text, guard string) string {
	at := strings.LastIndex(text, "\n0x") + 1
	if at == 0 && !strings.HasPrefix(text, "0x") || guard == "" {
		return text
	}
	lines := strings.SplitAfterN(text[at:], "\n", 3)
	if len(lines) != 3 || lines[2] != "" || !strings.HasPrefix(lines[1], "\t") {
		return text // another frame follows
	}
	return text[:at] + guard + "\n" + lines[1]
}

// bareAddresses is the text of last resort. addr2line can still name what it shows.
func (t *trace) bareAddresses() string {
	var b strings.Builder
	for i, pc := range t.cpp {
		if t.cppOmitted > 0 && i == t.cppHead {
			fmt.Fprintf(&b, "%s\n", omittedText(t.cppOmitted))
		}
		fmt.Fprintf(&b, "%#x\n\t(no memory for names)\n", pc)
	}
	return b.String()
}

func (t *trace) cppFrames() []Frame {
	if t == nil || len(t.cpp) == 0 {
		return nil
	}
	t.cppFrameOnce.Do(func() {
		head := t.cpp
		if t.cppOmitted > 0 && t.cppHead < len(t.cpp) {
			head = t.cpp[:t.cppHead]
		}
		frames := parseFrames(head, t.cppModules)
		if t.cppOmitted > 0 {
			frames = append(frames, Frame{Function: omittedText(t.cppOmitted)})
			frames = append(frames, parseFrames(t.cpp[len(head):], t.cppModules)...)
		}
		if last := len(frames) - 1; frames[last].Function == "" {
			frames[last].Function = t.guard
		}
		t.cppFrameCache = frames
	})
	return append([]Frame(nil), t.cppFrameCache...)
}

// omittedText is what the C++ side writes in the place of frames that it did not record.
func omittedText(frames uint64) string {
	if frames == 1 {
		return "... 1 frame left out ..."
	}
	digits := strconv.FormatUint(frames, 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return "... " + digits + " frames left out ..."
}

// parseFrames symbolizes addresses. It returns at least one Frame for each, a bare one if need be.
func parseFrames(pcs []uintptr, modules uint64) []Frame {
	table := resolveFrames(pcs, modules)
	if table == "" {
		frames := make([]Frame, len(pcs))
		for i, pc := range pcs {
			frames[i] = Frame{PC: pc}
		}
		return frames
	}
	var frames []Frame
	for _, line := range strings.Split(strings.TrimSuffix(table, "\n"), "\n") {
		frames = append(frames, parseFrame(line))
	}
	return frames
}

// parseFrame reads one line of cgo_guard_resolve_frames. The library of the other side may be newer: fields that it adds
// at the end are ignored, and what can't be read as a number stays 0.
func parseFrame(line string) Frame {
	var field [9]string
	copy(field[:], strings.Split(validText(line), "\t"))
	return Frame{
		PC:       parseHex(field[0]),
		Function: field[1],
		File:     field[2],
		Line:     parseDecimal(field[3]),
		Column:   parseDecimal(field[4]),
		Module:   field[5],
		Offset:   parseHex(field[6]),
		BuildID:  field[7],
		Inlined:  field[8] == "1",
	}
}

func parseHex(s string) uintptr {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 64)
	if err != nil {
		return 0
	}
	return uintptr(n)
}

func parseDecimal(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

func (t *trace) goText() string {
	if t == nil || len(t.goPCs) == 0 {
		return ""
	}
	t.goTextOnce.Do(func() { t.goTextCache = goStackText(t.goPCs, false) })
	return t.goTextCache
}

// goStackText is the text of a Go stack. toBorder ends it where C++ had called into Go.
func goStackText(pcs []uintptr, toBorder bool) string {
	if len(pcs) == 0 {
		return ""
	}
	var b strings.Builder
	frames := runtime.CallersFrames(pcs)
	for {
		frame, more := frames.Next()
		if toBorder && strings.HasPrefix(frame.Function, "runtime.cgocallback") {
			return b.String()
		}
		if toBorder && b.Len() == 0 && raisesPanic(frame.Function) {
			// not a part of the story
		} else if !startsGoroutine(frame.Function) && !callsCallback(frame.Function) {
			fmt.Fprintf(&b, "%s\n\t%s:%d\n", frame.Function, frame.File, frame.Line)
		}
		if !more {
			break
		}
	}
	if len(pcs) == maxGoFrames {
		b.WriteString("...additional frames elided...\n")
	}
	return b.String()
}

// raisesPanic tells the functions between the one that panicked and the deferred one that recovered.
func raisesPanic(function string) bool {
	return strings.HasPrefix(function, "runtime.") || strings.HasPrefix(function, packagePath+".runCallback")
}

// callsCallback tells the functions between the body of a callback and C++: ours, and those that cgo generates.
func callsCallback(function string) bool {
	return strings.HasPrefix(function, "_cgoexp_") || function == packagePath+".runCallback" ||
		function == packagePath+".Callback"
}

const packagePath = "github.com/cgo-guard/cgo_guard/cgoguard"

// startsGoroutine tells the runtime's own outermost frames, which Go's stacks leave out too.
func startsGoroutine(function string) bool {
	return function == "runtime.goexit" || function == "runtime.main"
}

func (t *trace) goCallers() []uintptr {
	if t == nil {
		return nil
	}
	return append([]uintptr(nil), t.goPCs...)
}

// endLine ends a text that is not empty with exactly one line break, so that stacks can be joined.
func endLine(text string) string {
	return strings.TrimRight(text, "\n") + "\n"
}
