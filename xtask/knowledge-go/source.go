package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// Source is the source text of one Kubernetes minor: a folder per Go module.
type Source struct {
	minor   int
	modules map[string]string
	files   *token.FileSet
	parsed  map[string]*Package
	context build.Context
}

// Package is one parsed Go package as it is built for linux/amd64.
type Package struct {
	path   string
	module string
	files  []*File
	consts map[string]string
}

// File is one parsed file with the packages that its import names stand for.
type File struct {
	name    string
	syntax  *ast.File
	imports map[string]string
}

func readSource(in io.Reader) (*Source, error) {
	var input struct {
		Minor   int               `json:"minor"`
		Modules map[string]string `json:"modules"`
	}
	if err := json.NewDecoder(in).Decode(&input); err != nil {
		return nil, fmt.Errorf("read the list of modules: %w", err)
	}
	context := build.Default
	context.GOOS, context.GOARCH, context.CgoEnabled = "linux", "amd64", true
	return &Source{
		minor:   input.Minor,
		modules: input.Modules,
		files:   token.NewFileSet(),
		parsed:  map[string]*Package{},
		context: context,
	}, nil
}

// locate tells which module holds a package and in which folder.
func (s *Source) locate(importPath string) (module, folder string, ok bool) {
	for module = importPath; module != "." && module != "/"; module = path.Dir(module) {
		if root, found := s.modules[module]; found {
			return module, filepath.Join(root, strings.TrimPrefix(importPath, module)), true
		}
	}
	return "", "", false
}

// parse gives a package, or nil where no module holds it.
func (s *Source) parse(importPath string) (*Package, error) {
	if found, ok := s.parsed[importPath]; ok {
		return found, nil
	}
	module, folder, ok := s.locate(importPath)
	if !ok {
		return nil, nil
	}
	names, err := s.goFiles(folder)
	if err != nil {
		return nil, err
	}
	pkg := &Package{path: importPath, module: module}
	for _, name := range names {
		syntax, err := parser.ParseFile(s.files, filepath.Join(folder, name), nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		relative := strings.TrimPrefix(strings.TrimPrefix(importPath, module)+"/"+name, "/")
		pkg.files = append(pkg.files, &File{name: relative, syntax: syntax, imports: importNames(syntax)})
	}
	pkg.consts = stringConstants(pkg)
	s.parsed[importPath] = pkg
	return pkg, nil
}

// goFiles lists the files of a folder that are built for linux/amd64, tests aside. No folder means no files.
func (s *Source) goFiles(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		matches, err := s.context.MatchFile(folder, name)
		if err != nil {
			return nil, err
		}
		if matches {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names, nil
}

// importNames maps the names that a file uses for packages to their paths.
func importNames(syntax *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range syntax.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(target)
		if isVersion(name) && strings.Contains(target, "klog") {
			name = "klog"
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = target
	}
	return names
}

// isVersion tells `v1beta1` from other folder names.
func isVersion(name string) bool {
	rest, ok := strings.CutPrefix(name, "v")
	if !ok || rest == "" || rest[0] < '0' || rest[0] > '9' {
		return false
	}
	rest = strings.TrimLeft(rest, "0123456789")
	for _, stage := range []string{"alpha", "beta"} {
		if number, found := strings.CutPrefix(rest, stage); found {
			return number != "" && strings.Trim(number, "0123456789") == ""
		}
	}
	return rest == ""
}

// stringConstants collects the constants of a package whose value is written as a text.
func stringConstants(pkg *Package) map[string]string {
	values := map[string]string{}
	for _, file := range pkg.files {
		for _, decl := range file.syntax.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, spec := range group.Specs {
				addConstants(values, spec.(*ast.ValueSpec))
			}
		}
	}
	return values
}

func addConstants(values map[string]string, spec *ast.ValueSpec) {
	for i, name := range spec.Names {
		if i >= len(spec.Values) {
			return
		}
		if text, ok := literal(spec.Values[i]); ok {
			values[name.Name] = text
		}
	}
}

// literal reads a text, also one in a conversion such as `Feature("X")`.
func literal(expr ast.Expr) (string, bool) {
	switch e := expr.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.CallExpr:
		if len(e.Args) == 1 {
			return literal(e.Args[0])
		}
	case *ast.ParenExpr:
		return literal(e.X)
	}
	return "", false
}

// text reads an expression that is a text or names a constant, here or in an imported package.
func (s *Source) text(pkg *Package, file *File, expr ast.Expr) (string, error) {
	if text, ok := literal(expr); ok {
		return text, nil
	}
	switch e := expr.(type) {
	case *ast.Ident:
		if text, ok := pkg.consts[e.Name]; ok {
			return text, nil
		}
		return s.sameConstant(pkg, e.Name)
	case *ast.SelectorExpr:
		name, ok := e.X.(*ast.Ident)
		if !ok {
			break
		}
		other, err := s.parse(file.imports[name.Name])
		if err != nil {
			return "", err
		}
		if other == nil {
			break
		}
		if text, ok := other.consts[e.Sel.Name]; ok {
			return text, nil
		}
		return s.sameConstant(other, e.Sel.Name)
	case *ast.CallExpr:
		if len(e.Args) == 1 {
			return s.text(pkg, file, e.Args[0])
		}
	}
	return "", fmt.Errorf("%s: not a text that can be read", s.files.Position(expr.Pos()))
}

// sameConstant follows a constant that is another package's constant.
func (s *Source) sameConstant(pkg *Package, name string) (string, error) {
	for _, file := range pkg.files {
		for _, decl := range file.syntax.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || (group.Tok != token.CONST && group.Tok != token.VAR) {
				continue
			}
			for _, spec := range group.Specs {
				value := spec.(*ast.ValueSpec)
				for i, ident := range value.Names {
					if ident.Name == name && i < len(value.Values) {
						return s.text(pkg, file, value.Values[i])
					}
				}
			}
		}
	}
	return "", fmt.Errorf("%s has no constant %s that can be read", pkg.path, name)
}
