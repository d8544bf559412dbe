// SPDX-License-Identifier: BSL-1.0

package wrap

import (
	"fmt"
	"path/filepath"
	"sort"

	"modernc.org/cc/v4"
)

// An operation is one guarded call: the shim in C++ and the Go function, or method, around it.
type operation struct {
	c, goName string
	receiver  *namedType // of a method: an accessor of a field
	shim      string     // what the shim is called
	comment   []string   // of the Go function, lines

	inputs  []*input
	result  *output
	outs    []*output
	call    func(arguments []string) string // in the shim
	returns bool                            // the call has a value
}

// An input is a parameter of the Go function. It stands for one parameter in C, or for two: a pointer and a length.
type input struct {
	goName, goType string
	c              []cParameter
	before         func(failed string) []string // statements of Go, which return failed followed by an error
}

type cParameter struct {
	declaration string // in the shim
	forLibrary  string // in the shim's call
	fromGo      string // in Go's call
}

// An output is a result of the Go function.
type output struct {
	goName, goType string
	cgo            string
	fromC          func(string) string
	fromCxx        func(string) string
	c              func(string) string
	text           bool // fromC has two results, the second one an error
}

type refusal struct{ c, reason string }

// A plan is all that is to be written.
type plan struct {
	operations []*operation
	refused    []refusal
	total      int
	missing    []string // what -func named and no header has
	types      []*namedType
	constants  []constant
	notes      []string
}

type planner struct {
	o         *options
	h         *header
	taken     names
	types     map[string]*namedType
	typeOrder []*namedType
	pending   []*namedType
	helpers   map[string]bool
	plan      plan
}

func makePlan(o *options, h *header) (*planner, error) {
	p := &planner{o: o, h: h, taken: names{}, types: map[string]*namedType{}, helpers: map[string]bool{}}
	for _, name := range []string{"CString", "NewCString", "CStringAt", "CFunc"} {
		p.taken[name] = "a helper of the generated file"
	}
	p.functions()
	p.accessors()
	p.enums()
	p.constants()
	p.others()
	for _, n := range p.typeOrder {
		if n.used {
			p.plan.types = append(p.plan.types, n)
		}
	}
	return p, p.complaints()
}

// functions plans each chosen function. Their names are handed out first: they are what a user looks for.
func (p *planner) functions() {
	var chosen []*cFunction
	for _, f := range p.h.functions {
		if !p.o.wants(f.name) {
			continue
		}
		p.plan.total++
		if owner, ok := p.taken.claim(p.o.goName(f.name), f.name); !ok {
			p.refuse(f.name, fmt.Sprintf("its Go name %s is that of %s: choose another one by -name", p.o.goName(f.name), owner))
			continue
		}
		chosen = append(chosen, f)
	}
	for _, f := range chosen {
		p.pending = nil
		helpers := p.helpers
		p.helpers = map[string]bool{}
		op, reason := p.function(f)
		if reason != "" {
			p.helpers = helpers
			p.refuse(f.name, reason)
			continue
		}
		for name := range p.helpers {
			helpers[name] = true
		}
		p.helpers = helpers
		p.accept(op)
	}
}

func (p *planner) accept(op *operation) {
	for _, n := range p.pending {
		n.use()
	}
	p.plan.operations = append(p.plan.operations, op)
}

// use marks a type, and what its fields are.
func (n *namedType) use() {
	n.used = true
	for _, f := range n.fields {
		for _, inner := range f.types {
			if !inner.used {
				inner.use()
			}
		}
	}
}

func (p *planner) refuse(c, reason string) {
	p.plan.refused = append(p.plan.refused, refusal{c, reason})
}

func (p *planner) function(f *cFunction) (*operation, string) {
	t := f.typ
	if t.IsVariadic() {
		return nil, "takes any number of arguments, which cgo can't pass"
	}
	if t.MaxArgs() < 0 {
		return nil, "is declared without a prototype: (void) is missing"
	}
	op := &operation{c: f.name, goName: p.o.goName(f.name), shim: p.shimName(f.name)}
	op.comment = []string{"calls " + f.name + ".", "", "\t" + p.h.declaration(t, f.name) + ";"}
	if reason := p.result(op, f.name, t.Result()); reason != "" {
		return nil, "its result " + reason
	}
	all := parametersOf(t)
	for _, parameter := range all {
		if name := parameter.Name(); ofCxx.MatchString(name) {
			p.plan.notes = append(p.plan.notes, fmt.Sprintf("note: %s has a parameter %s, a keyword in C++: if the header is not "+
				"made for C++, give -header ./yours.h, with the declarations that you need", f.name, name))
		}
	}
	used := map[string]bool{}
	for i := 0; i < len(all); i++ {
		n, reason := p.parameter(op, f.name, all, i, used)
		if reason != "" {
			return nil, reason
		}
		i += n - 1
	}
	name := f.name
	if p.h.functionLike[name] {
		name = "(" + name + ")" // there is a macro of that name, which would be called
	}
	op.call = func(arguments []string) string { return name + "(" + list(arguments) + ")" }
	return op, ""
}

func (p *planner) shimName(c string) string { return p.o.packages + "_guarded_" + c }

func list(all []string) (text string) {
	for i, one := range all {
		if i > 0 {
			text += ", "
		}
		text += one
	}
	return text
}

// others lists what is no function.
func (p *planner) others() {
	for _, name := range p.h.variables {
		p.refuse(name, fmt.Sprintf("is a variable: read it as C.%s, in a file of yours in this package", name))
	}
}

// complaints are about the command line: what it says and nothing is meant by.
func (p *planner) complaints() error {
	var unknown []string
	for name, found := range p.o.functions {
		if !found {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		sort.Strings(unknown)
		return fmt.Errorf("-func: %s declares no %s", list(p.o.headers), list(unknown))
	}
	for _, r := range p.o.parameters {
		if !r.used {
			return fmt.Errorf("-param %s: it is about no parameter of a chosen function", r.text)
		}
	}
	if p.plan.total == 0 && len(p.h.functions) == 0 {
		return fmt.Errorf("%s declares no functions; those of headers that it includes are chosen by -from", list(p.o.headers))
	}
	if len(p.plan.operations) == 0 {
		return fmt.Errorf("nothing is left to wrap")
	}
	return nil
}

// parametersNamed gives each parameter a name.
func parameterName(all []*cc.Parameter, i int) string {
	if name := all[i].Name(); name != "" {
		return name
	}
	return fmt.Sprintf("arg%d", i+1)
}

func (o *options) path(extension string) string { return filepath.Join(o.directory, o.base+extension) }
