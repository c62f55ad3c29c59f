// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package isolate

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// Files makes a file in memory of each content, and returns the settings with
// the paths of these files. Nothing is written to a disk: the plugin may have
// no folder that it can write to. The caller calls remove in any case.
func Files(content map[string]string) (env map[string]string, remove func(), err error) {
	var files []*os.File
	remove = func() {
		for _, f := range files {
			_ = f.Close() // the file is gone with its last descriptor
		}
	}
	env = map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(content)) {
		fd, err := unix.MemfdCreate(key, unix.MFD_CLOEXEC)
		if err != nil {
			return nil, remove, fmt.Errorf("making a file for files.%s: %w", key, err)
		}
		f := os.NewFile(uintptr(fd), key)
		files = append(files, f)
		if _, err := f.WriteString(content[key]); err != nil {
			return nil, remove, fmt.Errorf("writing files.%s: %w", key, err)
		}
		// The path opens the file anew, at its beginning (proc(5)).
		env[key] = fmt.Sprintf("/proc/self/fd/%d", fd)
	}
	return env, remove, nil
}
