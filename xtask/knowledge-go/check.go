package main

import (
	"go/ast"
	"go/importer"
	"go/types"
	"path"
)

// Checker finds out what names mean. It is lenient: packages outside of the known modules and of a small part of the standard
// library are empty, and what depends on them stays unknown.
type Checker struct {
	source   *Source
	standard types.Importer
	checked  map[string]*Checked
}

// Checked is a package whose names are resolved.
type Checked struct {
	*Package
	types *types.Package
	info  *types.Info
	// flags is true where function bodies are resolved as well: in packages that deal with flags.
	flags bool
	funcs map[*types.Func]*ast.FuncDecl
}

func newChecker(source *Source) *Checker {
	return &Checker{source: source, standard: importer.Default(), checked: map[string]*Checked{}}
}

// standard are the packages of the standard library that matter for flags; finding one takes a run of the go command.
var standard = map[string]bool{"flag": true, "fmt": true, "strings": true, "time": true}

// Import implements types.Importer.
func (c *Checker) Import(importPath string) (*types.Package, error) {
	if importPath == "unsafe" {
		return types.Unsafe, nil
	}
	if found := c.load(importPath); found != nil {
		return found.types, nil
	}
	if standard[importPath] {
		if pkg, err := c.standard.Import(importPath); err == nil {
			return pkg, nil
		}
	}
	empty := types.NewPackage(importPath, path.Base(importPath))
	empty.MarkComplete()
	return empty, nil
}

// load gives nil for packages that no module holds and for those that cannot be parsed.
func (c *Checker) load(importPath string) *Checked {
	if found, ok := c.checked[importPath]; ok {
		return found
	}
	pkg, err := c.source.parse(importPath)
	if err != nil || pkg == nil || len(pkg.files) == 0 {
		c.checked[importPath] = nil
		return nil
	}
	checked := &Checked{Package: pkg, flags: dealsWithFlags(pkg), funcs: map[*types.Func]*ast.FuncDecl{}}
	c.checked[importPath] = checked
	checked.info = &types.Info{
		Types:      map[ast.Expr]types.TypeAndValue{},
		Defs:       map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	config := types.Config{
		Importer:         c,
		Error:            func(error) {}, // What stays unknown is told where it matters.
		IgnoreFuncBodies: !checked.flags,
		FakeImportC:      true,
	}
	var files []*ast.File
	for _, file := range pkg.files {
		files = append(files, file.syntax)
	}
	checked.types, _ = config.Check(importPath, c.source.files, files, checked.info)
	checked.indexFunctions()
	return checked
}

func (p *Checked) indexFunctions() {
	for _, file := range p.files {
		for _, decl := range file.syntax.Decls {
			if function, ok := decl.(*ast.FuncDecl); ok {
				if object, ok := p.info.Defs[function.Name].(*types.Func); ok {
					p.funcs[object] = function
				}
			}
		}
	}
}

// dealsWithFlags tells from its imports whether a package can declare a flag.
func dealsWithFlags(pkg *Package) bool {
	for _, file := range pkg.files {
		for _, target := range file.imports {
			switch target {
			case "flag", "github.com/spf13/pflag", "k8s.io/component-base/cli/flag":
				return true
			}
		}
	}
	return false
}
