// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

// CrashAfter makes the executor fail after the effects for which f returns an error.
func (e *Executor) CrashAfter(f func(effect string) error) { e.crash = f }
