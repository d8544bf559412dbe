// SPDX-License-Identifier: BSL-1.0

package cgoguard

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"
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

func TestWhatSteersATerminalIsEscapedInEveryText(t *testing.T) {
	const evil = "\x1b]0;owned\a \r \b \x00 \x7f \u009b31m \u202e"
	e := &Error{Code: CodeException, Name: "E" + evil, Message: "first" + evil + "\nsecond" + evil, Category: "c" + evil, Number: 1,
		Function: "f" + evil, File: "/src/a.cpp" + evil, Line: 1, CoreFile: "/cores/" + evil,
		Fields: map[string]string{"key" + evil: "value" + evil + "\n  cleanup  forged"}, Cause: &Error{Code: CodeException, Message: evil}}
	document, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	Print(&printed, fmt.Errorf("wrapped %s: %w", evil, e))
	report := fmt.Sprintf("%+v", e)
	for what, text := range map[string]string{"Error": e.Error(), "%+v": report, "JSON": string(document), "Print": printed.String()} {
		if at := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && r != '\u202e' && unicode.IsControl(r) }); at >= 0 {
			t.Errorf("%s has %q", what, text[at:])
		}
		if what != "JSON" && strings.ContainsRune(text, '\u202e') { // there it is data, and no handler shows it raw
			t.Errorf("%s has a change of direction", what)
		}
	}
	if strings.Contains(e.Error(), "\n") {
		t.Errorf("%q is more than one line", e.Error())
	}
	if strings.Contains(report, "\n  cleanup  forged") {
		t.Errorf("a field forged a line of\n%s", report)
	}
	var back struct{ Message, Name string }
	if err := json.Unmarshal(document, &back); err != nil || back.Message != e.Message || back.Name != e.Name {
		t.Errorf("JSON lost something: %q, %v", back, err)
	}
}
