package main

import (
	"fmt"
	"go/ast"
	"sort"
	"strconv"
	"strings"
)

// Stored is the version in which one resource is written to etcd.
type Stored struct {
	Group    string `json:"group"`
	Resource string `json:"resource"`
	// Served is the version at which the object is sent.
	Served string `json:"served"`
	// As is the group and version of the bytes in etcd.
	AsGroup   string `json:"asGroup"`
	AsVersion string `json:"asVersion"`
	File      string `json:"file"`
}

const storageTable = "k8s.io/kubernetes/test/integration/etcd"

// readStorage reads the table that Kubernetes' own test compares with the bytes in etcd.
func readStorage(source *Source) ([]Stored, error) {
	pkg, err := source.parse(storageTable)
	if err != nil {
		return nil, err
	}
	if pkg == nil {
		return nil, fmt.Errorf("no module holds %s", storageTable)
	}
	var rows []Stored
	for _, file := range pkg.files {
		var broken error
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			entry, ok := node.(*ast.KeyValueExpr)
			if !ok || broken != nil {
				return broken == nil
			}
			row, err := storageRow(source, pkg, file, entry)
			if err != nil {
				broken = err
			} else if row != nil {
				rows = append(rows, *row)
			}
			return true
		})
		if broken != nil {
			return nil, broken
		}
	}
	sort.Slice(rows, func(i, j int) bool {
		a, b := rows[i], rows[j]
		return a.Group+"/"+a.Resource+"/"+a.Served < b.Group+"/"+b.Resource+"/"+b.Served
	})
	return rows, nil
}

// storageRow reads `gvr(group, version, resource): {…}`; nil for other entries and for what this minor removed.
func storageRow(source *Source, pkg *Package, file *File, entry *ast.KeyValueExpr) (*Stored, error) {
	key, ok := entry.Key.(*ast.CallExpr)
	if !ok || calledName(key) != "gvr" {
		return nil, nil
	}
	value, ok := entry.Value.(*ast.CompositeLit)
	if !ok {
		return nil, nil
	}
	names, err := texts(source, pkg, file, key.Args)
	if err != nil || len(names) != 3 {
		return nil, fmt.Errorf("%s: a row without group, version and resource: %w", file.name, err)
	}
	row := &Stored{Group: names[0], Served: names[1], Resource: names[2], AsGroup: names[0], AsVersion: names[1], File: file.name}
	for _, element := range value.Elts {
		member, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		gone, err := row.take(source, pkg, file, member)
		if err != nil || gone {
			return nil, err
		}
	}
	return row, nil
}

// take reads one member of a row and tells whether this minor does not serve it any more.
func (row *Stored) take(source *Source, pkg *Package, file *File, member *ast.KeyValueExpr) (bool, error) {
	switch name := member.Key.(*ast.Ident).Name; name {
	case "ExpectedGVK":
		call, ok := member.Value.(*ast.CallExpr)
		if !ok {
			return false, fmt.Errorf("%s: ExpectedGVK is no call", source.files.Position(member.Pos()))
		}
		as, err := texts(source, pkg, file, call.Args)
		if err != nil {
			return false, err
		}
		row.AsGroup, row.AsVersion = as[0], as[1]
	case "RemovedVersion", "IntroducedVersion":
		minor, err := minorOf(source, pkg, file, member.Value)
		if err != nil {
			return false, err
		}
		if name == "RemovedVersion" {
			return minor <= source.minor, nil
		}
	}
	return false, nil
}

func minorOf(source *Source, pkg *Package, file *File, expr ast.Expr) (int, error) {
	text, err := source.text(pkg, file, expr)
	if err != nil {
		return 0, err
	}
	return minorNumber(text)
}

// minorNumber reads the 31 of `1.31`, also of `v1.31.0`.
func minorNumber(version string) (int, error) {
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	if len(parts) < 2 {
		return 0, fmt.Errorf("%q is no version", version)
	}
	return strconv.Atoi(parts[1])
}

func texts(source *Source, pkg *Package, file *File, exprs []ast.Expr) ([]string, error) {
	var all []string
	for _, expr := range exprs {
		text, err := source.text(pkg, file, expr)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}

func calledName(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}
