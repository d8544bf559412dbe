// SPDX-License-Identifier: BSL-1.0

package wrap

import "fmt"

// A constant is a macro or an enumerator. Its value stays C's: written as C.NAME, it is that of the header that the
// package is compiled with.
type constant struct{ c, goName, value string }

func (p *planner) wantsConstant(name string) bool {
	return p.o.constants == nil || p.o.constants.MatchString(name)
}

func (p *planner) enums() {
	for _, e := range p.h.enums {
		goType := ""
		if e.name != "" {
			n := p.types["enum "+e.name]
			if n == nil || !n.used {
				goType = ""
			} else {
				goType = n.goName
			}
		}
		for _, enumerator := range e.typ.Enumerators() {
			name := enumerator.Token.SrcStr()
			if !p.wantsConstant(name) {
				continue
			}
			value := "C." + name
			if goType != "" {
				value = goType + "(" + value + ")"
			}
			p.constant(name, value)
		}
	}
}

func (p *planner) constant(c, value string) {
	goName := p.o.goConstant(c)
	if owner, ok := p.taken.claim(goName, c); !ok {
		p.refuse(c, fmt.Sprintf("its Go name %s is that of %s: choose another one by -name", goName, owner))
		return
	}
	p.plan.constants = append(p.plan.constants, constant{c, goName, value})
}

// constants plans the macros that are one.
func (p *planner) constants() {
	for _, m := range p.h.macros {
		name := m.Name.SrcStr()
		if !p.wantsConstant(name) {
			continue
		}
		body := m.ReplacementList()
		switch {
		case m.IsFnLike && p.isWrapped(name):
			// A faster form of a function.
		case m.IsFnLike:
			p.refuse(name, "is a macro with arguments, which have no types: wrap a static inline function around it")
		case len(body) == 0:
			// The header's own guard, and switches: nothing that a program could use.
		default:
			if value, ok := p.macroValue(name); ok {
				p.constant(name, value)
			} else {
				p.refuse(name, "is a macro, and not seen to be a constant")
			}
		}
	}
}

// macroValue is what Go has in a macro's place.
func (p *planner) macroValue(name string) (string, bool) {
	switch kind, value := p.h.constantOf(name, map[string]bool{}); kind {
	case number, text:
		return "C." + name, true
	case function:
		// Such as SQLITE_TRANSIENT.
		p.uses("function")
		if value < 0 {
			return fmt.Sprintf("^CFunc(%d)", -value-1), true
		}
		return fmt.Sprintf("CFunc(%d)", value), true
	}
	return "", false
}

func (p *planner) isWrapped(c string) bool {
	for _, op := range p.plan.operations {
		if op.c == c && op.receiver == nil {
			return true
		}
	}
	return false
}
