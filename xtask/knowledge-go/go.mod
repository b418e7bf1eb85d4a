module airworthy.dev/xtask/knowledge

go 1.22
