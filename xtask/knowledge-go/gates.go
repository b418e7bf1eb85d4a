package main

import (
	"fmt"
	"go/ast"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// Gate is one feature gate as one list of the sources has it at this minor.
type Gate struct {
	Name       string   `json:"name"`
	Module     string   `json:"module"`
	File       string   `json:"file"`
	Stage      string   `json:"stage"`
	Default    bool     `json:"default"`
	Locked     bool     `json:"locked"`
	Components []string `json:"components"`
}

// Spec is one stage of a gate's life; since is zero where the list has no versions. With compatible, it holds only on servers
// that need not stay compatible with minors before that one; by default, each stays so with the minor before its own.
type Spec struct {
	since      int
	compatible int
	stage      string
	enabled    bool
	locked     bool
}

// gateFolders are the folders that may hold lists of gates, per module.
var gateFolders = map[string][]string{
	"k8s.io/kubernetes":                  {"pkg/features", "cmd/kubeadm/app/features"},
	"k8s.io/apiserver":                   {"pkg/features"},
	"k8s.io/apiextensions-apiserver":     {"pkg/features"},
	"k8s.io/client-go":                   {"features"},
	"k8s.io/controller-manager":          {"pkg/features"},
	"k8s.io/cloud-provider":              {"."},
	"k8s.io/component-base":              {"."},
	"k8s.io/kube-aggregator":             {"pkg"},
	"k8s.io/kubelet":                     {"."},
	"k8s.io/dynamic-resource-allocation": {"."},
	"k8s.io/endpointslice":               {"."},
	"k8s.io/pod-security-admission":      {"."},
}

var gateList = regexp.MustCompile(`\b(FeatureSpec|VersionedSpecs|FeatureList)\s*\{|\]\s*(featuregate\.)?(FeatureSpec|VersionedSpecs)\b`)

type gateReader struct {
	source     *Source
	components map[string][]string
}

func readGates(source *Source) ([]Gate, error) {
	reader := &gateReader{source: source}
	packages, err := reader.packages()
	if err != nil {
		return nil, err
	}
	if reader.components, err = registeredBy(source, packages); err != nil {
		return nil, err
	}
	var gates []Gate
	for _, importPath := range packages {
		found, err := reader.pkg(importPath)
		if err != nil {
			return nil, err
		}
		gates = append(gates, found...)
	}
	return distinct(gates)
}

// packages finds those with a list of gates.
func (r *gateReader) packages() ([]string, error) {
	found := map[string]bool{}
	for module, folders := range gateFolders {
		root, ok := r.source.modules[module]
		if !ok {
			continue
		}
		for _, folder := range folders {
			err := filepath.WalkDir(filepath.Join(root, folder), func(name string, entry fs.DirEntry, err error) error {
				if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
					return ignoreMissing(err)
				}
				content, err := os.ReadFile(name)
				if err != nil || !gateList.Match(content) {
					return err
				}
				relative, err := filepath.Rel(root, filepath.Dir(name))
				found[path.Join(module, filepath.ToSlash(relative))] = true
				return err
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return sorted(found), nil
}

func ignoreMissing(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

func sorted(set map[string]bool) []string {
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (r *gateReader) pkg(importPath string) ([]Gate, error) {
	pkg, err := r.source.parse(importPath)
	if err != nil || pkg == nil {
		return nil, err
	}
	var gates []Gate
	for _, file := range pkg.files {
		var broken error
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			list, ok := node.(*ast.CompositeLit)
			if !ok || broken != nil || !isGateList(list) {
				return broken == nil
			}
			found, err := r.list(pkg, file, list)
			gates, broken = append(gates, found...), err
			return false
		})
		if broken != nil {
			return nil, broken
		}
	}
	return gates, nil
}

// isGateList knows `map[Feature]FeatureSpec{…}`, `map[Feature]VersionedSpecs{…}` and kubeadm's `FeatureList{…}`.
func isGateList(list *ast.CompositeLit) bool {
	of := list.Type
	if m, ok := of.(*ast.MapType); ok {
		of = m.Value
		return typeName(of) == "FeatureSpec" || typeName(of) == "VersionedSpecs"
	}
	return typeName(of) == "FeatureList"
}

func typeName(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func (r *gateReader) list(pkg *Package, file *File, list *ast.CompositeLit) ([]Gate, error) {
	var gates []Gate
	for _, element := range list.Elts {
		entry, ok := element.(*ast.KeyValueExpr)
		if !ok {
			return nil, fmt.Errorf("%s: an entry without a name", r.source.files.Position(element.Pos()))
		}
		name, err := r.source.text(pkg, file, entry.Key)
		if err != nil {
			return nil, err
		}
		spec, err := r.spec(pkg, entry.Value)
		if err != nil {
			return nil, fmt.Errorf("gate %s: %w", name, err)
		}
		if spec == nil {
			continue // a later minor's gate
		}
		gates = append(gates, Gate{
			Name: name, Module: pkg.module, File: file.name, Stage: spec.stage,
			Default: spec.enabled, Locked: spec.locked, Components: r.components[pkg.path],
		})
	}
	return gates, nil
}

// spec is what holds at this minor: the newest one that is not newer.
func (r *gateReader) spec(pkg *Package, value ast.Expr) (*Spec, error) {
	list, ok := value.(*ast.CompositeLit)
	if !ok {
		return nil, fmt.Errorf("%s: no literal", r.source.files.Position(value.Pos()))
	}
	specs, err := r.specs(pkg, list)
	if err != nil {
		return nil, err
	}
	var best *Spec
	for i := range specs {
		holds := specs[i].since <= r.source.minor && specs[i].compatible < r.source.minor
		if holds && (best == nil || best.since <= specs[i].since) {
			best = &specs[i]
		}
	}
	return best, nil
}

func (r *gateReader) specs(pkg *Package, list *ast.CompositeLit) ([]Spec, error) {
	var specs []Spec
	if len(list.Elts) == 0 {
		return []Spec{{stage: "GA"}}, nil
	}
	if _, single := list.Elts[0].(*ast.KeyValueExpr); single {
		spec, err := r.one(pkg, list)
		return []Spec{spec}, err
	}
	for _, element := range list.Elts {
		one, ok := element.(*ast.CompositeLit)
		if !ok {
			return nil, fmt.Errorf("%s: no literal", r.source.files.Position(element.Pos()))
		}
		spec, err := r.one(pkg, one)
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

func (r *gateReader) one(pkg *Package, list *ast.CompositeLit) (Spec, error) {
	// The zero value of the stage is GA.
	spec := Spec{stage: "GA"}
	for _, element := range list.Elts {
		member, ok := element.(*ast.KeyValueExpr)
		if !ok {
			return spec, fmt.Errorf("%s: a member without a name", r.source.files.Position(element.Pos()))
		}
		if err := r.member(pkg, &spec, member); err != nil {
			return spec, err
		}
	}
	return spec, nil
}

func (r *gateReader) member(pkg *Package, spec *Spec, member *ast.KeyValueExpr) (err error) {
	switch typeName(member.Key) {
	case "Default":
		spec.enabled, err = r.truth(pkg, member.Value)
	case "LockToDefault":
		spec.locked, err = r.truth(pkg, member.Value)
	case "PreRelease":
		spec.stage, err = stage(member.Value)
	case "Version":
		spec.since, err = r.since(member.Value)
	case "MinCompatibilityVersion":
		spec.compatible, err = r.since(member.Value)
	case "MinimumVersion", "HiddenInHelpText", "DeprecationMessage": // of kubeadm
	case "FeatureSpec": // of kubeadm
		inner, ok := member.Value.(*ast.CompositeLit)
		if !ok {
			return fmt.Errorf("%s: no literal", r.source.files.Position(member.Pos()))
		}
		*spec, err = r.one(pkg, inner)
	default:
		return fmt.Errorf("%s: a member that is not known", r.source.files.Position(member.Pos()))
	}
	return err
}

// truth reads `true`, `false` and the name of a constant or variable that is one of the two.
func (r *gateReader) truth(pkg *Package, expr ast.Expr) (bool, error) {
	name := typeName(expr)
	if value, err := strconv.ParseBool(name); err == nil {
		return value, nil
	}
	for _, file := range pkg.files {
		for _, decl := range file.syntax.Decls {
			if value, ok := boolNamed(decl, name); ok {
				return value, nil
			}
		}
	}
	return false, fmt.Errorf("%s: neither true nor false", r.source.files.Position(expr.Pos()))
}

func boolNamed(decl ast.Decl, name string) (bool, bool) {
	group, ok := decl.(*ast.GenDecl)
	if !ok {
		return false, false
	}
	for _, spec := range group.Specs {
		values, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for i, ident := range values.Names {
			if ident.Name == name && i < len(values.Values) {
				value, err := strconv.ParseBool(typeName(values.Values[i]))
				return value, err == nil
			}
		}
	}
	return false, false
}

func stage(expr ast.Expr) (string, error) {
	switch name := typeName(expr); name {
	case "Alpha", "Beta", "GA", "Deprecated":
		return name, nil
	case "PreAlpha":
		return "PreAlpha", nil
	default:
		if text, ok := literal(expr); ok && text == "" {
			return "GA", nil
		}
		return "", fmt.Errorf("the stage %q is not known", name)
	}
}

// since reads `version.MustParse("1.31")` and `version.MajorMinor(1, 31)`.
func (r *gateReader) since(expr ast.Expr) (int, error) {
	call, ok := expr.(*ast.CallExpr)
	if !ok {
		return 0, fmt.Errorf("%s: no version", r.source.files.Position(expr.Pos()))
	}
	if len(call.Args) == 2 {
		major, minor := call.Args[0].(*ast.BasicLit), call.Args[1].(*ast.BasicLit)
		if major.Value == "0" {
			return 0, nil
		}
		return strconv.Atoi(minor.Value)
	}
	text, ok := literal(call.Args[0])
	if !ok {
		return 0, fmt.Errorf("%s: no version", r.source.files.Position(expr.Pos()))
	}
	return minorNumber(text)
}

// distinct drops rows that say the same and refuses two that differ for the same component.
func distinct(gates []Gate) ([]Gate, error) {
	seen := map[string]Gate{}
	var kept []Gate
	for _, gate := range gates {
		key := gate.Name + " " + strings.Join(gate.Components, ",") + " " + gate.Module
		other, twice := seen[key]
		if !twice {
			seen[key] = gate
			kept = append(kept, gate)
			continue
		}
		if other.Stage != gate.Stage || other.Default != gate.Default || other.Locked != gate.Locked {
			return nil, fmt.Errorf("gate %s is told in two ways: %+v and %+v", gate.Name, other, gate)
		}
	}
	sort.Slice(kept, func(i, j int) bool {
		a, b := kept[i], kept[j]
		return a.Name+" "+a.Module+" "+a.File < b.Name+" "+b.Module+" "+b.File
	})
	return kept, nil
}
