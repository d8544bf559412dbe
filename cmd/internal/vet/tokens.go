// SPDX-License-Identifier: BSL-1.0

package vet

import "strings"

// A cxxToken is a token of a C++ file: an identifier, a literal (text is `"` for a string), or one character of
// punctuation.
type cxxToken struct {
	text   string
	offset int
}

// A cxxFile is what is left of a C++ file without comments and preprocessor directives.
type cxxFile struct {
	tokens []cxxToken
	macros map[string]bool // that the file defines
	// branches is whether the braces between an #if and its #else or #endif don't match: which branch has the one that is
	// meant can't be told then.
	branches bool
}

// scanCxx takes a file apart. All branches of an #if are taken together.
func scanCxx(text string) cxxFile {
	s := cxxScanner{text: text, file: cxxFile{macros: map[string]bool{}}, startOfLine: true}
	for s.next() {
	}
	s.file.branches = s.file.branches || len(s.open) > 0
	return s.file
}

type cxxScanner struct {
	text        string
	at          int
	startOfLine bool
	file        cxxFile
	depth       int
	open        []int // the depth at each #if
}

func (s *cxxScanner) rest() string { return s.text[s.at:] }

// next takes one token, or skips what is none.
func (s *cxxScanner) next() bool {
	rest := s.rest()
	switch {
	case rest == "":
		return false
	case rest[0] == '\n':
		s.startOfLine = true
		s.at++
	case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r' || rest[0] == '\f' || rest[0] == '\\':
		s.at++
	case strings.HasPrefix(rest, "//"):
		s.at += lineLength(rest)
	case strings.HasPrefix(rest, "/*"):
		s.skipTo("*/", 2)
	case rest[0] == '#' && s.startOfLine:
		s.directive(rest[:lineLength(rest)])
	default:
		s.startOfLine = false
		s.token(rest)
	}
	return true
}

// lineLength is that of the first line, with those that a backslash continues it by.
func lineLength(text string) int {
	for i := 0; i < len(text); i++ {
		if text[i] == '\n' && !strings.HasSuffix(strings.TrimSuffix(text[:i], "\r"), `\`) {
			return i
		}
	}
	return len(text)
}

// skipTo skips what ends with a mark, which is not among the first characters.
func (s *cxxScanner) skipTo(mark string, first int) {
	if i := strings.Index(s.rest()[first:], mark); i >= 0 {
		s.at += first + i + len(mark)
	} else {
		s.at = len(s.text)
	}
}

func (s *cxxScanner) directive(line string) {
	s.at += len(line)
	text := strings.TrimLeft(line[1:], " \t")
	name := text[:identifierLength(text)]
	switch name {
	case "if", "ifdef", "ifndef":
		s.open = append(s.open, s.depth)
	case "elif", "else", "endif":
		if n := len(s.open); n > 0 {
			s.file.branches = s.file.branches || s.depth != s.open[n-1]
			if name == "endif" {
				s.open = s.open[:n-1]
			}
		}
	case "define":
		macro := strings.TrimLeft(text[len(name):], " \t")
		s.file.macros[macro[:identifierLength(macro)]] = true
	}
	// A comment that a directive's line begins may go on.
	if i := strings.LastIndex(line, "/*"); i >= 0 && !strings.Contains(line[i:], "*/") && !strings.Contains(line[:i], "//") {
		s.skipTo("*/", 0)
	}
}

func (s *cxxScanner) token(rest string) {
	start := s.at
	word := identifierLength(rest)
	switch {
	case word > 0 && word < len(rest) && rest[word] == '"' && strings.HasSuffix(rest[:word], "R"):
		s.rawString(rest[word+1:], word+1)
		s.add(`"`, start)
	case word > 0:
		s.at += word
		s.add(rest[:word], start)
	case rest[0] >= '0' && rest[0] <= '9':
		s.at += numberLength(rest)
		s.add(rest[:s.at-start], start)
	case rest[0] == '"' || rest[0] == '\'':
		s.at += literalLength(rest)
		s.add(rest[:1], start)
	default:
		switch rest[0] {
		case '{':
			s.depth++
		case '}':
			s.depth--
		}
		s.at++
		s.add(rest[:1], start)
	}
}

func (s *cxxScanner) add(text string, offset int) {
	s.file.tokens = append(s.file.tokens, cxxToken{text, offset})
}

// rawString skips R"delimiter(…)delimiter".
func (s *cxxScanner) rawString(afterQuote string, first int) {
	delimiter := strings.IndexByte(afterQuote, '(')
	if delimiter < 0 {
		s.at = len(s.text)
		return
	}
	s.skipTo(")"+afterQuote[:delimiter]+`"`, first)
}

func identifierLength(text string) int {
	for i := 0; i < len(text); i++ {
		c := text[i]
		letter := c == '_' || c == '$' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
		if !letter && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(text)
}

// numberLength is that of a preprocessing number, whose digits may be apart: 1'000'000.
func numberLength(text string) int {
	for i := 1; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '.' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		case c == '\'' && i+1 < len(text) && identifierLength("_"+text[i+1:i+2]) == 2:
		case (c == '+' || c == '-') && strings.IndexByte("eEpP", text[i-1]) >= 0:
		default:
			return i
		}
	}
	return len(text)
}

// literalLength is that of a string or a character, up to the end of the line where nothing ends it.
func literalLength(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i + 1
		case '\n':
			return i
		}
	}
	return len(text)
}
