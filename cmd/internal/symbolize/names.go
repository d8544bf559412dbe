// SPDX-License-Identifier: BSL-1.0

package symbolize

import (
	"debug/dwarf"
	"strings"

	"github.com/ianlancetaylor/demangle"
)

// The names are those that the library gives in the program itself (name() in symbolize_libdw.hpp): a report that was
// symbolized later reads as if the program had not been stripped.

// attrMIPSLinkageName is what DW_AT_linkage_name was called before DWARF 4 had it.
const attrMIPSLinkageName dwarf.Attr = 0x2007

func demangled(symbol string) string {
	return demangle.Filter(symbol, demangle.NoClones)
}

func isMangled(symbol string) bool { return strings.HasPrefix(symbol, "_Z") }

// name is that of a function. symbol is what the symbol table says, for one that is not inlined.
func (d *debugInfo) name(n *node, symbol string) (string, error) {
	origins, err := d.origins(n.entry)
	if err != nil {
		return "", err
	}
	// GCC gives a static function no linkage name. The symbol table has it, and it says helper(int) where the debug
	// information would say helper.
	linkage := linkageName(origins)
	if linkage == "" && isMangled(symbol) {
		linkage = symbol
	}
	if linkage != "" {
		return demangled(linkage), nil
	}
	own := text(origins, dwarf.AttrName)
	if own == "" {
		return demangled(symbol), nil
	}
	if symbol != "" { // not mangled: a function with C linkage, which has no scopes
		// Inside libc it is _IO_puts. Its callers wrote puts.
		if strings.HasPrefix(own, "_") && !strings.HasPrefix(symbol, "_") {
			return strings.SplitN(symbol, "@", 2)[0], nil
		}
		return own, nil
	}
	return d.scoped(own, origins[len(origins)-1].Offset)
}

// scoped is the name of an inlined static function, or lambda, with what its declaration stands in.
func (d *debugInfo) scoped(name string, declaration dwarf.Offset) (string, error) {
	for depth := 0; depth < 100; depth++ { // deeper than any source nests
		u, err := d.unitWith(declaration)
		if err != nil || u == nil || u.nodes[declaration] == nil || u.nodes[declaration].parent == nil {
			return name, err
		}
		around := u.nodes[declaration].parent
		declaration = around.entry.Offset
		nameless := "{unnamed type}"
		switch around.entry.Tag {
		default:
			continue
		case dwarf.TagNamespace:
			nameless = "(anonymous namespace)"
		case dwarf.TagSubprogram, dwarf.TagClassType, dwarf.TagStructType, dwarf.TagUnionType:
			// GCC's lambdas are types without a name.
			if strings.HasPrefix(name, "operator()") {
				nameless = "{lambda()}"
			}
		}
		origins, err := d.origins(around.entry)
		if err != nil {
			return "", err
		}
		if linkage := linkageName(origins); linkage != "" && around.entry.Tag == dwarf.TagSubprogram {
			return demangled(linkage) + "::" + name, nil // a mangled name is complete
		}
		scope := text(origins, dwarf.AttrName)
		if scope == "" {
			scope = nameless
		}
		name = scope + "::" + name
		// What is around a function is around its declaration.
		declaration = origins[len(origins)-1].Offset
	}
	return name, nil
}

// origins are an entry and those it refers to for what it does not say itself: that of the inlined function, and the
// declaration in a class.
func (d *debugInfo) origins(entry *dwarf.Entry) ([]*dwarf.Entry, error) {
	entries := []*dwarf.Entry{entry}
	// More would be a circle.
	for len(entries) < 8 {
		last := entries[len(entries)-1]
		next, ok := last.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset)
		if !ok {
			next, ok = last.Val(dwarf.AttrSpecification).(dwarf.Offset)
		}
		if !ok {
			break
		}
		origin, err := d.entryAt(next)
		if err != nil {
			return nil, err
		}
		if origin == nil {
			break
		}
		entries = append(entries, origin)
	}
	return entries, nil
}

func text(entries []*dwarf.Entry, attribute dwarf.Attr) string {
	for _, entry := range entries {
		if value, ok := entry.Val(attribute).(string); ok {
			return value
		}
	}
	return ""
}

func linkageName(entries []*dwarf.Entry) string {
	for _, attribute := range []dwarf.Attr{dwarf.AttrLinkageName, attrMIPSLinkageName} {
		if name := text(entries, attribute); isMangled(name) {
			return name
		}
	}
	return ""
}
