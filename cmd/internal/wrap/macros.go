// SPDX-License-Identifier: BSL-1.0

package wrap

import (
	"strconv"
	"strings"

	"modernc.org/cc/v4"
)

// A macro has no type, and what it stands for need not be an expression. So its tokens are parsed: it is a constant if
// they are an expression of literals, of enumerators, and of other macros that are constants. Which value that has is
// not asked: the generated file says C.NAME, and cgo asks the compiler. (The front end's own evaluation is that of #if,
// where every other word is 0.)

type constantKind int

const (
	noConstant constantKind = iota
	number
	text
	function // a number cast to a pointer to a function
)

// A macroParser is in the middle of one macro's tokens.
type macroParser struct {
	h      *header
	within map[string]bool // macros that are being parsed: one can't mean itself
	words  []string
	at     int
	value  int64 // the last number in a cast to a function
}

// constantOf says what kind of constant a macro is, and the value of one in the place of a function.
func (h *header) constantOf(name string, within map[string]bool) (constantKind, int64) {
	m := h.objectLike[name]
	if m == nil || within[name] {
		return noConstant, 0
	}
	within[name] = true
	defer delete(within, name)
	p := &macroParser{h: h, within: within}
	for _, t := range m.ReplacementList() {
		if word := strings.TrimSpace(t.SrcStr()); word != "" {
			p.words = append(p.words, word)
		}
	}
	kind := p.expression()
	if p.at != len(p.words) {
		return noConstant, 0
	}
	return kind, p.value
}

func (p *macroParser) next() string {
	if p.at < len(p.words) {
		return p.words[p.at]
	}
	return ""
}

func (p *macroParser) accept(word string) bool {
	if p.next() == word {
		p.at++
		return true
	}
	return false
}

var binary = func() map[string]bool {
	all := map[string]bool{}
	for _, operator := range strings.Fields("+ - * / % << >> & | ^ && || == != < > <= >= ? :") {
		all[operator] = true
	}
	return all
}()

func (p *macroParser) expression() constantKind {
	kind := p.operand()
	for kind == text && p.next() != "" && p.next() != ")" {
		kind = p.operand() // strings beside each other are one
		if kind != text {
			return noConstant
		}
	}
	for kind != noConstant && binary[p.next()] {
		p.at++
		if kind != number || p.operand() != number {
			return noConstant
		}
	}
	return kind
}

func (p *macroParser) operand() constantKind {
	switch word := p.next(); {
	case word == "":
		return noConstant
	case word == "+" || word == "-" || word == "~" || word == "!":
		p.at++
		if p.operand() != number {
			return noConstant
		}
		if word == "-" {
			p.value = -p.value
		}
		return number
	case word == "(":
		p.at++
		if t := p.typeName(); t != nil {
			return p.cast(t)
		}
		kind := p.expression()
		if !p.accept(")") {
			return noConstant
		}
		return kind
	case word[0] == '"':
		p.at++
		return text
	case word[0] >= '0' && word[0] <= '9' || word[0] == '.' || word[0] == '\'':
		p.at++
		p.value, _ = strconv.ParseInt(strings.TrimRight(word, "uUlL"), 0, 64)
		return number
	}
	return p.word()
}

// sized are the macros of stdint.h that give a literal its type.
var sized = map[string]bool{"INT8_C": true, "INT16_C": true, "INT32_C": true, "INT64_C": true, "INTMAX_C": true,
	"UINT8_C": true, "UINT16_C": true, "UINT32_C": true, "UINT64_C": true, "UINTMAX_C": true}

func (p *macroParser) word() constantKind {
	name := p.next()
	p.at++
	if sized[name] && p.accept("(") {
		if p.expression() != number || !p.accept(")") {
			return noConstant
		}
		return number
	}
	if p.h.enumerators[name] {
		return number
	}
	kind, value := p.h.constantOf(name, p.within)
	p.value = value
	return kind
}

// typeName is the type in a cast, whose opening parenthesis is behind us; it is nil, and nothing is read, if there is none.
func (p *macroParser) typeName() cc.Type {
	end := p.at
	for end < len(p.words) && p.words[end] != ")" {
		end++
	}
	words := p.words[p.at:end]
	if len(words) == 0 || end == len(p.words) {
		return nil
	}
	if t := p.h.typedefType[words[0]]; t != nil && len(words) == 1 {
		p.at = end + 1
		return t
	}
	for _, word := range words {
		switch word {
		case "char", "short", "int", "long", "signed", "unsigned", "float", "double":
		default:
			return nil
		}
	}
	p.at = end + 1
	return p.h.anyInteger
}

func (p *macroParser) cast(t cc.Type) constantKind {
	kind := p.operand()
	if kind != number {
		return noConstant
	}
	if pointer, ok := t.(*cc.PointerType); ok {
		if pointer.Elem().Kind() != cc.Function {
			return noConstant
		}
		return function
	}
	if !cc.IsArithmeticType(t) {
		return noConstant
	}
	return number
}
