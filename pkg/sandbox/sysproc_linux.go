// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import "syscall"

// sysProcAttr puts the child into its own process group, so that a Ctrl-C in
// the terminal reaches only the parent, which stops the children in order. The
// kernel kills the child when the parent dies without having done so.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
