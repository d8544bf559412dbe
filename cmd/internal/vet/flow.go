// SPDX-License-Identifier: BSL-1.0

package vet

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/cfg"
)

// Where the errors that one local variable holds get to. A forward analysis over the function's control flow graph: at
// each point the variable is in a set of states, one for each way to get there that differs.

type kind int

const (
	// none: nil, or the variable is not declared yet.
	none kind = iota
	// owed: an error, or nil, that nobody has been given.
	owed
	// given to cgoguard.Err or C.cgo_guard_free.
	given
	// elsewhere: returned, stored, or passed to somebody else, who may do what there is to do.
	elsewhere
)

type state struct {
	kind kind
	// pos is where the error was produced, or given.
	pos token.Pos
	// result is the variable that has the result of cgoguard.Err: while it is nil, so is the error.
	result types.Object
	// flag is the boolean variable on which the path has last branched, and truth the value it had: so that of two
	// conditions on it, "if all { … }" and then "if !all { … }", no path takes both.
	flag  types.Object
	truth bool
}

type states map[state]bool

// A flow is the analysis of one variable in one function.
type flow struct {
	*checker
	variable *types.Var
	body     *ast.BlockStmt
	graph    *cfg.CFG
	// reported has the positions of complaints, because a node may be looked at several times.
	reported map[token.Pos]bool
	// sure is whether the states are those that the analysis has settled on.
	sure bool
	// everGiven is whether the variable's errors are given to anybody at all.
	everGiven bool
}

func newFlow(c *checker, variable *types.Var, body *ast.BlockStmt, graph *cfg.CFG) *flow {
	return &flow{checker: c, variable: variable, body: body, graph: graph, reported: map[token.Pos]bool{}}
}

// errorVariables are the variables of type *C.cgo_guard_error that a function declares, and that only it uses: not
// parameters and named results, and not those that a closure or an address outside of C knows.
func (c *checker) errorVariables(body *ast.BlockStmt) []*types.Var {
	var found []*types.Var
	shared := map[types.Object]bool{}
	var visit func(n ast.Node, inClosure bool)
	visit = func(root ast.Node, inClosure bool) {
		ast.Inspect(root, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				if n.Body != body {
					visit(n.Body, true)
					return false
				}
			case *ast.CallExpr:
				if call, ok := asCCall(n); ok {
					for _, arg := range call.args {
						if c.addressed(arg) == nil {
							visit(arg, inClosure)
						} else if inClosure {
							shared[c.addressed(arg)] = true
						}
					}
					return false
				}
			case *ast.UnaryExpr:
				if variable := c.addressed(n); variable != nil {
					shared[variable] = true
				}
			case *ast.Ident:
				if variable, ok := c.pass.TypesInfo.Defs[n].(*types.Var); ok && isErrorPointer(variable.Type()) {
					if !inClosure && !variable.IsField() && variable.Name() != "_" {
						found = append(found, variable)
					}
				} else if used := c.pass.TypesInfo.Uses[n]; used != nil && inClosure {
					shared[used] = true
				}
			}
			return true
		})
	}
	visit(body, false)
	kept := found[:0]
	for _, variable := range found {
		if !shared[variable] {
			kept = append(kept, variable)
		}
	}
	return kept
}

// addressed is the variable e of an expression &e.
func (c *checker) addressed(e ast.Expr) types.Object {
	address, ok := unparen(e).(*ast.UnaryExpr)
	if !ok || address.Op != token.AND {
		return nil
	}
	name, ok := unparen(address.X).(*ast.Ident)
	if !ok {
		return nil
	}
	return c.pass.TypesInfo.Uses[name]
}

// check runs the analysis until nothing changes, and then once more to report.
func (f *flow) check() {
	entry := map[*cfg.Block]states{f.graph.Blocks[0]: {state{}: true}}
	for work := []*cfg.Block{f.graph.Blocks[0]}; len(work) > 0; {
		block := work[0]
		work = work[1:]
		f.leave(block, f.through(block, entry[block]), func(next *cfg.Block, out states) {
			if entry[next] == nil {
				entry[next] = states{}
			}
			if entry[next].add(out) {
				work = append(work, next)
			}
		})
	}
	f.sure = true
	// In the order of the blocks, so that the output is the same each time.
	for _, block := range f.graph.Blocks {
		if in := entry[block]; len(in) > 0 {
			f.atEnd(block, f.through(block, in))
		}
	}
}

// add reports whether there was something new.
func (s states) add(others states) bool {
	before := len(s)
	for other := range others {
		s[other] = true
	}
	return len(s) > before
}

// all has the variable in one state, whatever it was in before.
func (s states) all(k kind, pos token.Pos) states {
	out := states{}
	for before := range s {
		out[state{kind: k, pos: pos, flag: before.flag, truth: before.truth}] = true
	}
	return out
}

// leave passes the states after a block on to those that follow it. Behind a condition only some are left.
func (f *flow) leave(block *cfg.Block, out states, to func(*cfg.Block, states)) {
	if condition := f.conditionOf(block); condition != nil {
		to(block.Succs[0], f.where(out, condition, true))
		to(block.Succs[1], f.where(out, condition, false))
		return
	}
	for _, next := range block.Succs {
		to(next, out)
	}
}

// conditionOf is the condition on which a block branches: the graph's builder puts it last, and the block for true first.
func (f *flow) conditionOf(block *cfg.Block) ast.Expr {
	if len(block.Succs) != 2 || len(block.Nodes) == 0 {
		return nil
	}
	condition, ok := block.Nodes[len(block.Nodes)-1].(ast.Expr)
	if !ok || f.pass.TypesInfo.TypeOf(condition) == nil {
		return nil
	}
	// In a switch with a tag it is not a condition, but a value.
	if basic, ok := f.pass.TypesInfo.TypeOf(condition).Underlying().(*types.Basic); !ok || basic.Info()&types.IsBoolean == 0 {
		return nil
	}
	return condition
}

// where leaves of the states those in which the condition can be as given.
func (f *flow) where(in states, condition ast.Expr, truth bool) states {
	switch e := unparen(condition).(type) {
	case *ast.Ident:
		return whereFlag(in, f.object(e), truth)
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			return f.where(in, e.X, !truth)
		}
	case *ast.BinaryExpr:
		switch {
		case e.Op == token.LAND && truth, e.Op == token.LOR && !truth:
			return f.where(f.where(in, e.X, truth), e.Y, truth)
		case e.Op == token.LAND, e.Op == token.LOR:
			out := states{}
			out.add(f.where(in, e.X, truth))
			out.add(f.where(f.where(in, e.X, !truth), e.Y, truth))
			return out
		case e.Op == token.EQL, e.Op == token.NEQ:
			if object := f.comparedWithNil(e); object != nil {
				return f.whereNil(in, object, (e.Op == token.EQL) == truth)
			}
		}
	}
	return in
}

// whereNil is for a variable that is nil, or is not: where the error is, or the result of Err for it, nothing is owed.
func (f *flow) whereNil(in states, object types.Object, isNil bool) states {
	out := states{}
	for s := range in {
		about := object == f.variable || s.kind == given && s.result == object
		if about && isNil {
			s = state{flag: s.flag, truth: s.truth}
		}
		out[s] = true
	}
	return out
}

func whereFlag(in states, flag types.Object, truth bool) states {
	out := states{}
	for s := range in {
		if s.flag != flag {
			s.flag, s.truth = flag, truth
		}
		if s.truth == truth {
			out[s] = true
		}
	}
	return out
}

// comparedWithNil is the variable in a comparison of one with nil.
func (f *flow) comparedWithNil(e *ast.BinaryExpr) types.Object {
	x, y := unparen(e.X), unparen(e.Y)
	if f.isNil(x) {
		x, y = y, x
	}
	name, ok := x.(*ast.Ident)
	if !ok || !f.isNil(y) {
		return nil
	}
	return f.pass.TypesInfo.Uses[name]
}

// atEnd complains of what is still owed where the function returns. (Behind a panic, or the process's end, nothing can be
// given any more.)
func (f *flow) atEnd(block *cfg.Block, out states) {
	end := block.Return()
	if end == nil {
		return
	}
	for s := range out {
		if s.kind != owed {
			continue
		}
		if f.everGiven {
			f.complain(s.pos, "the error in %s is lost on a path that ends in line %d: give it to cgoguard.Err there too",
				f.variable.Name(), f.line(end.Pos()))
		} else {
			f.complain(s.pos, "the error in %s is never given to cgoguard.Err", f.variable.Name())
		}
	}
}

func (f *flow) complain(pos token.Pos, format string, args ...interface{}) {
	if f.sure && !f.reported[pos] {
		f.reported[pos] = true
		f.report(pos, format, args...)
	}
}

func (f *flow) line(pos token.Pos) int { return f.pass.Fset.Position(pos).Line }
