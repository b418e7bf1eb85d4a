package main

import (
	"go/ast"
	"regexp"
	"strings"
)

// ruleMarkers are the markers that make an API server refuse a value; that a member is required is told apart.
var ruleMarkers = regexp.MustCompile(`^\+k8s:(customUnique|customValidation|dependentForbidden|dependentRequired|enum|forbidden|format|immutable|maxBytes|maxItems|maxLength|maximum|minimum|modeDiscriminator|monotonic|unionMember|unionDiscriminator|unique|update|zeroOrOneOfMember)\b`)

var gateMarker = regexp.MustCompile(`^\+featureGate=(\S+)`)

// marked is true for `Deprecated:` and `DEPRECATED -` at the head of a sentence; other uses of the word are prose.
var marked = regexp.MustCompile(`(?:^|[.] )((?:Deprecated|DEPRECATED)\b[:.,]?.*|(?:This field is|This is) (?:deprecated|DEPRECATED)\b.*)`)

const longestSentence = 160

// describe reads what the comment of a field says in a form that a program can rely on.
func describe(field *Field, doc *ast.CommentGroup) {
	if doc == nil {
		return
	}
	var prose []string
	for _, line := range lines(doc) {
		switch {
		case line == "+required" || line == "+k8s:required":
			field.Required = true
		case gateMarker.MatchString(line):
			field.Gates = append(field.Gates, gateMarker.FindStringSubmatch(line)[1])
		}
		if ruleMarkers.MatchString(line) {
			field.Rules = append(field.Rules, strings.TrimPrefix(line, "+"))
		}
		if !strings.HasPrefix(line, "+") && line != "---" {
			prose = append(prose, line)
		}
	}
	field.Deprecated = deprecation(strings.Join(prose, " "))
}

// deprecation is the first sentence that marks a field as deprecated.
func deprecation(prose string) string {
	found := marked.FindStringSubmatch(prose)
	if found == nil {
		return ""
	}
	sentence, _, cut := strings.Cut(found[1], ". ")
	if cut {
		sentence += "."
	}
	if len(sentence) > longestSentence {
		sentence = strings.ToValidUTF8(sentence[:longestSentence], "") + "…"
	}
	return strings.TrimSpace(sentence)
}

func hasLine(doc *ast.CommentGroup, wanted string) bool {
	if doc == nil {
		return false
	}
	for _, line := range lines(doc) {
		if line == wanted {
			return true
		}
	}
	return false
}

func lines(doc *ast.CommentGroup) []string {
	var all []string
	for _, comment := range doc.List {
		text := strings.TrimPrefix(comment.Text, "//")
		all = append(all, strings.TrimSpace(text))
	}
	return all
}
