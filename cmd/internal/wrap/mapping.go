// SPDX-License-Identifier: BSL-1.0

package wrap

import (
	"fmt"

	"modernc.org/cc/v4"
)

// A mapping is how values of one C type come to Go and back. Its four functions take an expression to one.
type mapping struct {
	goType string
	cgo    string
	c      func(name string) string // declares name in the shim

	toC, fromC     func(string) string // in Go
	toCxx, fromCxx func(string) string // in the shim; nil if it is the library's own type there
}

// Where a value of a type stands decides what its Go type can be.
type place int

const (
	argument place = iota // C has it during the call
	result                // C has made it
	stored                // C keeps it
)

// A namedType is a Go type that is written because something uses it.
type namedType struct {
	c, goName string
	typ       cc.Type
	kind      string // handle, value, enum
	used      bool

	fields  []valueField // of a value
	planned bool
	reason  string // why it can't be passed by value
}

func converted(goType string) func(string) string {
	return func(x string) string { return goType + "(" + x + ")" }
}

func reinterpreted(pointer string) func(string) string {
	return func(x string) string { return "(" + pointer + ")(unsafe.Pointer(" + x + "))" }
}

func same(x string) string { return x }

// mapping returns how t is passed, or the reason why it can't be.
func (p *planner) mapping(t cc.Type, at place) (*mapping, string) {
	if p.h.isUnnamed(t) {
		return nil, "has a type without a name"
	}
	m := &mapping{cgo: p.h.cgoType(t), c: func(name string) string { return p.h.variable(t, name) }}
	switch t := t.(type) {
	case *cc.PredefinedType:
		return p.scalar(m, t)
	case *cc.EnumType:
		n := p.namedType(t, "enum")
		m.goType, m.toC, m.fromC = n.goName, converted(m.cgo), converted(n.goName)
		return m, ""
	case *cc.StructType:
		n := p.namedType(t, "value")
		if reason := p.planValue(n, t); reason != "" {
			return nil, fmt.Sprintf("has %s by value, %s", n.c, reason)
		}
		m.goType = n.goName
		m.toC = func(x string) string { return x + ".c()" }
		m.fromC = func(x string) string { return valueFromC(n) + "(" + x + ")" }
		return m, ""
	case *cc.UnionType:
		return nil, fmt.Sprintf("has %s by value, which is a union", p.name(t))
	case *cc.PointerType:
		return p.pointer(m, t, at)
	}
	return nil, fmt.Sprintf("has a type that Go has no word for: %s", p.h.declaration(t, ""))
}

func (p *planner) name(t cc.Type) string {
	name, _ := p.h.canonical(t)
	return name
}

func (p *planner) scalar(m *mapping, t *cc.PredefinedType) (*mapping, string) {
	s, ok := scalars[t.Kind()]
	if !ok || t.VectorSize() > 0 {
		return nil, fmt.Sprintf("has a type that Go has no word for: %s", p.h.declaration(t, ""))
	}
	m.goType = s.goType
	for _, name := range p.h.typedefs(t) {
		if goType := fixed[name]; goType != "" {
			m.goType = goType
			break
		}
	}
	m.toC, m.fromC = converted(m.cgo), converted(m.goType)
	return m, ""
}

func (p *planner) pointer(m *mapping, t *cc.PointerType, at place) (*mapping, string) {
	elem := t.Elem()
	if tagOf(elem) == "struct "+vaList {
		return nil, "takes a va_list"
	}
	switch elem.Kind() {
	case cc.Void:
		m.goType, m.toC, m.fromC = "unsafe.Pointer", same, same
	case cc.Function:
		// An address and not a pointer: libraries have numbers in the place of functions (SQLITE_TRANSIENT), and Go's
		// garbage collector would see them.
		p.uses("function")
		m.goType, m.cgo = "CFunc", "C.uintptr_t"
		m.c = func(name string) string { return spaced("uintptr_t", name) }
		m.toC, m.fromC = converted("C.uintptr_t"), converted("CFunc")
		m.toCxx = func(x string) string { return "function_at{" + x + "}" }
		m.fromCxx = func(x string) string { return "reinterpret_cast<uintptr_t>(" + x + ")" }
	case cc.Struct, cc.Union:
		n := p.namedType(elem, "handle")
		m.goType = n.goName
		m.toC = func(x string) string { return x + ".c" }
		m.fromC = func(x string) string { return n.goName + "{" + x + "}" }
	case cc.Ptr:
		inner, reason := p.mapping(elem, stored)
		if reason != "" {
			return nil, reason
		}
		// The Go type of a pointer in memory is laid out as the pointer is: a struct of it alone, or itself.
		m.goType = "*" + inner.goType
		m.toC, m.fromC = reinterpreted(m.cgo), reinterpreted(m.goType)
		m.fromCxx = func(x string) string { return "(" + p.h.variable(t, "") + ")" + x }
	case cc.Array:
		m.goType, m.toC, m.fromC = "unsafe.Pointer", reinterpreted(m.cgo), converted("unsafe.Pointer")
	case cc.Char:
		if at != argument {
			p.uses("text")
			m.goType = "CString"
			m.toC = func(x string) string { return x + ".c" }
			m.fromC = func(x string) string { return "CString{" + x + "}" }
			break
		}
		fallthrough
	case cc.SChar, cc.UChar:
		m.goType = "*byte"
		m.toC, m.fromC = reinterpreted(m.cgo), reinterpreted(m.goType)
	case cc.Enum:
		m.goType = "*" + p.namedType(elem, "enum").goName
		m.toC, m.fromC = reinterpreted(m.cgo), reinterpreted(m.goType)
	default:
		inner, reason := p.mapping(elem, stored)
		if reason != "" {
			return nil, reason
		}
		m.goType = "*" + inner.goType
		m.toC, m.fromC = reinterpreted(m.cgo), reinterpreted(m.goType)
	}
	return m, ""
}

// spaced puts a type before a name, or stands alone.
func spaced(typ, name string) string {
	if name == "" {
		return typ
	}
	return typ + " " + name
}

// namedType finds the Go type of a struct, union or enum, or makes it.
func (p *planner) namedType(t cc.Type, kind string) *namedType {
	c, pointer := p.h.canonical(t)
	key := kind + " " + c
	n := p.types[key]
	if n == nil {
		name := c
		if pointer != "" {
			name = pointer
		}
		n = &namedType{c: c, typ: t, kind: kind}
		n.goName = p.o.goTypeName(name)
		if kind == "value" {
			n.goName += "Value"
		}
		n.goName = p.taken.next(n.goName, c)
		p.types[key] = n
		p.typeOrder = append(p.typeOrder, n)
	}
	p.pending = append(p.pending, n)
	return n
}

// uses notes that a helper of the generated file is needed.
func (p *planner) uses(helper string) { p.helpers[helper] = true }
