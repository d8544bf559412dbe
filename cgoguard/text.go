// SPDX-License-Identifier: BSL-1.0

package cgoguard

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// validText returns s unchanged when it is valid UTF-8. Otherwise invalid bytes become \xNN, and backslashes are doubled,
// so that the bytes of s can be told from the result.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteString(hexByte(s[i]))
		case r == '\\':
			b.WriteString(`\\`)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// oneLine escapes what would break a line or steer a terminal.
func oneLine(s string) string { return escape(s, breaksLine) }

// visible escapes what would steer a terminal, and keeps the lines of a text.
func visible(s string) string {
	return escape(s, func(r rune) bool { return r != '\n' && r != '\t' && breaksLine(r) })
}

func escape(s string, must func(rune) bool) string {
	if strings.IndexFunc(s, must) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if !must(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// breaksLine also tells the characters that turn the direction of what follows: a text that shows in another order than it
// has can say what it doesn't.
func breaksLine(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

// escapeJSON escapes what encoding/json leaves in a string although it steers terminals: DEL and the control characters
// from U+0080 on. The document means the same.
func escapeJSON(document []byte) []byte {
	var b []byte
	for i := 0; i < len(document); i++ {
		c := document[i]
		switch {
		case c == 0x7f:
			b = append(b, `\u007f`...)
		case c == 0xc2 && i+1 < len(document) && document[i+1] < 0xa0:
			i++
			b = append(b, `\u00`...)
			b = append(b, hexByte(document[i])[2:]...)
		default:
			b = append(b, c)
		}
	}
	return b
}

func hexByte(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{'\\', 'x', digits[c>>4], digits[c&15]})
}
