// SPDX-License-Identifier: BSL-1.0

package wrap

import (
	"fmt"
	"go/format"
	"path/filepath"
	"strconv"
	"strings"
)

func quote(text string) string { return strconv.Quote(text) }

// goFile writes the Go side, as gofmt has it.
func (p *planner) goFile() ([]byte, error) {
	var body strings.Builder
	p.writeConstants(&body)
	p.writeTypes(&body)
	for _, op := range p.plan.operations {
		p.writeFunction(&body, op)
	}
	p.writeHelpers(&body)
	p.writeRefused(&body)

	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", generated, p.o.commandLine())
	b.WriteString(p.packageComment())
	fmt.Fprintf(&b, "package %s\n\n/*\n#cgo CXXFLAGS: -std=c++17\n", p.o.packages)
	for _, line := range p.cgoLines() {
		fmt.Fprintf(&b, "#cgo %s\n", line)
	}
	fmt.Fprintf(&b, "#include \"%s\"\n*/\nimport \"C\"\n\nimport (\n", filepath.Base(p.o.path(".h")))
	for _, name := range []string{"fmt", "math", "syscall", "unsafe"} {
		if strings.Contains(body.String(), name+".") {
			fmt.Fprintf(&b, "%q\n", name)
		}
	}
	b.WriteString("\n\"github.com/cgo-guard/cgo_guard/cgoguard\"\n)\n\n")
	b.WriteString(body.String())
	text, err := format.Source([]byte(b.String()))
	if err != nil {
		return nil, fmt.Errorf("the Go file has errors, which is a bug of cgo-guard wrap: %w", err)
	}
	return text, nil
}

func (p *planner) packageComment() string {
	return fmt.Sprintf(`// Package %s calls the functions of %s, each under a guard: what they throw, and any
// crash in them, comes back as an error of package cgoguard.
//
// What a function is given of Go's memory (strings, slices, pointers to variables) is C's for the time of the call and no
// longer. What the library keeps has to be C's memory.
`, p.o.packages, list(p.o.headers))
}

func (p *planner) cgoLines() (lines []string) {
	var cpp, ld []string
	for _, directory := range p.o.includes {
		if !filepath.IsAbs(directory) {
			directory = "${SRCDIR}/" + filepath.ToSlash(directory)
		}
		cpp = append(cpp, "-I"+directory)
	}
	for _, macro := range p.o.defines {
		cpp = append(cpp, "-D"+macro)
	}
	for _, library := range p.o.links {
		ld = append(ld, "-l"+library)
	}
	if len(p.o.pkgConfig) > 0 {
		lines = append(lines, "pkg-config: "+strings.Join(p.o.pkgConfig, " "))
	}
	if len(cpp) > 0 {
		lines = append(lines, "CPPFLAGS: "+strings.Join(cpp, " "))
	}
	if len(ld) > 0 {
		lines = append(lines, "LDFLAGS: "+strings.Join(ld, " "))
	}
	return lines
}

func (p *planner) writeConstants(b *strings.Builder) {
	if len(p.plan.constants) == 0 {
		return
	}
	fmt.Fprintf(b, "// Constants of %s.\nconst (\n", list(p.o.headers))
	for _, c := range p.plan.constants {
		fmt.Fprintf(b, "%s = %s\n", c.goName, c.value)
	}
	b.WriteString(")\n\n")
}

func (p *planner) writeTypes(b *strings.Builder) {
	for _, n := range p.plan.types {
		switch n.kind {
		case "enum":
			fmt.Fprintf(b, "// %s is %s.\ntype %s %s\n\n", n.goName, n.c, n.goName, cgoName(n.c))
		case "handle":
			p.writeHandle(b, n)
		case "value":
			writeValue(b, n)
		}
	}
}

func (p *planner) writeHandle(b *strings.Builder, n *namedType) {
	fmt.Fprintf(b, `// %[1]s is a %[2]s *. The zero value is the null pointer.
type %[1]s struct{ c *%[3]s }

// IsNil reports whether it is the null pointer.
func (object %[1]s) IsNil() bool { return object.c == nil }

// Pointer is the pointer itself.
func (object %[1]s) Pointer() unsafe.Pointer { return unsafe.Pointer(object.c) }

`, n.goName, n.c, cgoName(n.c))
	from := p.taken.next(n.goName+"At", n.c)
	fmt.Fprintf(b, "// %[2]s is the %[3]s that pointer points to, in C's memory.\nfunc %[2]s(pointer unsafe.Pointer) %[1]s { return %[1]s{(*%[4]s)(pointer)} }\n\n",
		n.goName, from, n.c, cgoName(n.c))
	if n.typ.IsIncomplete() {
		return
	}
	create := p.taken.next("New"+n.goName, n.c)
	fmt.Fprintf(b, `// %[2]s allocates a %[3]s in C's memory, all zero. Free releases it.
func %[2]s() (%[1]s, error) {
	memory, err := allocate(C.sizeof_%[4]s)
	return %[1]s{(*%[5]s)(memory)}, err
}

// Free releases the memory of what New%[1]s has made, and nothing that it points to.
func (object %[1]s) Free() error { return release(unsafe.Pointer(object.c)) }

`, n.goName, create, n.c, strings.ReplaceAll(n.c, " ", "_"), cgoName(n.c))
}

func writeValue(b *strings.Builder, n *namedType) {
	fmt.Fprintf(b, "// %s is a %s by value.\ntype %s struct {\n", n.goName, n.c, n.goName)
	for _, f := range n.fields {
		if f.length >= 0 {
			fmt.Fprintf(b, "%s [%d]%s\n", f.goName, f.length, f.m.goType)
		} else {
			fmt.Fprintf(b, "%s %s\n", f.goName, f.m.goType)
		}
	}
	fmt.Fprintf(b, "}\n\nfunc (object %s) c() (c %s) {\n", n.goName, cgoName(n.c))
	for _, f := range n.fields {
		if f.length >= 0 {
			fmt.Fprintf(b, "for i := range object.%s {\nc.%s[i] = %s\n}\n", f.goName, cgoField(f.c), f.m.toC("object."+f.goName+"[i]"))
		} else {
			fmt.Fprintf(b, "c.%s = %s\n", cgoField(f.c), f.m.toC("object."+f.goName))
		}
	}
	fmt.Fprintf(b, "return c\n}\n\nfunc %s(c %s) (object %s) {\n", valueFromC(n), cgoName(n.c), n.goName)
	for _, f := range n.fields {
		if f.length >= 0 {
			fmt.Fprintf(b, "for i := range c.%s {\nobject.%s[i] = %s\n}\n", cgoField(f.c), f.goName, f.m.fromC("c."+cgoField(f.c)+"[i]"))
		} else {
			fmt.Fprintf(b, "object.%s = %s\n", f.goName, f.m.fromC("c."+cgoField(f.c)))
		}
	}
	b.WriteString("return object\n}\n\n")
}

// writeFunction writes one guarded call.
func (p *planner) writeFunction(b *strings.Builder, op *operation) {
	fmt.Fprintf(b, "// %s %s\n", op.goName, op.comment[0])
	for i, line := range op.comment[1:] {
		switch before := op.comment[i]; {
		case strings.HasPrefix(line, "\t") || line == "":
			fmt.Fprintf(b, "//%s\n", line)
		case strings.HasPrefix(before, "\t"):
			fmt.Fprintf(b, "//\n// %s\n", line)
		default:
			fmt.Fprintf(b, "// %s\n", line)
		}
	}
	b.WriteString("func ")
	if op.receiver != nil {
		fmt.Fprintf(b, "(object %s) ", op.receiver.goName)
	}
	fmt.Fprintf(b, "%s(%s) ", op.goName, op.goParameters())
	outputs := op.outputs()
	if len(outputs) == 0 {
		b.WriteString("error {\n")
	} else {
		b.WriteString("(")
		for _, out := range outputs {
			fmt.Fprintf(b, "%s %s, ", out.goName, out.goType)
		}
		b.WriteString("err error) {\n")
	}
	failed := ""
	for _, out := range outputs {
		failed += out.goName + ", "
	}
	var arguments []string
	for _, in := range op.inputs {
		if in.before != nil {
			for _, line := range in.before(failed) {
				b.WriteString(line + "\n")
			}
		}
		for _, c := range in.c {
			arguments = append(arguments, c.fromGo)
		}
	}
	for _, out := range op.outs {
		fmt.Fprintf(b, "var %sC %s\n", out.goName, out.cgo)
	}
	writeCall(b, op, arguments, failed)
	b.WriteString("}\n\n")
}

func writeCall(b *strings.Builder, op *operation, arguments []string, failed string) {
	call := "C." + op.shim
	switch {
	case op.returns:
		fmt.Fprintf(b, "var failure *C.cgo_guard_error\nresultC := %s(%s)\n", call, list(append(arguments, "&failure")))
		fmt.Fprintf(b, "if err := cgoguard.Err(failure); err != nil {\nreturn %serr\n}\n", failed)
	case len(op.outs) == 0:
		fmt.Fprintf(b, "return cgoguard.Err(%s(%s))\n", call, list(arguments))
		return
	default:
		fmt.Fprintf(b, "if err := cgoguard.Err(%s(%s)); err != nil {\nreturn %serr\n}\n", call, list(arguments), failed)
	}
	var values []string
	last := "nil"
	for _, out := range op.outputs() {
		value := out.fromC(out.goName + "C")
		if out.text {
			fmt.Fprintf(b, "%s, err = %s\n", out.goName, value)
			value, last = out.goName, "err"
		}
		values = append(values, value)
	}
	fmt.Fprintf(b, "return %s\n", list(append(values, last)))
}

func (op *operation) outputs() (all []*output) {
	if op.result != nil {
		all = append(all, op.result)
	}
	return append(all, op.outs...)
}

// goParameters writes the list, with the type once for neighbours that share it.
func (op *operation) goParameters() string {
	var all []*input
	for _, in := range op.inputs {
		if in.goName != "" {
			all = append(all, in)
		}
	}
	text := ""
	for i, in := range all {
		if i > 0 {
			text += ", "
		}
		text += in.goName
		if i+1 == len(all) || all[i+1].goType != in.goType {
			text += " " + in.goType
		}
	}
	return text
}

// writeRefused ends the file with what is not in it.
func (p *planner) writeRefused(b *strings.Builder) {
	if len(p.plan.refused) == 0 {
		return
	}
	b.WriteString("// Not wrapped:\n//\n")
	for _, r := range p.plan.refused {
		fmt.Fprintf(b, "//\t%s: %s\n", r.c, r.reason)
	}
}
