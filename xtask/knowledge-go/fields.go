package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// kindFolders are the folders whose group-versions are read; types of other packages are read when one of these uses them.
var kindFolders = map[string][]string{
	"k8s.io/api":                     {"."},
	"k8s.io/apiextensions-apiserver": {"pkg/apis"},
	"k8s.io/kube-aggregator":         {"pkg/apis"},
	"k8s.io/apiserver":               {"pkg/apis", "pkg/admission/plugin/webhook/config/apis"},
	"k8s.io/kubelet":                 {"config"},
	"k8s.io/kube-proxy":              {"config"},
	"k8s.io/kube-scheduler":          {"config"},
	"k8s.io/kube-controller-manager": {"config"},
	"k8s.io/pod-security-admission":  {"admission/api"},
	"k8s.io/kubernetes":              {"cmd/kubeadm/app/apis", "plugin/pkg/admission"},
}

// PackageFields are the types of one package.
type PackageFields struct {
	Path   string       `json:"path"`
	Module string       `json:"module"`
	Groups []string     `json:"groups"`
	Types  []TypeFields `json:"types"`
}

// TypeFields is one type: a struct with fields, or another name of a type.
type TypeFields struct {
	Name string `json:"name"`
	File string `json:"file"`
	// Kind is true where objects of this type have apiVersion and kind.
	Kind bool `json:"kind,omitempty"`
	// Opaque types read their own JSON: what is below is not known.
	Opaque bool     `json:"opaque,omitempty"`
	Alias  string   `json:"alias,omitempty"`
	Enum   bool     `json:"enum,omitempty"`
	Values []string `json:"values,omitempty"`
	Fields []Field  `json:"fields,omitempty"`
}

// Field is one member of a struct. One without a name takes the members of its type in.
type Field struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`
	Gates      []string `json:"gates,omitempty"`
	Deprecated string   `json:"deprecated,omitempty"`
	Required   bool     `json:"required,omitempty"`
	Rules      []string `json:"rules,omitempty"`
}

type fieldReader struct {
	source *Source
	queue  []string
	seen   map[string]bool
}

func readFields(source *Source) ([]PackageFields, error) {
	reader := &fieldReader{source: source, seen: map[string]bool{}}
	if err := reader.findKinds(); err != nil {
		return nil, err
	}
	var all []PackageFields
	for len(reader.queue) > 0 {
		next := reader.queue[0]
		reader.queue = reader.queue[1:]
		fields, err := reader.pkg(next)
		if err != nil {
			return nil, err
		}
		if fields != nil {
			all = append(all, *fields)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Path < all[j].Path })
	return all, nil
}

// findKinds queues every folder that is named like a version and registers a group.
func (r *fieldReader) findKinds() error {
	for module, folders := range kindFolders {
		root, ok := r.source.modules[module]
		if !ok {
			continue
		}
		for _, folder := range folders {
			if err := r.walk(module, root, folder); err != nil {
				return err
			}
		}
	}
	sort.Strings(r.queue)
	return nil
}

func (r *fieldReader) walk(module, root, folder string) error {
	return filepath.WalkDir(filepath.Join(root, folder), func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			if entry == nil {
				return nil // this minor has no such folder
			}
			return err
		}
		if !entry.IsDir() {
			return nil
		}
		if base := entry.Name(); base == "testdata" || base == "example" || base == "example2" {
			return filepath.SkipDir
		}
		if isVersion(entry.Name()) {
			relative, err := filepath.Rel(root, name)
			if err != nil {
				return err
			}
			r.add(path.Join(module, filepath.ToSlash(relative)))
		}
		return nil
	})
}

func (r *fieldReader) add(importPath string) {
	if !r.seen[importPath] {
		r.seen[importPath] = true
		r.queue = append(r.queue, importPath)
	}
}

func (r *fieldReader) pkg(importPath string) (*PackageFields, error) {
	pkg, err := r.source.parse(importPath)
	if err != nil || pkg == nil {
		return nil, err
	}
	fields := &PackageFields{Path: importPath, Module: pkg.module, Groups: groups(pkg)}
	opaque := ownJSON(pkg)
	values := constantsByType(pkg)
	for _, file := range pkg.files {
		if generated(file.name) {
			continue
		}
		for _, decl := range file.syntax.Decls {
			types, ok := decl.(*ast.GenDecl)
			if !ok || types.Tok != token.TYPE {
				continue
			}
			for _, spec := range types.Specs {
				one, err := r.typ(pkg, file, types, spec.(*ast.TypeSpec))
				if err != nil {
					return nil, err
				}
				one.Opaque = opaque[one.Name]
				one.Values = values[one.Name]
				fields.Types = append(fields.Types, one)
			}
		}
	}
	sort.Slice(fields.Types, func(i, j int) bool { return fields.Types[i].Name < fields.Types[j].Name })
	return fields, nil
}

func generated(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, "zz_generated") || strings.HasPrefix(base, "generated.") ||
		strings.HasPrefix(base, "types_swagger_doc")
}

// groups are the API groups that a package registers kinds in; the API server's files have two, of which the sources say only
// in code which kind is in which.
func groups(pkg *Package) []string {
	var all []string
	for _, name := range []string{"GroupName", "ConfigGroupName"} {
		if value, ok := pkg.consts[name]; ok {
			all = append(all, value)
		}
	}
	return all
}

// ownJSON names the types that read JSON in their own way.
func ownJSON(pkg *Package) map[string]bool {
	own := map[string]bool{}
	for _, file := range pkg.files {
		for _, decl := range file.syntax.Decls {
			method, ok := decl.(*ast.FuncDecl)
			if ok && method.Recv != nil && method.Name.Name == "UnmarshalJSON" {
				own[receiver(method)] = true
			}
		}
	}
	return own
}

func receiver(method *ast.FuncDecl) string {
	of := method.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	if name, ok := of.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

// constantsByType collects the texts of typed constants, sorted.
func constantsByType(pkg *Package) map[string][]string {
	values := map[string][]string{}
	for _, file := range pkg.files {
		for _, decl := range file.syntax.Decls {
			consts, ok := decl.(*ast.GenDecl)
			if !ok || consts.Tok != token.CONST {
				continue
			}
			for _, spec := range consts.Specs {
				value := spec.(*ast.ValueSpec)
				of, ok := value.Type.(*ast.Ident)
				if !ok {
					continue
				}
				for _, expr := range value.Values {
					if text, ok := literal(expr); ok {
						values[of.Name] = append(values[of.Name], text)
					}
				}
			}
		}
	}
	for of := range values {
		sort.Strings(values[of])
	}
	return values
}

func (r *fieldReader) typ(pkg *Package, file *File, group *ast.GenDecl, spec *ast.TypeSpec) (TypeFields, error) {
	one := TypeFields{Name: spec.Name.Name, File: file.name, Enum: hasLine(docOf(group, spec), "+enum")}
	members, ok := spec.Type.(*ast.StructType)
	if !ok {
		one.Alias = r.reference(pkg, file, spec.Type)
		return one, nil
	}
	for _, member := range members.Fields.List {
		field, inline, err := r.field(pkg, file, member)
		if err != nil {
			return one, err
		}
		if field == nil {
			continue
		}
		if inline && strings.HasSuffix(field.Type, "apis/meta/v1.TypeMeta") {
			one.Kind = true
		}
		one.Fields = append(one.Fields, *field)
	}
	return one, nil
}

func docOf(group *ast.GenDecl, spec *ast.TypeSpec) *ast.CommentGroup {
	if spec.Doc != nil {
		return spec.Doc
	}
	return group.Doc
}

// field reads one member. Members without a JSON name that are not taken in do not exist on the wire.
func (r *fieldReader) field(pkg *Package, file *File, member *ast.Field) (*Field, bool, error) {
	name, inline, err := jsonName(member)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", r.source.files.Position(member.Pos()), err)
	}
	if name == "" && !inline {
		return nil, false, nil
	}
	field := &Field{Name: name, Type: r.reference(pkg, file, member.Type)}
	describe(field, member.Doc)
	return field, inline, nil
}

func jsonName(member *ast.Field) (name string, inline bool, err error) {
	embedded := len(member.Names) == 0
	if member.Tag == nil {
		return "", embedded, nil
	}
	tag, err := strconv.Unquote(member.Tag.Value)
	if err != nil {
		return "", false, err
	}
	json, _ := reflect.StructTag(tag).Lookup("json")
	name, options, _ := strings.Cut(json, ",")
	if name == "-" {
		return "", false, nil
	}
	inline = name == "" && (embedded || strings.Contains(options, "inline"))
	return name, inline, nil
}

// reference writes a type as a text: `[]` for lists and `{}` for maps before the name, pointers left out.
func (r *fieldReader) reference(pkg *Package, file *File, expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.StarExpr:
		return r.reference(pkg, file, e.X)
	case *ast.ArrayType:
		if name, ok := e.Elt.(*ast.Ident); ok && name.Name == "byte" {
			return "string"
		}
		return "[]" + r.reference(pkg, file, e.Elt)
	case *ast.MapType:
		return "{}" + r.reference(pkg, file, e.Value)
	case *ast.Ident:
		return scalar(e.Name)
	case *ast.SelectorExpr:
		if name, ok := e.X.(*ast.Ident); ok {
			return r.foreign(file.imports[name.Name], e.Sel.Name)
		}
	}
	return "any"
}

func (r *fieldReader) foreign(importPath, name string) string {
	if _, _, ok := r.source.locate(importPath); !ok {
		return "any"
	}
	r.add(importPath)
	return importPath + "." + name
}

// scalar gives all numbers one name, since they look alike in a manifest.
func scalar(name string) string {
	switch name {
	case "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "float32", "float64":
		return "number"
	}
	return name
}
