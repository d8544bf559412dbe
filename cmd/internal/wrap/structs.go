// SPDX-License-Identifier: BSL-1.0

package wrap

import (
	"fmt"
	"go/token"
	"strings"

	"modernc.org/cc/v4"
)

// A valueField is a field of a struct that is passed by value. Go has a struct of its own for it, whose fields have Go
// types and can be seen from other packages; C's is made for the call.
type valueField struct {
	c, goName string
	m         *mapping
	length    int64 // of an array, or -1
	types     []*namedType
}

// planValue plans a struct by value, or says why it can't be.
func (p *planner) planValue(n *namedType, t *cc.StructType) string {
	if n.planned {
		return n.reason
	}
	n.planned = true
	n.fields, n.reason = p.valueFields(t)
	return n.reason
}

func (p *planner) valueFields(t *cc.StructType) (fields []valueField, reason string) {
	if t.IsIncomplete() {
		return nil, "which the header does not define"
	}
	used := map[string]bool{}
	for i := 0; i < t.NumFields(); i++ {
		f := t.FieldByIndex(i)
		switch {
		case f.Name() == "":
			return nil, "which has a field without a name"
		case f.IsBitfield():
			return nil, fmt.Sprintf("whose field %s is of bits, which Go can't set", f.Name())
		}
		field := valueField{c: f.Name(), goName: p.o.fieldName(f.Name()), length: -1}
		typ := f.Type()
		if array, ok := typ.(*cc.ArrayType); ok {
			field.length, typ = array.Len(), array.Elem()
			if field.length < 0 || typ.Kind() == cc.Array {
				return nil, fmt.Sprintf("whose field %s is an array that Go can't have", f.Name())
			}
		}
		outer := p.pending
		p.pending = nil
		m, why := p.mapping(typ, stored)
		field.types = p.pending
		p.pending = outer
		if why == "" && m.goType == "CFunc" {
			why = "is a function"
		}
		if why != "" {
			return nil, fmt.Sprintf("whose field %s %s", f.Name(), why)
		}
		if used[field.goName] {
			return nil, fmt.Sprintf("two of whose fields would be %s in Go", field.goName)
		}
		used[field.goName] = true
		field.m = m
		fields = append(fields, field)
	}
	return fields, ""
}

// fieldName is an exported name, without a prefix of the library's: fields have none.
func (o *options) fieldName(c string) string {
	plain := options{renamed: o.renamed}
	return plain.goName(c)
}

// cgoField is a field as cgo calls it: one that is a Go keyword has an underscore before it.
func cgoField(c string) string {
	if token.IsKeyword(c) {
		return "_" + c
	}
	return c
}

func valueFromC(n *namedType) string {
	return "go" + n.goName
}

// accessors plans, for each struct that -fields names, functions that read and write its fields, guarded like any other:
// the pointer may be to nowhere.
func (p *planner) accessors() {
	if p.o.fields == nil {
		return
	}
	found := false
	// Those that functions use, in the order of their use. An accessor can bring in others, which are not asked for.
	for _, n := range append([]*namedType{}, p.typeOrder...) {
		if n.kind != "handle" || !n.used || !p.o.fields.MatchString(n.c) {
			continue
		}
		found = true
		names := map[string]bool{"Free": true, "IsNil": true, "Pointer": true}
		p.fieldsOf(n, n.typ, "", "", names)
	}
	if !found {
		p.plan.notes = append(p.plan.notes, "-fields: no chosen function has a struct of that name")
	}
}

// fieldsOf plans the fields of one struct or union in n; path and prefix are where it lies in C and in Go.
func (p *planner) fieldsOf(n *namedType, t cc.Type, path, prefix string, names map[string]bool) {
	aggregate, ok := t.(interface {
		NumFields() int
		FieldByIndex(int) *cc.Field
	})
	if !ok || t.IsIncomplete() {
		p.refuse("fields of "+n.c, "the header does not define them")
		return
	}
	for i := 0; i < aggregate.NumFields(); i++ {
		f := aggregate.FieldByIndex(i)
		cName, goName := path+f.Name(), prefix
		if f.Name() != "" {
			goName += p.o.fieldName(f.Name())
		}
		if kind := f.Type().Kind(); kind == cc.Struct || kind == cc.Union {
			if f.Name() != "" {
				cName += "."
			}
			p.fieldsOf(n, f.Type(), cName, goName, names)
			continue
		}
		if f.Name() == "" {
			continue
		}
		if names[goName] || names["Set"+goName] {
			goName += "Field"
		}
		names[goName], names["Set"+goName] = true, true
		p.field(n, f, cName, goName)
	}
}

func (p *planner) field(n *namedType, f *cc.Field, path, goName string) {
	t := f.Type()
	p.pending = []*namedType{n}
	m, reason := p.mapping(t, stored)
	if t.Kind() == cc.Array {
		reason = "is an array"
	}
	if reason != "" {
		p.refuse(n.c+"."+path, reason)
		return
	}
	object := &input{c: []cParameter{{declaration: spacedPointer(n.c) + "object", forLibrary: "object", fromGo: "object.c"}}}
	flat := strings.ReplaceAll(n.c, " ", "_") + "_" + strings.ReplaceAll(path, ".", "_")
	get := &operation{c: n.c + "." + path, goName: goName, receiver: n, shim: p.shimName("get_" + flat), returns: true,
		comment: []string{"reads " + path + "."}, inputs: []*input{object}}
	get.result = &output{goName: "result", goType: m.goType, cgo: m.cgo, fromC: m.fromC, fromCxx: m.fromCxx, c: m.c}
	get.call = func(arguments []string) string { return arguments[0] + "->" + path }
	if t.Kind() == cc.Ptr && m.fromCxx == nil {
		// The front end has a field's type without what is const behind its pointer.
		get.result.fromCxx = func(x string) string { return "(" + p.h.variable(t, "") + ")" + x }
	}
	p.accept(get)
	if isConstant(f) {
		return
	}
	value := &input{goName: "value", goType: m.goType, c: []cParameter{m.parameter("value", "value")}}
	set := &operation{c: n.c + "." + path, goName: "Set" + goName, receiver: n, shim: p.shimName("set_" + flat),
		comment: []string{"writes " + path + "."}, inputs: []*input{object, value}}
	if t.Kind() == cc.Ptr {
		set.note("What value points to has to be C's memory: it is still there when the call is over.")
	}
	set.call = func(arguments []string) string { return arguments[0] + "->" + path + " = " + arguments[1] }
	p.accept(set)
}

// isConstant reports whether a field can't be written. What a const before a pointer is about is behind it.
func isConstant(f *cc.Field) bool {
	d := f.Declarator()
	if d == nil || d.Pointer == nil {
		return isConst(f.Type()) || d != nil && d.IsConst()
	}
	last := d.Pointer
	for last.Pointer != nil {
		last = last.Pointer
	}
	for q := last.TypeQualifiers; q != nil; q = q.TypeQualifiers {
		if q.TypeQualifier != nil && q.TypeQualifier.Case == cc.TypeQualifierConst {
			return true
		}
	}
	return false
}

func spacedPointer(c string) string { return c + " *" }
