// SPDX-License-Identifier: BSL-1.0

package wrap

import (
	"fmt"
	"regexp"
	"strings"

	"modernc.org/cc/v4"
)

// parameter plans parameter i, and the one after it where the two are one []byte. It returns how many it has planned.
func (p *planner) parameter(op *operation, function string, all []*cc.Parameter, i int, used map[string]bool) (int, string) {
	t, name := all[i].Type(), parameterName(all, i)
	goName := goParameter(name)
	for used[goName] || used[goName+"C"] {
		goName += "_"
	}
	used[goName], used[goName+"C"] = true, true // one for what C has of it
	rule := p.o.rule(function, name)
	kind := ""
	if rule != nil {
		kind = rule.kind
	}
	var next *cc.Parameter
	if i+1 < len(all) {
		next = all[i+1]
	}
	pointer, _ := t.(*cc.PointerType)
	switch {
	case kind == kindBytes || kind == "" && isBuffer(pointer, name, next):
		if pointer == nil || next == nil || !cc.IsIntegerType(next.Type()) {
			return 0, name + " is to be bytes, and is no pointer with a length after it"
		}
		return 2, p.bytes(op, goName, name, pointer, next, parameterName(all, i+1), rule)
	case kind == kindOut:
		return 1, p.out(op, goName, name, pointer, rule)
	case kind == kindPointer:
		return 1, p.bare(op, goName, name, pointer, rule)
	case kind == kindString || kind == kindNullable || kind == "" && isText(pointer):
		return 1, p.text(op, goName, name, pointer, rule)
	}
	m, reason := p.mapping(t, argument)
	if reason != "" {
		return 0, describe(name, reason)
	}
	if m.goType == "CFunc" {
		op.note("%s is a C function, or 0.", goName)
	}
	op.inputs = append(op.inputs, &input{goName: goName, goType: m.goType, c: []cParameter{m.parameter(name, goName)}})
	return 1, ""
}

// describe says whose reason it is. Some are about the function.
func describe(name, reason string) string {
	if strings.HasPrefix(reason, "takes ") {
		return reason
	}
	return "its parameter " + name + " " + reason
}

// parameter is a C parameter whose value in Go is called goName.
func (m *mapping) parameter(name, goName string) cParameter {
	cxx := cxxParameter(name)
	c := cParameter{declaration: m.c(cxx), forLibrary: cxx, fromGo: m.toC(goName)}
	if m.toCxx != nil {
		c.forLibrary = m.toCxx(cxx)
	}
	return c
}

func (op *operation) note(format string, args ...any) {
	op.comment = append(op.comment, fmt.Sprintf(format, args...))
}

// isText reports whether a parameter is a string by its type: const char *.
func isText(t *cc.PointerType) bool {
	return t != nil && t.Elem().Kind() == cc.Char && isConst(t.Elem())
}

// isByte reports whether memory of a type is bytes to Go.
func isByte(t cc.Type) bool {
	switch t.Kind() {
	case cc.Void, cc.Char, cc.SChar, cc.UChar:
		return true
	}
	return false
}

var (
	lengthAlone = regexp.MustCompile(`^(n|len|length|size|sz|n_?bytes?|num_?bytes|byte_?(count|len|size))$`)
	lengthOf    = regexp.MustCompile(`^(.*?)_?(len|length|size|sz|n|bytes|n_?bytes?)$`)
	hungarian   = regexp.MustCompile(`^(p|z|a|buf|sz|lp)([A-Z].*)$`)
)

// isBuffer reports whether a pointer and the parameter after it are one []byte: memory of bytes, and an integer whose
// name says that it is the length of that. Names are all that C has for it, so the Go comment says so each time.
func isBuffer(t *cc.PointerType, name string, next *cc.Parameter) bool {
	if t == nil || next == nil || !isByte(t.Elem()) || next.Name() == "" || !cc.IsIntegerType(next.Type()) {
		return false
	}
	if next.Type().Kind() == cc.Enum || next.Type().Kind() == cc.Bool {
		return false
	}
	pointer, length := strings.ToLower(name), strings.ToLower(next.Name())
	if lengthAlone.MatchString(length) || length == "n"+pointer || length == "n_"+pointer {
		return true
	}
	if m := lengthOf.FindStringSubmatch(length); m != nil && m[1] != "" {
		stem := strings.Trim(m[1], "_")
		if stem == pointer || strings.HasSuffix(pointer, "_"+stem) {
			return true
		}
	}
	// zSql, nSql
	m := hungarian.FindStringSubmatch(name)
	return m != nil && next.Name() == "n"+m[2]
}

// bytes plans a pointer and a length as one []byte.
func (p *planner) bytes(op *operation, goName, name string, t *cc.PointerType, next *cc.Parameter, nextName string, rule *parameterRule) string {
	if !isByte(t.Elem()) {
		return "its parameter " + name + " is to be bytes, and points to something else"
	}
	rule.use()
	length, reason := p.mapping(next.Type(), argument)
	if reason != "" {
		return describe(nextName, reason)
	}
	p.uses("bytes")
	cgo := p.h.cgoType(t)
	pointer := cParameter{declaration: p.h.variable(t, cxxParameter(name)), forLibrary: cxxParameter(name)}
	pointer.fromGo = "(" + cgo + ")(bytesPointer(" + goName + "))"
	if cgo == "unsafe.Pointer" {
		pointer.fromGo = "bytesPointer(" + goName + ")"
	}
	in := &input{goName: goName, goType: "[]byte"}
	in.c = []cParameter{pointer, length.parameter(nextName, "len("+goName+")")}
	if most := largest(next.Type()); most != "" {
		p.uses("fits")
		in.before = func(failed string) []string {
			return []string{"if err := fits(len(" + goName + "), " + most + ", " + quote(goName) + "); err != nil {",
				"\treturn " + failed + "err", "}"}
		}
	}
	op.inputs = append(op.inputs, in)
	op.note("%s is passed with its length, as %s.", goName, nextName)
	return ""
}

// largest is the greatest length that an integer can be, where a Go slice can have more.
func largest(t cc.Type) string {
	switch t.Kind() {
	case cc.Char, cc.SChar:
		return "math.MaxInt8"
	case cc.UChar:
		return "math.MaxUint8"
	case cc.Short:
		return "math.MaxInt16"
	case cc.UShort:
		return "math.MaxUint16"
	case cc.Int:
		return "math.MaxInt32"
	case cc.UInt:
		return "math.MaxUint32"
	}
	return ""
}

// text plans a string that ends in a NUL: a copy in Go's memory, which C has for the call.
func (p *planner) text(op *operation, goName, name string, t *cc.PointerType, rule *parameterRule) string {
	if t == nil || t.Elem().Kind() == cc.Void || !isByte(t.Elem()) {
		return "its parameter " + name + " is to be a string, and points to something else"
	}
	rule.use()
	in := &input{goName: goName, goType: "string"}
	in.c = []cParameter{{declaration: p.h.variable(t, cxxParameter(name)), forLibrary: cxxParameter(name),
		fromGo: "(" + p.h.cgoType(t) + ")(unsafe.Pointer(" + goName + "C))"}}
	helper := "cText"
	if rule != nil && rule.kind == kindNullable {
		in.goType, helper = "*string", "cNullable"
		op.note("%s may be nil.", goName)
	}
	p.uses(helper)
	in.before = func(failed string) []string {
		return []string{goName + "C, err := " + helper + "(" + goName + ", " + quote(goName) + ")", "if err != nil {",
			"\treturn " + failed + "err", "}"}
	}
	op.inputs = append(op.inputs, in)
	return ""
}

// bare plans a pointer that is just that.
func (p *planner) bare(op *operation, goName, name string, t *cc.PointerType, rule *parameterRule) string {
	if t == nil || t.Elem().Kind() == cc.Function {
		return "its parameter " + name + " is to be a bare pointer, and is none"
	}
	rule.use()
	m := &mapping{goType: "unsafe.Pointer", c: func(name string) string { return p.h.variable(t, name) }, toC: same}
	if cgo := p.h.cgoType(t); cgo != "unsafe.Pointer" {
		m.toC = converted("(" + cgo + ")")
	}
	op.inputs = append(op.inputs, &input{goName: goName, goType: "unsafe.Pointer", c: []cParameter{m.parameter(name, goName)}})
	return ""
}

// out plans a pointer through which the function answers.
func (p *planner) out(op *operation, goName, name string, t *cc.PointerType, rule *parameterRule) string {
	if t == nil || isConst(t.Elem()) || t.Elem().Kind() == cc.Void || t.Elem().Kind() == cc.Function {
		return "its parameter " + name + " is to be a result, and is no pointer to something that could be"
	}
	if t.Elem().IsIncomplete() {
		return "its parameter " + name + " is to be a result, and points to what the header does not define"
	}
	rule.use()
	m, reason := p.mapping(t.Elem(), stored)
	if reason != "" {
		return describe(name, reason)
	}
	cxx := cxxParameter(name)
	in := &input{c: []cParameter{{declaration: p.h.variable(t, cxx), forLibrary: cxx, fromGo: "&" + goName + "C"}}}
	out := &output{goName: goName, goType: m.goType, cgo: p.h.cgoType(t.Elem()), fromC: m.fromC}
	if m.goType == "CFunc" {
		out.cgo = "uintptr"
		in.c[0].fromGo = reinterpreted(p.h.cgoType(t))("&" + goName + "C")
	}
	op.inputs = append(op.inputs, in)
	op.outs = append(op.outs, out)
	return ""
}

func (r *parameterRule) use() {
	if r != nil {
		r.used = true
	}
}

// result plans what a function returns.
func (p *planner) result(op *operation, function string, t cc.Type) string {
	if t.Kind() == cc.Void {
		return ""
	}
	rule := p.o.rule(function, "result")
	m, reason := p.mapping(t, result)
	if reason != "" {
		return reason
	}
	op.returns = true
	op.result = &output{goName: "result", goType: m.goType, cgo: m.cgo, fromC: m.fromC, fromCxx: m.fromCxx, c: m.c}
	pointer, _ := t.(*cc.PointerType)
	if pointer == nil || pointer.Elem().Kind() == cc.Void || !isByte(pointer.Elem()) {
		return ""
	}
	switch {
	case rule != nil && (rule.kind == kindString || rule.kind == kindNullable), rule == nil && isText(pointer):
		rule.use()
		p.uses("text")
		op.result.text = true
		helper := "goText"
		op.result.goType = "string"
		if rule != nil && rule.kind == kindNullable {
			op.result.goType, helper = "*string", "goNullable"
			p.uses(helper)
		}
		op.result.fromC = func(x string) string { return helper + "((*C.char)(unsafe.Pointer(" + x + ")))" }
		op.note("The result is a copy. Whose the original is, the header does not say: it is taken to be the library's.")
	case rule != nil && rule.kind == kindPointer:
		rule.use()
		op.note("Whose the result is, the header does not say.")
	case pointer.Elem().Kind() == cc.Char:
		op.note("Whose the result is, the header does not say. If it is yours, release it as the library's documentation has it.")
	}
	return ""
}
