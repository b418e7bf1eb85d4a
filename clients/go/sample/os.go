package main

import "syscall"

// The vendor's samples read their keys with os.Getenv and do not import os. This stands in for it.
var os environment

type environment struct{}

func (environment) Getenv(name string) string {
	value, _ := syscall.Getenv(name)
	return value
}
