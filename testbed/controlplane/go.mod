// Only marks the root of the module: every build takes the pinned go.mod of
// its minor instead (go build -modfile=1.31/go.mod).
module airworthy.dev/testbed/controlplane
