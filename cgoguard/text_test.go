// SPDX-License-Identifier: BSL-1.0

package cgoguard

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestValidTextKeepsValidTextAndEscapesTheRest(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"", ""},
		{"map::at", "map::at"},
		{"naïve 日本 \x00 \n", "naïve 日本 \x00 \n"},
		{`C:\dir`, `C:\dir`},
		{"caf\xe9", `caf\xe9`},
		{"C:\\caf\xe9", `C:\\caf\xe9`},
		{`\xe9` + "\xe9", `\\xe9\xe9`},
		{"\xed\xa0\x80", `\xed\xa0\x80`},
		{"\xff", `\xff`},
		{"é\xc3", `é\xc3`},
		{"real \uFFFD stays", "real \uFFFD stays"},
	} {
		if got := validText(test.in); got != test.want {
			t.Errorf("validText(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

func TestValidTextLosesNoByte(t *testing.T) {
	undo := strings.NewReplacer(`\\`, `\`)
	for b := 0; b < 256; b++ {
		in := "\xff" + string([]byte{byte(b)}) + "\\"
		got := validText(in)
		if !utf8.ValidString(got) {
			t.Fatalf("validText(%q) = %q is not valid UTF-8", in, got)
		}
		var back strings.Builder
		for len(got) > 0 {
			if strings.HasPrefix(got, `\x`) {
				back.WriteByte(byte(parseHex(got[2:4])))
				got = got[4:]
				continue
			}
			n := 1
			if strings.HasPrefix(got, `\\`) {
				n = 2
			}
			back.WriteString(undo.Replace(got[:n]))
			got = got[n:]
		}
		if back.String() != in {
			t.Errorf("validText(%q) can't be turned back: got %q", in, back.String())
		}
	}
}

func FuzzTextIsValidAndOnOneLine(f *testing.F) {
	f.Add("first\nsecond")
	f.Add("caf\xe9\u2028\x1b[31m")
	f.Fuzz(func(t *testing.T, s string) {
		valid := validText(s)
		if !utf8.ValidString(valid) {
			t.Errorf("validText(%q) = %q is not valid UTF-8", s, valid)
		}
		if line := oneLine(valid); strings.IndexFunc(line, breaksLine) >= 0 {
			t.Errorf("oneLine(%q) = %q has a control character", valid, line)
		}
	})
}
