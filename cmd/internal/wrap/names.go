// SPDX-License-Identifier: BSL-1.0

package wrap

import (
	"go/token"
	"regexp"
	"sort"
	"strings"
	"unicode"
)

// A position is where something stands in a file.
type position token.Position

// sortByPosition puts what comes from a map into an order that is the same in every run.
func sortByPosition[T any](list []T, at func(T) position) {
	sort.SliceStable(list, func(i, j int) bool {
		a, b := at(list[i]), at(list[j])
		if a.Filename != b.Filename {
			return a.Filename < b.Filename
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Column < b.Column
	})
}

// goName makes an exported Go name of a C name: sqlite3_open_v2 is Sqlite3OpenV2, and OpenV2 with -trim sqlite3_.
func (o *options) goName(c string) string {
	if name, ok := o.renamed[c]; ok {
		return name
	}
	for _, prefix := range o.trim {
		if rest := strings.TrimPrefix(c, prefix); rest != c && strings.Trim(rest, "_") != "" {
			c = rest
			break
		}
	}
	end := c[len(strings.TrimRight(c, "_")):]
	var name strings.Builder
	for _, word := range strings.Split(strings.Trim(c, "_"), "_") {
		if word == "" {
			continue
		}
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	// zlib has deflateInit_ below a macro deflateInit.
	if text := name.String() + end; text != end && unicode.IsUpper(rune(text[0])) {
		return text
	}
	return "X" + name.String() + end
}

// goTypeName is goName without what says that it is a type: yaml_parser_t, struct gzFile_s.
func (o *options) goTypeName(c string) string {
	if name, ok := o.renamed[c]; ok {
		return name
	}
	c = c[strings.LastIndexByte(c, ' ')+1:]
	if short := strings.TrimSuffix(c, "_t"); short != "" {
		c = short
	}
	return o.goName(c)
}

// goConstant keeps the name that is in the library's documentation, if Go can export it.
func (o *options) goConstant(c string) string {
	if _, renamed := o.renamed[c]; !renamed && token.IsExported(c) {
		return c
	}
	return o.goName(c)
}

// taken are the names that a Go parameter must not hide: what the body of a generated function says.
var taken = func() map[string]bool {
	all := map[string]bool{"C": true, "cgoguard": true, "unsafe": true, "fmt": true, "math": true, "syscall": true,
		"err": true, "failure": true, "result": true}
	for _, name := range strings.Fields("bool byte float32 float64 int int8 int16 int32 int64 nil len string true false" +
		" uint uint8 uint16 uint32 uint64 uintptr error bytesPointer fits cText goText textPointer") {
		all[name] = true
	}
	return all
}()

// ofCxx are C++'s keywords that are names in C.
var ofCxx = regexp.MustCompile(`^(alignas|alignof|and|and_eq|asm|bitand|bitor|bool|catch|char16_t|char32_t|char8_t|class|compl|concept|` +
	`const_cast|constexpr|decltype|delete|dynamic_cast|explicit|export|false|friend|mutable|namespace|new|noexcept|not|` +
	`not_eq|nullptr|operator|or|or_eq|private|protected|public|reinterpret_cast|requires|static_assert|static_cast|` +
	`template|this|thread_local|throw|true|try|typeid|typename|using|virtual|wchar_t|xor|xor_eq)$`)

// goParameter is a C parameter's name in Go, where keywords are others. It begins small, so that it hides no type.
func goParameter(name string) string {
	words := strings.Split(strings.Trim(name, "_"), "_")
	for i, word := range words {
		switch {
		case word == "":
		case i == 0:
			words[i] = strings.ToLower(word[:1]) + word[1:]
		default:
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	if name = strings.Join(words, ""); name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "x" + name
	}
	if token.IsKeyword(name) || taken[name] {
		return name + "_"
	}
	return name
}

func cxxParameter(name string) string {
	if ofCxx.MatchString(name) || strings.HasPrefix(name, "cgo_guard") {
		return name + "_"
	}
	return name
}

// names hands out the names of the Go package, each once.
type names map[string]string

// claim takes a name for what C calls c, or says who has it.
func (n names) claim(name, c string) (owner string, ok bool) {
	if owner, taken := n[name]; taken {
		return owner, false
	}
	n[name] = c
	return "", true
}

// next is for what has to have a name: where one is taken, another one.
func (n names) next(name, c string) string {
	for {
		if _, ok := n.claim(name, c); ok {
			return name
		}
		name += "_"
	}
}
