package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"sort"
	"strings"
)

// Flag is one command-line flag of a component.
type Flag struct {
	Component  string `json:"component"`
	Name       string `json:"name"`
	Module     string `json:"module"`
	File       string `json:"file"`
	Deprecated string `json:"deprecated,omitempty"`
}

// commands are the functions that build the command line of each program.
var commands = map[string][2]string{
	"kube-apiserver":          {"k8s.io/kubernetes/cmd/kube-apiserver/app", "NewAPIServerCommand"},
	"kube-controller-manager": {"k8s.io/kubernetes/cmd/kube-controller-manager/app", "NewControllerManagerCommand"},
	"kube-scheduler":          {"k8s.io/kubernetes/cmd/kube-scheduler/app", "NewSchedulerCommand"},
	"kubelet":                 {"k8s.io/kubernetes/cmd/kubelet/app", "NewKubeletCommand"},
	"kube-proxy":              {"k8s.io/kubernetes/cmd/kube-proxy/app", "NewProxyCommand"},
}

func readFlags(source *Source) ([]Flag, error) {
	checker := newChecker(source)
	var all []Flag
	for component, command := range commands {
		flags, err := flagsOf(checker, component, command[0], command[1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", component, err)
		}
		all = append(all, flags...)
	}
	sort.Slice(all, func(i, j int) bool {
		return all[i].Component+" "+all[i].Name < all[j].Component+" "+all[j].Name
	})
	return all, nil
}

// flagReader walks from the function that builds a command through everything it calls that deals with flags.
type flagReader struct {
	checker    *Checker
	found      map[string]Flag
	deprecated map[string]string
	seen       map[string]bool
	unread     []string
}

func newFlagReader(checker *Checker) *flagReader {
	return &flagReader{checker: checker, found: map[string]Flag{}, deprecated: map[string]string{}, seen: map[string]bool{}}
}

// bindings are the values of parameters that are known where a function is called.
type bindings map[types.Object]string

func flagsOf(checker *Checker, component, importPath, function string) ([]Flag, error) {
	reader := newFlagReader(checker)
	root := checker.load(importPath)
	if root == nil {
		return nil, fmt.Errorf("no module holds %s", importPath)
	}
	start, ok := root.types.Scope().Lookup(function).(*types.Func)
	if !ok {
		return nil, fmt.Errorf("%s has no function %s", importPath, function)
	}
	reader.follow(start, nil)
	reached, err := (&importGraph{source: checker.source, imports: map[string][]string{}}).reach(programs[component])
	if err != nil {
		return nil, err
	}
	if component == "kube-proxy" {
		reader.processFlags(reached)
	}
	if !reached[jsonFormat] {
		reader.withoutJSON()
	}
	if len(reader.unread) > 0 {
		sort.Strings(reader.unread)
		return nil, fmt.Errorf("names of flags that cannot be read:\n%s", strings.Join(reader.unread, "\n"))
	}
	var flags []Flag
	for name, flag := range reader.found {
		flag.Component, flag.Deprecated = component, reader.deprecated[name]
		flags = append(flags, flag)
	}
	return flags, nil
}

// ownSets are functions that fill a set of their own to print it.
var ownSets = map[string]bool{"PrintSections": true, "UnsupportedLoggingFlags": true}

// follow walks the body of a function, once for each set of known parameters.
func (r *flagReader) follow(function *types.Func, known bindings) {
	if function.Pkg() == nil || ownSets[function.Name()] {
		return
	}
	pkg := r.checker.checked[function.Pkg().Path()]
	if pkg == nil || !pkg.flags {
		return
	}
	decl := pkg.funcs[function.Origin()]
	if decl == nil {
		r.implementations(pkg, function, known)
		return
	}
	if pkg.path == logging && function.Name() == "AddFlags" && !r.seen[logging] {
		// What it adds are the flags that it declared as it was loaded.
		r.seen[logging] = true
		r.initializers(pkg)
	}
	key := fmt.Sprintf("%s %v", function.FullName(), sortedValues(known))
	if r.seen[key] || decl.Body == nil {
		return
	}
	r.seen[key] = true
	(&bodyReader{flagReader: r, pkg: pkg, known: known, decl: decl}).walk(decl.Body)
}

func sortedValues(known bindings) []string {
	var all []string
	for object, value := range known {
		all = append(all, object.Name()+"="+value)
	}
	sort.Strings(all)
	return all
}

// implementations follows a method of an interface into the types of the interface's own package.
func (r *flagReader) implementations(pkg *Checked, method *types.Func, known bindings) {
	of := method.Type().(*types.Signature).Recv()
	if of == nil || !types.IsInterface(of.Type()) {
		return
	}
	for candidate, decl := range pkg.funcs {
		if decl.Recv != nil && candidate.Name() == method.Name() {
			r.follow(candidate, known)
		}
	}
}

type bodyReader struct {
	*flagReader
	pkg   *Checked
	known bindings
	decl  *ast.FuncDecl
}

// laterMembers of a command are functions that run after the command line was read.
var laterMembers = map[string]bool{
	"Run": true, "RunE": true, "PreRun": true, "PreRunE": true, "PersistentPreRun": true, "PersistentPreRunE": true, "Args": true,
}

func (b *bodyReader) walk(node ast.Node) {
	ast.Inspect(node, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && laterMembers[key.Name] {
				return false
			}
		case *ast.RangeStmt:
			return !b.loop(n)
		case *ast.CallExpr:
			b.call(n)
		case *ast.AssignStmt:
			b.deprecateAll(n)
		}
		return true
	})
}

// loop walks the body of `for _, name := range []string{"a", "b"}` once for each text, also where the list is a variable of
// the package. Other loops are left to the caller.
func (b *bodyReader) loop(loop *ast.RangeStmt) bool {
	name, named := loop.Value.(*ast.Ident)
	texts, ok := b.texts(b.elements(loop.X))
	if !named || !ok {
		return false
	}
	for _, text := range texts {
		known := bindings{b.pkg.info.Defs[name]: text}
		for object, value := range b.known {
			known[object] = value
		}
		(&bodyReader{flagReader: b.flagReader, pkg: b.pkg, known: known, decl: b.decl}).walk(loop.Body)
	}
	return true
}

func (b *bodyReader) texts(exprs []ast.Expr) ([]string, bool) {
	var all []string
	for _, expr := range exprs {
		text, ok := b.value(expr)
		if !ok {
			return nil, false
		}
		all = append(all, text)
	}
	return all, len(all) > 0
}

func (b *bodyReader) elements(of ast.Expr) []ast.Expr {
	switch e := of.(type) {
	case *ast.CompositeLit:
		return e.Elts
	case *ast.Ident:
		for _, file := range b.pkg.files {
			if list := listNamed(file, e.Name); list != nil {
				return list
			}
		}
	}
	return nil
}

func (b *bodyReader) call(call *ast.CallExpr) {
	callee := b.callee(call)
	if callee == nil {
		return
	}
	signature := callee.Type().(*types.Signature)
	switch {
	case isFlagSetMethod(callee, signature):
		b.declare(call, callee, signature)
	case callee.Pkg() != nil && isKlog(callee.Pkg().Path()) && callee.Name() == "InitFlags":
		b.klog(call)
	case parameter(signature, "globalName") >= 0:
		b.global(call, signature)
	default:
		b.follow(callee, b.bind(call, signature))
	}
}

func (b *bodyReader) callee(call *ast.CallExpr) *types.Func {
	switch f := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		function, _ := b.pkg.info.Uses[f].(*types.Func)
		return function
	case *ast.SelectorExpr:
		function, _ := b.pkg.info.Uses[f.Sel].(*types.Func)
		return function
	}
	return nil
}

// isFlagSetMethod knows the methods of both kinds of flag sets and the functions for the sets of the process.
func isFlagSetMethod(callee *types.Func, signature *types.Signature) bool {
	if callee.Pkg() == nil {
		return false
	}
	if signature.Recv() != nil && types.IsInterface(signature.Recv().Type()) {
		// An interface that both kinds of sets fulfil.
		return parameter(signature, "name") >= 0 && parameter(signature, "usage") >= 0
	}
	of := callee.Pkg().Path()
	if of != "github.com/spf13/pflag" && of != "flag" {
		return false
	}
	return signature.Recv() == nil || strings.HasSuffix(signature.Recv().Type().String(), ".FlagSet")
}

func parameter(signature *types.Signature, name string) int {
	for i := range signature.Params().Len() {
		if signature.Params().At(i).Name() == name {
			return i
		}
	}
	return -1
}

// declare reads the name of a flag where a method of a set takes one.
func (b *bodyReader) declare(call *ast.CallExpr, callee *types.Func, signature *types.Signature) {
	at := parameter(signature, "name")
	switch callee.Name() {
	case "MarkDeprecated":
		if name, ok := b.value(call.Args[0]); ok {
			b.deprecated[normal(name)], _ = b.value(call.Args[1])
		} else {
			b.cannotRead(call)
		}
		return
	case "AddFlag":
		b.lookedUp(call)
		return
	case "Lookup", "Set", "Changed", "MarkHidden", "SetNormalizeFunc", "SetAnnotation", "MarkShorthandDeprecated":
		return
	}
	if at < 0 || at >= len(call.Args) || strings.HasPrefix(callee.Name(), "Get") || callee.Name() == "NewFlagSet" {
		return
	}
	if name, ok := b.value(call.Args[at]); ok {
		b.add(name, call)
	} else if !isCopy(call.Args[at]) {
		b.cannotRead(call)
	}
}

// lookedUp reads `set.AddFlag(other.Lookup("name"))`.
func (b *bodyReader) lookedUp(call *ast.CallExpr) {
	lookup, ok := call.Args[0].(*ast.CallExpr)
	if !ok {
		return
	}
	if callee := b.callee(lookup); callee == nil || callee.Name() != "Lookup" {
		return
	}
	if name, ok := b.value(lookup.Args[0]); ok {
		b.add(name, call)
	} else {
		b.cannotRead(call)
	}
}

// isCopy is true for `f.Name`: a flag of another set, which was read where it was declared.
func isCopy(name ast.Expr) bool {
	selector, ok := name.(*ast.SelectorExpr)
	return ok && selector.Sel.Name == "Name"
}

func (b *bodyReader) cannotRead(call *ast.CallExpr) {
	b.unread = append(b.unread, b.checker.source.files.Position(call.Pos()).String())
}

func (b *bodyReader) add(name string, at ast.Node) {
	name = normal(name)
	if _, ok := b.found[name]; !ok {
		b.found[name] = Flag{Name: name, Module: b.pkg.module, File: b.fileOf(at)}
	}
}

func (b *bodyReader) fileOf(node ast.Node) string {
	for _, file := range b.pkg.files {
		if file.syntax.FileStart <= node.Pos() && node.Pos() < file.syntax.FileEnd {
			return file.name
		}
	}
	return ""
}

// normal is how a flag is written: every program takes `_` for `-`.
func normal(name string) string {
	return strings.ReplaceAll(name, "_", "-")
}

// global reads calls such as `register(global, local, "log_dir")`, which take a flag over from the set of the process.
func (b *bodyReader) global(call *ast.CallExpr, signature *types.Signature) {
	name, ok := b.value(call.Args[parameter(signature, "globalName")])
	if !ok {
		b.cannotRead(call)
		return
	}
	b.add(name, call)
	if at := parameter(signature, "deprecated"); at >= 0 {
		b.deprecated[normal(name)], _ = b.value(call.Args[at])
	}
}

// deprecateAll reads `f.Deprecated = "…"` in a loop over the kubelet's set: it holds for all flags that the function declares,
// but for those that a list in the function excepts.
func (b *bodyReader) deprecateAll(assign *ast.AssignStmt) {
	if b.decl == nil || b.decl.Name.Name != "AddKubeletConfigFlags" || !isDeprecation(assign) {
		return
	}
	words, ok := b.value(assign.Rhs[0])
	if !ok || b.seen["deprecateAll"] {
		return
	}
	inner := newFlagReader(b.checker)
	inner.seen["deprecateAll"] = true
	inner.follow(b.pkg.info.Defs[b.decl.Name].(*types.Func), b.known)
	excepted := b.exceptions()
	for name := range inner.found {
		if b.deprecated[name] == "" && !excepted[name] {
			b.deprecated[name] = words
		}
	}
}

func isDeprecation(assign *ast.AssignStmt) bool {
	if len(assign.Lhs) != 1 {
		return false
	}
	selector, ok := assign.Lhs[0].(*ast.SelectorExpr)
	return ok && selector.Sel.Name == "Deprecated"
}

// exceptions reads `map[string]bool{"v": true}` in the function.
func (b *bodyReader) exceptions() map[string]bool {
	excepted := map[string]bool{}
	ast.Inspect(b.decl, func(node ast.Node) bool {
		list, ok := node.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if _, ok := list.Type.(*ast.MapType); !ok {
			return true
		}
		for _, element := range list.Elts {
			if entry, ok := element.(*ast.KeyValueExpr); ok {
				name, _ := b.value(entry.Key)
				excepted[normal(name)] = true
			}
		}
		return false
	})
	return excepted
}

// bind notes the texts that a call hands over.
func (b *bodyReader) bind(call *ast.CallExpr, signature *types.Signature) bindings {
	known := bindings{}
	for i, arg := range call.Args {
		if i >= signature.Params().Len() {
			break
		}
		if text, ok := b.value(arg); ok {
			known[signature.Params().At(i)] = text
		}
	}
	return known
}

// value is the text of an expression, where it is known.
func (b *bodyReader) value(expr ast.Expr) (string, bool) {
	if known, ok := b.pkg.info.Types[expr]; ok && known.Value != nil && known.Value.Kind() == constant.String {
		return constant.StringVal(known.Value), true
	}
	switch e := expr.(type) {
	case *ast.Ident:
		if text, ok := b.known[b.pkg.info.Uses[e]]; ok {
			return text, true
		}
		return b.local(e)
	case *ast.BinaryExpr:
		left, ok := b.value(e.X)
		right, also := b.value(e.Y)
		return left + right, ok && also
	case *ast.ParenExpr:
		return b.value(e.X)
	case *ast.CallExpr:
		return b.formatted(e)
	}
	return "", false
}

// local is the text that a variable of the function is declared with.
func (b *bodyReader) local(name *ast.Ident) (string, bool) {
	object := b.pkg.info.Uses[name]
	if object == nil || b.decl == nil {
		return "", false
	}
	var text string
	found := false
	ast.Inspect(b.decl, func(node ast.Node) bool {
		assign, ok := node.(*ast.AssignStmt)
		if !ok || len(assign.Lhs) != len(assign.Rhs) {
			return true
		}
		for i, left := range assign.Lhs {
			if ident, ok := left.(*ast.Ident); ok && b.pkg.info.Defs[ident] == object {
				text, found = b.value(assign.Rhs[i])
			}
		}
		return true
	})
	return text, found
}

// formatted reads `fmt.Sprintf("%s-x", prefix)`.
func (b *bodyReader) formatted(call *ast.CallExpr) (string, bool) {
	callee := b.callee(call)
	if callee == nil || callee.FullName() != "fmt.Sprintf" {
		return "", false
	}
	format, ok := b.value(call.Args[0])
	if !ok {
		return "", false
	}
	for _, arg := range call.Args[1:] {
		text, ok := b.value(arg)
		if !ok {
			return "", false
		}
		format = strings.Replace(format, "%s", text, 1)
	}
	return format, !strings.Contains(format, "%")
}
