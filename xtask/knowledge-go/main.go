// Reads facts out of the Go sources of one Kubernetes minor and prints them as JSON.
//
// Usage: knowledge fields|gates|flags|plugins|storage < modules.json
//
// The input names the folder of each Go module at that minor:
//
//	{"minor": 31, "modules": {"k8s.io/api": "/path/to/k8s.io/api@v0.31.14"}}
//
// Only the standard library is used, so that building it needs no network. Whatever the sources say in a way that is not
// understood is an error: a fact is read or it is missing, it is never guessed.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: knowledge fields|gates|flags|plugins|storage < modules.json"))
	}
	source, err := readSource(os.Stdin)
	if err != nil {
		fail(err)
	}
	facts, err := read(os.Args[1], source)
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(facts); err != nil {
		fail(err)
	}
}

func read(what string, source *Source) (any, error) {
	switch what {
	case "fields":
		return readFields(source)
	case "gates":
		return readGates(source)
	case "flags":
		return readFlags(source)
	case "plugins":
		return readPlugins(source)
	case "storage":
		return readStorage(source)
	}
	return nil, fmt.Errorf("nothing is called %q", what)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "knowledge:", err)
	os.Exit(1)
}
