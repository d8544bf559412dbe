// SPDX-License-Identifier: BSL-1.0

package symbolize

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var (
	// The second line of a frame (append_frame in frame_text.hpp). A Go frame's has a space before its "+0x1d".
	bareFrame  = regexp.MustCompile(`^(\s+)(\S|\S.*\S)\+0x([0-9a-f]+)(?: \[build id ([0-9a-f]+)\])?$`)
	namedFrame = regexp.MustCompile(`^\s+.*:\d+ \(.+\+0x[0-9a-f]+\)$`)
	// A line of write_call_site in crash_report.hpp.
	crashFrame = regexp.MustCompile(`^(\s+#\d+\s+0x[0-9a-f]+) (\(main program\)|\S|\S.*\S)\+0x([0-9a-f]+)$`)
	// What calls a guarded block, which is a lambda: it tells which function the block stands in.
	thunk  = regexp.MustCompile(`::block_thunk<(.+)::(?:\{lambda|'lambda|<lambda|\$_)`)
	lambda = regexp.MustCompile(`(^|\s|::)operator\(\)(\(\) const)?$`)
	// What has no lines: assembly, and a function that clang makes up.
	lineless = regexp.MustCompile(`^(cgo_guard_v1_|runtime\.|_start$|__clang_call_terminate$)`)
	margin   = regexp.MustCompile(`^\s*`)
)

const mainProgram = "(main program)"

// A symbolizer names frames, and keeps count.
type symbolizer struct {
	binaries  []*binary
	debugDirs []string
	separate  map[string]*binary // by build ID: what was found in debugDirs, or nil
	remarks   []string
	// frames is how many there were, of which some are of the binaries given: named or unnamed. already is how many had
	// names before.
	frames, named, unnamed, already int
	// failed is why a file could not be used, once one couldn't.
	failed error
}

func (s *symbolizer) remark(format string, args ...interface{}) {
	text := fmt.Sprintf(format, args...)
	for _, known := range s.remarks {
		if known == text {
			return
		}
	}
	s.remarks = append(s.remarks, text)
}

// binaryFor is the binary of a frame, and whether the frame is of a binary that was given, though perhaps not of the
// right build.
func (s *symbolizer) binaryFor(module, buildID string) (b *binary, given bool) {
	for _, b := range s.binaries {
		if buildID != "" && b.buildID == buildID {
			return b, true
		}
	}
	if b := s.separateFile(buildID); b != nil {
		return b, true
	}
	alike := s.alike(module)
	if module == mainProgram && len(alike) > 1 {
		paths := make([]string, len(alike))
		for i, b := range alike {
			paths[i] = b.path
		}
		s.remark("the report does not say which of %s is the main program: give one of them", strings.Join(paths, " and "))
		return nil, true
	}
	for _, b := range alike {
		b.used = true
		if buildID == "" {
			s.remark("note: the report has no build ID for %s; %s is taken by its name", module, b.path)
			return b, true
		}
		its := "no build ID"
		if b.buildID != "" {
			its = "build ID " + b.buildID
		}
		s.remark("refused: %s has %s, the report's %s has build ID %s", b.path, its, module, buildID)
	}
	return nil, len(alike) > 0
}

// alike are the binaries that a module may be, by its name.
func (s *symbolizer) alike(module string) []*binary {
	var alike []*binary
	for _, b := range s.binaries {
		if module == mainProgram {
			if b.isProgram {
				alike = append(alike, b)
			}
			continue
		}
		for _, name := range b.names() {
			if name == filepath.Base(module) {
				alike = append(alike, b)
				break
			}
		}
	}
	return alike
}

func (s *symbolizer) separateFile(buildID string) *binary {
	if len(buildID) < 3 {
		return nil
	}
	if found, known := s.separate[buildID]; known {
		return found
	}
	s.separate[buildID] = nil
	for _, directory := range s.debugDirs {
		for _, below := range []string{".build-id", ""} {
			path := filepath.Join(directory, below, buildID[:2], buildID[2:]+".debug")
			if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
				continue
			}
			b, err := openBinary(path)
			if err == nil && b.buildID != buildID {
				err = fmt.Errorf("%s has build ID %s", path, b.buildID)
			}
			if err != nil {
				s.failed = err
				return nil
			}
			s.separate[buildID] = b
			return b
		}
	}
	return nil
}

// places are those of a frame, none if it can't be named.
func (s *symbolizer) places(module, hexOffset, buildID string) []place {
	b, given := s.binaryFor(module, buildID)
	s.frames++
	var places []place
	offset, err := strconv.ParseUint(hexOffset, 16, 64)
	if b != nil && err == nil {
		b.used = true
		if places, err = b.at(offset); err != nil {
			s.failed = err
		}
	}
	switch {
	case len(places) > 0 && (anyLine(places) || lineless.MatchString(places[len(places)-1].function)):
		s.named++
	case len(places) > 0:
		s.unnamed++
		s.remark("%s has no line for %s", b.path, places[0].function)
	case given:
		s.unnamed++
		if b != nil {
			s.remark("%s has nothing at 0x%s", b.path, hexOffset)
		}
	}
	return places
}

func anyLine(places []place) bool {
	for _, p := range places {
		if p.where != "" {
			return true
		}
	}
	return false
}

// text is a text with its frames named.
func (s *symbolizer) text(text string) string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		if crash := crashFrame.FindStringSubmatch(line); crash != nil {
			out = append(out, s.crashLines(line, crash)...)
		} else if bare := bareFrame.FindStringSubmatch(line); bare != nil && len(out) > 0 {
			function := out[len(out)-1]
			out = s.appendFrame(out[:len(out)-1], function, line, bare)
		} else {
			if namedFrame.MatchString(line) {
				s.already++
			}
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// appendFrame appends the two lines of each function at one address.
func (s *symbolizer) appendFrame(out []string, function, line string, match []string) []string {
	indent, module, offset, buildID := match[1], match[2], match[3], match[4]
	places := s.places(module, offset, buildID)
	if len(places) == 0 {
		return append(out, function, line)
	}
	// The report of an error inside a longer text may be indented.
	before := margin.FindString(function)
	for _, p := range places {
		second := strings.TrimSpace(line)
		if p.where != "" {
			second = fmt.Sprintf("%s (%s+0x%s)", p.where, filepath.Base(module), offset)
		}
		// A guarded block is shown as the function it stands in, as the program itself would show it.
		around := thunk.FindStringSubmatch(p.function)
		if around != nil && len(out) > 1 && lambda.MatchString(out[len(out)-2]) {
			out[len(out)-2] = before + around[1]
		} else {
			out = append(out, before+p.function, indent+second)
		}
	}
	return out
}

func (s *symbolizer) crashLines(line string, match []string) []string {
	start, module, offset := match[1], match[2], match[3]
	places := s.places(module, offset, "")
	if len(places) == 0 {
		return []string{line}
	}
	var lines []string
	for i, p := range places {
		text := start + " "
		if i > 0 {
			text = strings.Repeat(" ", len(start)) + " inlined into "
		}
		text += p.function
		if p.where != "" {
			text += " at " + p.where
		}
		lines = append(lines, text)
	}
	lines[len(lines)-1] += fmt.Sprintf(" (%s+0x%s)", filepath.Base(module), offset)
	return lines
}
