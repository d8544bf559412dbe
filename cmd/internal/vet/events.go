// SPDX-License-Identifier: BSL-1.0

package vet

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/cfg"
	"golang.org/x/tools/go/types/typeutil"
)

const goPackage = "github.com/cgo-guard/cgo_guard/cgoguard"

// readers are the functions of abi.h that look at an error and leave it to its owner.
var readers = map[string]bool{
	"cgo_guard_describe":     true,
	"cgo_guard_print":        true,
	"cgo_guard_stack":        true,
	"cgo_guard_why_no_stack": true,
}

// through is what a block makes of the states before it.
func (f *flow) through(block *cfg.Block, in states) states {
	now := states{}
	now.add(in)
	condition := f.conditionOf(block)
	for _, node := range block.Nodes {
		if node == condition {
			now = f.condition(condition, now)
		} else {
			now = f.node(node, now)
		}
	}
	return now
}

// condition goes through what leave() will look at again: there, whether the error is nil is no use of it.
func (f *flow) condition(e ast.Expr, now states) states {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return f.condition(e.X, now)
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			return f.condition(e.X, now)
		}
	case *ast.BinaryExpr:
		switch {
		case e.Op == token.LAND || e.Op == token.LOR:
			return f.condition(e.Y, f.condition(e.X, now))
		case f.comparedWithNil(e) == f.variable:
			return now
		}
	}
	return f.node(e, now)
}

// node goes through a statement or an expression in the order of evaluation, as far as that matters here.
func (f *flow) node(node ast.Node, now states) states {
	switch n := node.(type) {
	case *ast.AssignStmt:
		return f.assignment(n.Lhs, n.Rhs, now)
	case *ast.ValueSpec:
		return f.assignment(identsAsExprs(n.Names), n.Values, now)
	case *ast.CallExpr:
		return f.call(n, now)
	case *ast.DeferStmt:
		return f.deferred(n.Call, now)
	case *ast.SelectorExpr: // e.code
		if f.isVariable(n.X) {
			f.used(n.Pos(), now)
			return now
		}
	case *ast.StarExpr: // *e
		if f.isVariable(n.X) {
			f.used(n.Pos(), now)
			return now
		}
	}
	return f.parts(node, now)
}

// parts goes through what has no meaning of its own here. Where the variable stands in that, it goes elsewhere.
func (f *flow) parts(node ast.Node, now states) states {
	if expr, ok := node.(ast.Expr); ok && f.isVariable(expr) {
		return f.goesElsewhere(now)
	}
	ast.Inspect(node, func(n ast.Node) bool {
		if n == nil || n == node {
			return true
		}
		switch n.(type) {
		case *ast.FuncLit:
			return false // has a graph of its own, and does not know the variable
		case ast.Expr, *ast.AssignStmt, *ast.ValueSpec:
			now = f.node(n, now)
			return false
		}
		return true
	})
	return now
}

func (f *flow) assignment(left, right []ast.Expr, now states) states {
	for i, r := range right {
		// _ = e is what one writes to have the compiler be silent.
		if len(left) == len(right) && f.isVariable(r) && isBlank(left[i]) {
			continue
		}
		now = f.node(r, now)
	}
	for i, l := range left {
		switch name, isName := l.(*ast.Ident); {
		case isName && f.object(name) == f.variable:
			now = f.defined(f.valueFor(left, right, i), name.Pos(), now)
		case isName:
			now = f.resultIn(f.object(name), f.valueFor(left, right, i), now)
		default:
			now = f.node(l, now)
		}
	}
	return now
}

// valueFor is what the i-th variable of an assignment gets, if an expression says so.
func (f *flow) valueFor(left, right []ast.Expr, i int) ast.Expr {
	switch {
	case len(left) == len(right):
		return right[i]
	case len(right) == 1 && i == 0:
		return right[0] // the first result of a call: of a C function, the guard's error
	}
	return nil
}

// defined is an assignment to the variable.
func (f *flow) defined(value ast.Expr, pos token.Pos, now states) states {
	f.overwritten(pos, now)
	if value == nil || f.isNil(value) {
		return now.all(none, token.NoPos)
	}
	if call, ok := f.producesError(value); ok {
		return now.all(owed, call.function.Pos())
	}
	return now.all(elsewhere, token.NoPos) // somebody else's
}

func (f *flow) overwritten(pos token.Pos, now states) {
	for s := range now {
		if s.kind == owed {
			f.complain(s.pos, "the error in %s is overwritten in line %d: give it to cgoguard.Err before", f.variable.Name(), f.line(pos))
		}
	}
}

// resultIn is an assignment to another variable. It may get the result of cgoguard.Err, or lose it.
func (f *flow) resultIn(object types.Object, value ast.Expr, now states) states {
	call, isCall := unparen(value).(*ast.CallExpr)
	gives := isCall && f.isErr(call) && len(call.Args) == 1 && f.isVariable(call.Args[0])
	out := states{}
	for s := range now {
		switch {
		case s.kind == given && gives:
			s.result = object
		case s.result == object:
			s.result = nil
		}
		if s.flag == object {
			s.flag, s.truth = nil, false
		}
		out[s] = true
	}
	return out
}

func (f *flow) call(call *ast.CallExpr, now states) states {
	if c, ok := asCCall(call); ok {
		return f.cCall(c, now)
	}
	if f.isErr(call) && len(call.Args) == 1 && f.isVariable(call.Args[0]) {
		return f.give(call.Args[0].Pos(), now)
	}
	return f.parts(call, now)
}

// deferred is a call at the end of the function: what it releases may be used until then.
func (f *flow) deferred(call *ast.CallExpr, now states) states {
	if c, ok := asCCall(call); ok && c.name == "cgo_guard_free" && len(c.args) == 1 && f.isVariable(c.args[0]) {
		return f.goesElsewhere(now)
	}
	return f.call(call, now)
}

func (f *flow) cCall(c cCall, now states) states {
	for _, arg := range c.args {
		switch {
		case f.addressed(arg) == f.variable:
			f.overwritten(c.function.Pos(), now)
			now = now.all(owed, c.function.Pos())
		case !f.isVariable(arg):
			now = f.node(arg, now)
		case c.name == "cgo_guard_free":
			now = f.give(arg.Pos(), now)
		case readers[c.name]:
			f.used(arg.Pos(), now)
		default:
			now = f.goesElsewhere(now)
		}
	}
	return now
}

// give is cgoguard.Err or C.cgo_guard_free.
func (f *flow) give(pos token.Pos, now states) states {
	f.everGiven = true
	if before, ok := alwaysGiven(now); ok {
		f.complain(pos, "%s is given away twice: in line %d it was released already", f.variable.Name(), f.line(before))
	}
	out := states{}
	for s := range now {
		if s.kind == owed {
			s = state{kind: given, pos: pos, flag: s.flag, truth: s.truth}
		}
		out[s] = true
	}
	return out
}

func (f *flow) used(pos token.Pos, now states) {
	if before, ok := alwaysGiven(now); ok {
		f.complain(pos, "%s is used after it was released, in line %d", f.variable.Name(), f.line(before))
	}
}

// alwaysGiven reports whether the error, if there is one, has been given on every path. Where it was on some only, the
// paths may exclude each other in a way that is not seen here.
func alwaysGiven(now states) (pos token.Pos, ok bool) {
	for s := range now {
		switch s.kind {
		case given:
			if !ok || s.pos < pos {
				pos = s.pos
			}
			ok = true
		case owed, elsewhere:
			return token.NoPos, false
		}
	}
	return pos, ok
}

// goesElsewhere is any other use: nothing more is known of what was owed.
func (f *flow) goesElsewhere(now states) states {
	f.everGiven = true
	out := states{}
	for s := range now {
		if s.kind == owed || s.kind == given {
			s = state{kind: elsewhere, flag: s.flag, truth: s.truth}
		}
		out[s] = true
	}
	return out
}

// isErr reports whether a call is of cgoguard.Err.
func (f *flow) isErr(call *ast.CallExpr) bool {
	function, ok := typeutil.Callee(f.pass.TypesInfo, call).(*types.Func)
	return ok && function.Name() == "Err" && function.Pkg() != nil && function.Pkg().Path() == goPackage
}

func (f *flow) isVariable(e ast.Expr) bool {
	name, ok := unparen(e).(*ast.Ident)
	return ok && f.object(name) == f.variable
}

func (f *flow) object(name *ast.Ident) types.Object {
	return f.pass.TypesInfo.ObjectOf(name)
}

func isBlank(e ast.Expr) bool {
	name, ok := e.(*ast.Ident)
	return ok && name.Name == "_"
}
