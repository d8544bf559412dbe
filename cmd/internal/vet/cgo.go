// SPDX-License-Identifier: BSL-1.0

package vet

import (
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
)

// What cgo makes of a package (cmd/cgo, "Rewrite C.f"; the same from Go 1.19 to 1.27). C.f(x) becomes
//
//	(_Cfunc_f)(x)
//
// and, where an argument is a pointer that it has to check, a function literal around that:
//
//	func() _Ctype_int { _cgo0 := x; _cgoBase1 := &e; _cgo1 := _cgoBase1; _cgoCheckPointer(…); return _Cfunc_f(_cgo0, _cgo1) }()
//
// With defer and go the literal returns another one, so that the arguments are evaluated at once. In the two-result form
// the function is _C2func_f. The type C.t is _Ctype_t, and C.struct_t is _Ctype_struct_t.
const (
	functionPrefix  = "_Cfunc_"
	twoResultPrefix = "_C2func_"
	errorStruct     = "_Ctype_struct_cgo_guard_error"
	errorTypedef    = "_Ctype_cgo_guard_error"
)

// usesErrors reports whether the package knows cgo_guard_error.
func usesErrors(pkg *types.Package) bool {
	return pkg.Scope().Lookup(errorStruct) != nil || pkg.Scope().Lookup(errorTypedef) != nil
}

// isWrittenByCgo reports whether a file has nothing of the user's: _cgo_gotypes.go, with the declarations.
func isWrittenByCgo(fset *token.FileSet, file *ast.File) bool {
	return filepath.Base(fset.PositionFor(file.Package, false).Filename) == "_cgo_gotypes.go"
}

// isErrorPointer reports whether t is *C.cgo_guard_error.
func isErrorPointer(t types.Type) bool {
	element, ok := pointee(t)
	if !ok {
		return false
	}
	// A *types.Named, or a *types.Alias, which Go 1.19 does not know.
	named, ok := element.(interface{ Obj() *types.TypeName })
	return ok && (named.Obj().Name() == errorStruct || named.Obj().Name() == errorTypedef)
}

// isErrorPlace reports whether t is **C.cgo_guard_error.
func isErrorPlace(t types.Type) bool {
	element, ok := pointee(t)
	return ok && isErrorPointer(element)
}

func pointee(t types.Type) (types.Type, bool) {
	if t == nil {
		return nil, false
	}
	pointer, ok := t.Underlying().(*types.Pointer)
	if !ok {
		return nil, false
	}
	return pointer.Elem(), true
}

// A cCall is a call of a C function, as the user wrote it.
type cCall struct {
	name      string
	function  *ast.Ident // what cgo has put in the place of C.name
	twoResult bool
	args      []ast.Expr
}

func asCCall(call *ast.CallExpr) (cCall, bool) {
	if c, ok := asPlainCCall(call); ok {
		return c, true
	}
	lit, ok := unparen(call.Fun).(*ast.FuncLit)
	if !ok {
		// defer func() func() { …; return func() { …; _Cfunc_f(_cgo0) } }()()
		inner, isCall := call.Fun.(*ast.CallExpr)
		if !isCall {
			return cCall{}, false
		}
		lit, ok = inner.Fun.(*ast.FuncLit)
		if !ok || len(lit.Body.List) == 0 {
			return cCall{}, false
		}
		returned, isReturn := lit.Body.List[len(lit.Body.List)-1].(*ast.ReturnStmt)
		if !isReturn || len(returned.Results) != 1 {
			return cCall{}, false
		}
		deferred, isLit := returned.Results[0].(*ast.FuncLit)
		if !isLit {
			return cCall{}, false
		}
		c, ok := wrappedCCall(deferred)
		c.args = replaced(c.args, lit.Body.List)
		return c, ok
	}
	return wrappedCCall(lit)
}

func asPlainCCall(call *ast.CallExpr) (cCall, bool) {
	function, ok := unparen(call.Fun).(*ast.Ident)
	if !ok {
		return cCall{}, false
	}
	if name := strings.TrimPrefix(function.Name, functionPrefix); name != function.Name {
		return cCall{name: name, function: function, args: call.Args}, true
	}
	if name := strings.TrimPrefix(function.Name, twoResultPrefix); name != function.Name {
		return cCall{name: name, function: function, args: call.Args, twoResult: true}, true
	}
	return cCall{}, false
}

// wrappedCCall is the call in a literal that cgo has made.
func wrappedCCall(lit *ast.FuncLit) (cCall, bool) {
	if len(lit.Body.List) == 0 {
		return cCall{}, false
	}
	var last ast.Expr
	switch stmt := lit.Body.List[len(lit.Body.List)-1].(type) {
	case *ast.ExprStmt:
		last = stmt.X
	case *ast.ReturnStmt:
		if len(stmt.Results) == 1 {
			last = stmt.Results[0]
		}
	}
	call, ok := last.(*ast.CallExpr)
	if !ok {
		return cCall{}, false
	}
	// In what the user wrote, a C function is never an identifier of its own, but always C.f: so a literal that ends with
	// one, not in parentheses, is cgo's.
	if _, ok := call.Fun.(*ast.Ident); !ok {
		return cCall{}, false
	}
	c, ok := asPlainCCall(call)
	c.args = replaced(c.args, lit.Body.List)
	return c, ok
}

// replaced has, in the place of _cgo0 and the like, what the user wrote.
func replaced(args []ast.Expr, stmts []ast.Stmt) []ast.Expr {
	values := map[string]ast.Expr{}
	for _, stmt := range stmts {
		switch stmt := stmt.(type) {
		case *ast.AssignStmt: // _cgo0 := x
			if len(stmt.Lhs) == 1 && len(stmt.Rhs) == 1 {
				if name, ok := stmt.Lhs[0].(*ast.Ident); ok {
					values[name.Name] = stmt.Rhs[0]
				}
			}
		case *ast.DeclStmt: // var _cgo0 _Ctype_int = 1
			decl, ok := stmt.Decl.(*ast.GenDecl)
			if !ok || len(decl.Specs) != 1 {
				continue
			}
			if spec, ok := decl.Specs[0].(*ast.ValueSpec); ok && len(spec.Names) == 1 && len(spec.Values) == 1 {
				values[spec.Names[0].Name] = spec.Values[0]
			}
		}
	}
	result := make([]ast.Expr, len(args))
	for i, arg := range args {
		// _cgo1 may be _cgoBase1, and that &e. Bounded, because a name can't stand for more than the statements do.
		for range stmts {
			name, ok := arg.(*ast.Ident)
			if !ok || values[name.Name] == nil || !strings.HasPrefix(name.Name, "_cgo") {
				break
			}
			arg = values[name.Name]
		}
		result[i] = arg
	}
	return result
}

func unparen(e ast.Expr) ast.Expr {
	for {
		paren, ok := e.(*ast.ParenExpr)
		if !ok {
			return e
		}
		e = paren.X
	}
}
