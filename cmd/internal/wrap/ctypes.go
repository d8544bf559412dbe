// SPDX-License-Identifier: BSL-1.0

package wrap

import (
	"fmt"
	"strings"

	"modernc.org/cc/v4"
)

// scalars are C's own types: as C writes them, as cgo calls them, and the Go type of the same size and sign. A long is
// as large as Go's int wherever Go has cgo but on Windows, which is where the generated file refuses to compile.
var scalars = map[cc.Kind]struct{ c, cgo, goType string }{
	cc.Bool:      {"bool", "C._Bool", "bool"},
	cc.Char:      {"char", "C.char", "int8"},
	cc.SChar:     {"signed char", "C.schar", "int8"},
	cc.UChar:     {"unsigned char", "C.uchar", "uint8"},
	cc.Short:     {"short", "C.short", "int16"},
	cc.UShort:    {"unsigned short", "C.ushort", "uint16"},
	cc.Int:       {"int", "C.int", "int32"},
	cc.UInt:      {"unsigned int", "C.uint", "uint32"},
	cc.Long:      {"long", "C.long", "int"},
	cc.ULong:     {"unsigned long", "C.ulong", "uint"},
	cc.LongLong:  {"long long", "C.longlong", "int64"},
	cc.ULongLong: {"unsigned long long", "C.ulonglong", "uint64"},
	cc.Float:     {"float", "C.float", "float32"},
	cc.Double:    {"double", "C.double", "float64"},
}

// fixed are the typedefs whose size is known from the name. What they are made of differs from machine to machine, and
// the generated file must not.
var fixed = map[string]string{
	"int8_t": "int8", "int16_t": "int16", "int32_t": "int32", "int64_t": "int64",
	"uint8_t": "uint8", "uint16_t": "uint16", "uint32_t": "uint32", "uint64_t": "uint64",
	"size_t": "uint", "ssize_t": "int", "ptrdiff_t": "int", "intptr_t": "int", "uintptr_t": "uintptr",
	"intmax_t": "int64", "uintmax_t": "uint64",
}

// declaration writes what C has for a thing of type t that is called d: "int (*d)(void *)". Without d it is the type.
// The front end forgets a const between two stars, which in a parameter does no harm: C++ adds it by itself.
func (h *header) declaration(t cc.Type, d string) string { return h.declare(t, d, isConst(t), false) }

// variable declares d in the shim. It is without the const of the thing itself, as in `char *const d`, and without
// typedefs of void *, each of which is a type of its own to cgo.
func (h *header) variable(t cc.Type, d string) string { return h.declare(t, d, false, true) }

func (h *header) declare(t cc.Type, d string, constant, plain bool) string {
	spelled := ""
	pointer, isPointer := t.(*cc.PointerType)
	if names := h.typedefs(t); len(names) > 0 && !(plain && isPointer && pointer.Elem().Kind() == cc.Void) {
		spelled = names[0]
	} else {
		switch t := t.(type) {
		case *cc.PointerType:
			star := "*"
			if constant && d != "" {
				star = "* const "
			}
			switch inner := t.Elem(); inner.(type) {
			case *cc.FunctionType, *cc.ArrayType:
				if inner.Typedef() == nil {
					return h.declare(inner, "("+star+d+")", false, plain)
				}
			}
			return h.declare(t.Elem(), star+d, isConst(t.Elem()), plain)
		case *cc.FunctionType:
			return h.declare(t.Result(), d+"("+h.parameterList(t)+")", isConst(t.Result()), plain)
		case *cc.ArrayType:
			if t.Len() < 0 {
				return h.declare(t.Elem(), d+"[]", isConst(t.Elem()), plain)
			}
			return h.declare(t.Elem(), fmt.Sprintf("%s[%d]", d, t.Len()), isConst(t.Elem()), plain)
		case *cc.PredefinedType:
			if spelled = scalars[t.Kind()].c; spelled == "" {
				spelled = t.Kind().String()
			}
		default:
			spelled = tagOf(t)
		}
	}
	if constant && !strings.HasPrefix(spelled, "const ") {
		spelled = "const " + spelled
	}
	if d != "" && !strings.HasPrefix(d, "[") {
		spelled += " "
	}
	return spelled + d
}

func (h *header) parameterList(t *cc.FunctionType) string {
	var list []string
	for _, p := range parametersOf(t) {
		list = append(list, h.declaration(p.Type(), p.Name()))
	}
	if t.IsVariadic() {
		list = append(list, "...")
	}
	if len(list) == 0 {
		return "void"
	}
	return strings.Join(list, ", ")
}

// parametersOf leaves out the void of f(void).
func parametersOf(t *cc.FunctionType) []*cc.Parameter {
	all := t.Parameters()
	if len(all) == 1 && all[0].Type().Kind() == cc.Void {
		return nil
	}
	return all
}

func isConst(t cc.Type) bool {
	a := t.Attributes()
	return a != nil && a.IsConst()
}

// isUnnamed reports whether a type has a part that C has no name for.
func (h *header) isUnnamed(t cc.Type) bool {
	if t.Typedef() != nil {
		return false
	}
	switch t := t.(type) {
	case *cc.PointerType:
		return h.isUnnamed(t.Elem())
	case *cc.ArrayType:
		return h.isUnnamed(t.Elem())
	case *cc.StructType, *cc.UnionType, *cc.EnumType:
		return tagOf(t) == ""
	}
	return false
}

// canonical is the one name of a struct, union or enum, by which cgo and its Go type are called: its first typedef, or
// "struct tag". The second result has the name of a pointer to it, where only that has a typedef.
func (h *header) canonical(t cc.Type) (name, pointer string) {
	if key := tagOf(t); key != "" {
		if name = h.structTypedef[key]; name != "" {
			return name, ""
		}
		return key, h.pointerTypedef[key]
	}
	names := h.typedefs(t)
	if len(names) == 0 {
		return "", ""
	}
	return names[len(names)-1], ""
}

// cgoName is a C name as cgo writes it.
func cgoName(name string) string { return "C." + strings.ReplaceAll(name, " ", "_") }

// cgoType is what cgo makes of a type, typedefs of pointers resolved.
func (h *header) cgoType(t cc.Type) string {
	if names := h.typedefs(t); len(names) > 0 && t.Kind() != cc.Ptr {
		if t.Kind() == cc.Struct || t.Kind() == cc.Union || t.Kind() == cc.Enum {
			name, _ := h.canonical(t)
			return cgoName(name)
		}
		if t.Kind() == cc.Void {
			return "unsafe.Pointer" // as what is pointed to, see below
		}
		return cgoName(names[0])
	}
	switch t := t.(type) {
	case *cc.PointerType:
		switch t.Elem().Kind() {
		case cc.Void:
			return "unsafe.Pointer"
		case cc.Function:
			return "*[0]byte"
		}
		return "*" + h.cgoType(t.Elem())
	case *cc.ArrayType:
		return fmt.Sprintf("[%d]%s", t.Len(), h.cgoType(t.Elem()))
	case *cc.PredefinedType:
		return scalars[t.Kind()].cgo
	}
	name, _ := h.canonical(t)
	return cgoName(name)
}
