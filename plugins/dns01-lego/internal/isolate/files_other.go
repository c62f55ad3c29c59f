// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package isolate

import "errors"

// Files needs Linux.
func Files(content map[string]string) (env map[string]string, remove func(), err error) {
	remove = func() {}
	if len(content) > 0 {
		return nil, remove, errors.New("files by content need Linux")
	}
	return nil, remove, nil
}
