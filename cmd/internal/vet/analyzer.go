// SPDX-License-Identifier: BSL-1.0

package vet

import (
	"go/ast"
	"go/token"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/ctrlflow"
	"golang.org/x/tools/go/cfg"
)

// Analyzer is the one analyzer. Its results and their limits are in docs/tools.md.
var Analyzer = &analysis.Analyzer{
	Name:     "cgoguard",
	Doc:      "find errors of guarded C++ functions that get lost, and C++ functions without a guard",
	URL:      "https://github.com/cgo-guard/cgo_guard/blob/main/docs/tools.md#vet",
	Requires: []*analysis.Analyzer{ctrlflow.Analyzer},
	Run:      run,
}

func run(pass *analysis.Pass) (interface{}, error) {
	if !usesErrors(pass.Pkg) {
		return nil, nil
	}
	c := &checker{pass: pass, cfgs: pass.ResultOf[ctrlflow.Analyzer].(*ctrlflow.CFGs)}
	for _, file := range pass.Files {
		if !isWrittenByCgo(pass.Fset, file) {
			c.inspect(file)
		}
	}
	return nil, checkCxx(pass)
}

type checker struct {
	pass *analysis.Pass
	cfgs *ctrlflow.CFGs
}

func (c *checker) report(pos token.Pos, format string, args ...interface{}) {
	c.pass.Reportf(pos, format, args...)
}

// inspect checks what the user wrote in a node. What cgo has wrapped around a call is passed over.
func (c *checker) inspect(node ast.Node) {
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			call, ok := asCCall(n)
			if !ok {
				return true
			}
			c.place(call)
			for _, arg := range call.args {
				c.inspect(arg)
			}
			return false
		case *ast.FuncDecl:
			if n.Body != nil {
				c.flow(n.Body, c.cfgs.FuncDecl(n))
			}
		case *ast.FuncLit:
			c.flow(n.Body, c.cfgs.FuncLit(n))
		case ast.Stmt:
			c.dropped(n)
		case *ast.ValueSpec:
			c.blank(identsAsExprs(n.Names), n.Values)
		}
		return true
	})
}

func (c *checker) flow(body *ast.BlockStmt, graph *cfg.CFG) {
	for _, variable := range c.errorVariables(body) {
		newFlow(c, variable, body, graph).check()
	}
}

func identsAsExprs(idents []*ast.Ident) []ast.Expr {
	exprs := make([]ast.Expr, len(idents))
	for i, ident := range idents {
		exprs[i] = ident
	}
	return exprs
}
