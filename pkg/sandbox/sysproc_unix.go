// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux

package sandbox

import "syscall"

// sysProcAttr puts the child into its own process group, so that a Ctrl-C in
// the terminal reaches only the parent, which stops the children in order.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
