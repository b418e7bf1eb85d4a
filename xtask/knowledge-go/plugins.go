package main

import (
	"fmt"
	"go/ast"
	"sort"
)

// Plugin is one admission plugin of the API server.
type Plugin struct {
	Name      string `json:"name"`
	DefaultOn bool   `json:"defaultOn"`
	Module    string `json:"module"`
	File      string `json:"file"`
}

const pluginOptions = "k8s.io/kubernetes/pkg/kubeapiserver/options"

// readPlugins reads the list of all plugins and the set of those that are on by default.
func readPlugins(source *Source) ([]Plugin, error) {
	pkg, err := source.parse(pluginOptions)
	if err != nil || pkg == nil {
		return nil, fmt.Errorf("no module holds %s: %w", pluginOptions, err)
	}
	var plugins []Plugin
	on := map[string]bool{}
	for _, file := range pkg.files {
		names, err := texts(source, pkg, file, listNamed(file, "AllOrderedPlugins"))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			plugins = append(plugins, Plugin{Name: name, Module: pkg.module, File: file.name})
		}
		enabled, err := texts(source, pkg, file, defaultOn(file))
		if err != nil {
			return nil, err
		}
		for _, name := range enabled {
			on[name] = true
		}
	}
	if len(plugins) == 0 || len(on) == 0 {
		return nil, fmt.Errorf("%s has no list of plugins that can be read", pluginOptions)
	}
	for i := range plugins {
		plugins[i].DefaultOn = on[plugins[i].Name]
	}
	sort.Slice(plugins, func(i, j int) bool { return plugins[i].Name < plugins[j].Name })
	return plugins, nil
}

// listNamed gives the elements of `var name = []string{…}`.
func listNamed(file *File, name string) []ast.Expr {
	for _, decl := range file.syntax.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			value, ok := spec.(*ast.ValueSpec)
			if !ok || value.Names[0].Name != name || len(value.Values) == 0 {
				continue
			}
			if list, ok := value.Values[0].(*ast.CompositeLit); ok {
				return list.Elts
			}
		}
	}
	return nil
}

// defaultOn gives the arguments of `defaultOnPlugins := sets.New[string](…)`, and of inserts into it: those may hang on a
// feature gate, which is said to be on by default where the plugin is.
func defaultOn(file *File) []ast.Expr {
	var names []ast.Expr
	for _, decl := range file.syntax.Decls {
		function, ok := decl.(*ast.FuncDecl)
		if !ok || function.Name.Name != "DefaultOffAdmissionPlugins" {
			continue
		}
		ast.Inspect(function, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok && !call.Ellipsis.IsValid() {
				switch setMethod(call) {
				case "NewString", "New", "Insert":
					names = append(names, call.Args...)
					return false
				}
			}
			return true
		})
	}
	return names
}

func setMethod(call *ast.CallExpr) string {
	fun := call.Fun
	if generic, ok := fun.(*ast.IndexExpr); ok {
		fun = generic.X
	}
	return typeName(fun)
}
