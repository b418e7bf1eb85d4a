package main

import (
	"go/ast"
	"go/types"
	"strings"
)

func isKlog(importPath string) bool {
	return strings.HasPrefix(importPath, "k8s.io/klog")
}

// From the minor on that has this package, only two of klog's flags reach a command line.
const klogFilter = "k8s.io/component-base/logs/klogflags"

// logging marks klog's flags as deprecated while it adds them to a command line; which text, tells whether it does.
const logging = "k8s.io/component-base/logs"

var klogKept = map[string]bool{"v": true, "vmodule": true}

// klog adds the flags of klog, which copies them from set to set.
func (b *bodyReader) klog(call *ast.CallExpr) {
	callee := b.callee(call)
	pkg := b.checker.checked[callee.Pkg().Path()]
	if pkg == nil {
		b.cannotRead(call)
		return
	}
	all := newFlagReader(b.checker)
	all.follow(callee, nil)
	all.initializers(pkg)
	filtered := b.checker.load(klogFilter) != nil
	deprecated := b.klogDeprecation()
	for name, flag := range all.found {
		if filtered && !klogKept[name] {
			continue
		}
		if _, ok := b.found[name]; !ok {
			b.found[name] = flag
		}
		if deprecated != "" && !klogKept[name] {
			b.deprecated[name] = deprecated
		}
	}
}

// initializers walks every `init` of a package: a package may have several, which have no name of their own.
func (r *flagReader) initializers(pkg *Checked) {
	for _, file := range pkg.files {
		for _, decl := range file.syntax.Decls {
			function, ok := decl.(*ast.FuncDecl)
			if ok && function.Recv == nil && function.Name.Name == "init" {
				(&bodyReader{flagReader: r, pkg: pkg, decl: function}).walk(function.Body)
			}
		}
	}
}

// klogDeprecation is the text with which the logging package deprecates flags; empty where it does not.
func (b *bodyReader) klogDeprecation() string {
	pkg := b.checker.load(logging)
	if pkg == nil {
		return ""
	}
	words := ""
	for _, file := range pkg.files {
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			assign, ok := node.(*ast.AssignStmt)
			if ok && isDeprecation(assign) {
				words, _ = (&bodyReader{flagReader: b.flagReader, pkg: pkg}).value(assign.Rhs[0])
			}
			return true
		})
	}
	return words
}

// processFlags adds what kube-proxy takes over from the flags of the process: those that the packages it is made of declare
// as they are loaded.
func (r *flagReader) processFlags(reached map[string]bool) {
	for importPath := range reached {
		pkg := r.checker.load(importPath)
		if pkg == nil || !pkg.flags {
			continue
		}
		reader := &bodyReader{flagReader: r, pkg: pkg}
		for _, file := range pkg.files {
			reader.variables(file)
		}
	}
	if logs := r.checker.load(logging); logs != nil {
		r.initializers(logs)
	}
}

// jsonFormat is the package that brings the JSON format for logs; without it its flags are not there.
const jsonFormat = "k8s.io/component-base/logs/json/register"

func (r *flagReader) withoutJSON() {
	for name := range r.found {
		if strings.HasPrefix(name, "log-json-") {
			delete(r.found, name)
		}
	}
}

// variables reads `var x = flag.String("name", …)`.
func (b *bodyReader) variables(file *File) {
	for _, decl := range file.syntax.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		ast.Inspect(group, func(node ast.Node) bool {
			if _, inside := node.(*ast.FuncLit); inside {
				return false
			}
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			callee := b.callee(call)
			if callee != nil && callee.Pkg() != nil && callee.Pkg().Path() == "flag" {
				b.declare(call, callee, callee.Type().(*types.Signature))
			}
			return true
		})
	}
}
