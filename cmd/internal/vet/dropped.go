// SPDX-License-Identifier: BSL-1.0

package vet

import (
	"go/ast"
	"go/types"
)

// What becomes of a result is known without looking further: it is dropped, or assigned to _.

// retain returns its argument, which its caller has already.
const retain = "cgo_guard_retain"

// producesError reports whether a call is of a C function that gives its caller an error.
func (c *checker) producesError(e ast.Expr) (cCall, bool) {
	call, ok := unparen(e).(*ast.CallExpr)
	if !ok {
		return cCall{}, false
	}
	cc, ok := asCCall(call)
	if !ok {
		return cCall{}, false
	}
	result := c.pass.TypesInfo.TypeOf(e)
	if tuple, ok := result.(*types.Tuple); ok && tuple.Len() > 0 {
		result = tuple.At(0).Type()
	}
	return cc, isErrorPointer(result)
}

func (c *checker) dropped(stmt ast.Stmt) {
	switch stmt := stmt.(type) {
	case *ast.ExprStmt:
		c.droppedCall(stmt.X, "")
	case *ast.GoStmt:
		c.droppedCall(stmt.Call, "go ")
	case *ast.DeferStmt:
		c.droppedCall(stmt.Call, "defer ")
	case *ast.AssignStmt:
		c.blank(stmt.Lhs, stmt.Rhs)
	}
}

// droppedCall checks a call whose result nobody can get. For go and defer cgo's literals have no result: what counts is
// what the function itself has.
func (c *checker) droppedCall(e ast.Expr, keyword string) {
	call, ok := unparen(e).(*ast.CallExpr)
	if !ok {
		return
	}
	cc, ok := asCCall(call)
	if !ok || cc.name == retain {
		return
	}
	signature, ok := c.pass.TypesInfo.TypeOf(cc.function).(*types.Signature)
	if !ok || signature.Results().Len() == 0 || !isErrorPointer(signature.Results().At(0).Type()) {
		return
	}
	c.report(cc.function.Pos(), "the error of %sC.%s is dropped: give it to cgoguard.Err", keyword, cc.name)
}

// blank checks an assignment, or a declaration with values.
func (c *checker) blank(left, right []ast.Expr) {
	for i, l := range left {
		if name, ok := l.(*ast.Ident); !ok || name.Name != "_" {
			continue
		}
		switch {
		case len(left) == len(right):
			if cc, ok := c.producesError(right[i]); ok && cc.name != retain {
				c.report(cc.function.Pos(), "the error of C.%s is assigned to _: give it to cgoguard.Err", cc.name)
			}
		case len(right) == 1 && i == 0:
			if cc, ok := c.producesError(right[0]); ok && cc.twoResult {
				c.report(cc.function.Pos(), "the error of C.%s is assigned to _: in cgo's form with two results the second one is errno, "+
					"and the guard's error is the first; give that to cgoguard.Err", cc.name)
			}
		}
	}
}

// place checks that a function which wants a place for its error has one.
func (c *checker) place(cc cCall) {
	signature, ok := c.pass.TypesInfo.TypeOf(cc.function).(*types.Signature)
	if !ok {
		return
	}
	for i, arg := range cc.args {
		if i < signature.Params().Len() && isErrorPlace(signature.Params().At(i).Type()) && c.isNil(arg) {
			c.report(cc.function.Pos(), "C.%s has no place for its error: pass the address of a *C.cgo_guard_error, "+
				"and give that to cgoguard.Err", cc.name)
		}
	}
}

func (c *checker) isNil(e ast.Expr) bool {
	return c.pass.TypesInfo.Types[unparen(e)].IsNil()
}
