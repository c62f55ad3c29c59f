// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command etcd is etcd, built from its module for the sandbox: installing
// etcd's own main package by version is refused because of its replace
// directives, and its module graph does not fit the main module's.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
