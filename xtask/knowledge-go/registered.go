package main

import (
	"go/ast"
	"go/parser"
	"path/filepath"
	"strconv"
	"strings"
)

// programs are the packages that the programs start from.
var programs = map[string]string{
	"kube-apiserver":          "k8s.io/kubernetes/cmd/kube-apiserver",
	"kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
	"kube-scheduler":          "k8s.io/kubernetes/cmd/kube-scheduler",
	"kubelet":                 "k8s.io/kubernetes/cmd/kubelet",
	"kube-proxy":              "k8s.io/kubernetes/cmd/kube-proxy",
	"kubeadm":                 "k8s.io/kubernetes/cmd/kubeadm",
}

// ownList is the list that only kubeadm reads, and kubeadm reads no other.
const ownList = "k8s.io/kubernetes/cmd/kubeadm/app/features"

// everyGate holds the gates that every set of gates has from the start.
const everyGate = "k8s.io/component-base/featuregate"

// registeredBy tells per package with gates which programs know them: those that import, however far away, a package
// whose start-up registers the gates.
func registeredBy(source *Source, lists []string) (map[string][]string, error) {
	graph := &importGraph{source: source, imports: map[string][]string{}}
	known := map[string][]string{}
	for _, program := range sortedKeys(programs) {
		reached, err := graph.reach(programs[program])
		if err != nil {
			return nil, err
		}
		for _, list := range lists {
			if program == "kubeadm" || list == ownList {
				if program == "kubeadm" && list == ownList {
					known[list] = append(known[list], program)
				}
				continue
			}
			registers, err := graph.registers(reached, list)
			if err != nil {
				return nil, err
			}
			if registers {
				known[list] = append(known[list], program)
			}
		}
	}
	return known, nil
}

func sortedKeys(of map[string]string) []string {
	names := map[string]bool{}
	for name := range of {
		names[name] = true
	}
	return sorted(names)
}

type importGraph struct {
	source  *Source
	imports map[string][]string
}

// reach gives every package of the known modules that is imported from start, start included.
func (g *importGraph) reach(start string) (map[string]bool, error) {
	reached := map[string]bool{}
	queue := []string{start}
	for len(queue) > 0 {
		next := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if reached[next] {
			continue
		}
		reached[next] = true
		imports, err := g.of(next)
		if err != nil {
			return nil, err
		}
		queue = append(queue, imports...)
	}
	return reached, nil
}

func (g *importGraph) of(importPath string) ([]string, error) {
	if found, ok := g.imports[importPath]; ok {
		return found, nil
	}
	var imports []string
	_, folder, ok := g.source.locate(importPath)
	if !ok {
		return nil, nil
	}
	names, err := g.source.goFiles(folder)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		syntax, err := parser.ParseFile(g.source.files, filepath.Join(folder, name), nil, parser.ImportsOnly)
		if err != nil {
			return nil, err
		}
		for _, spec := range syntax.Imports {
			if target, err := strconv.Unquote(spec.Path.Value); err == nil {
				if _, _, ok := g.source.locate(target); ok {
					imports = append(imports, target)
				}
			}
		}
	}
	g.imports[importPath] = imports
	return imports, nil
}

// registers is true where one of the reached packages registers the gates of list: the list's own `init`, or a call of
// its registering function from another package.
func (g *importGraph) registers(reached map[string]bool, list string) (bool, error) {
	if list == everyGate {
		return true, nil
	}
	if !reached[list] {
		return false, nil
	}
	own, err := g.source.parse(list)
	if err != nil {
		return false, err
	}
	if own != nil && hasInit(own) {
		return true, nil
	}
	for importPath := range reached {
		if importPath == list || !contains(g.imports[importPath], list) {
			continue
		}
		pkg, err := g.source.parse(importPath)
		if err != nil {
			return false, err
		}
		if pkg != nil && callsRegistration(pkg, list) {
			return true, nil
		}
	}
	return false, nil
}

func contains(all []string, wanted string) bool {
	for _, one := range all {
		if one == wanted {
			return true
		}
	}
	return false
}

// hasInit tells whether a package adds to the set of gates of the process as it starts.
func hasInit(pkg *Package) bool {
	for _, file := range pkg.files {
		for _, decl := range file.syntax.Decls {
			init, ok := decl.(*ast.FuncDecl)
			if ok && init.Recv == nil && init.Name.Name == "init" && mentions(init, "DefaultMutableFeatureGate") {
				return true
			}
		}
	}
	return false
}

func mentions(node ast.Node, name string) bool {
	found := false
	ast.Inspect(node, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok && selector.Sel.Name == name {
			found = true
		}
		return !found
	})
	return found
}

// callsRegistration knows `x.AddFeatureGates(…)`, `x.SetupCurrentKubernetesSpecificFeatureGates(…)` and client-go's
// `x.AddFeaturesToExistingFeatureGates(…)`.
func callsRegistration(pkg *Package, list string) bool {
	for _, file := range pkg.files {
		found := false
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return !found
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			of, ok := selector.X.(*ast.Ident)
			if ok && file.imports[of.Name] == list && strings.HasSuffix(selector.Sel.Name, "FeatureGates") {
				found = true
			}
			return !found
		})
		if found {
			return true
		}
	}
	return false
}
