// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// pluginName is the pattern of the API, which keeps separators and a leading dot out.
var pluginName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9_.]{0,98}[a-z0-9])?$`)

// findPlugin returns the path of an executable file in dir, or below it where a symbolic link leads: files that come from
// volumes of Kubernetes are such links.
func findPlugin(dir, name string) (string, error) {
	if !pluginName.MatchString(name) {
		return "", fmt.Errorf("%q is not the name of a plugin", name)
	}
	dir, err := filepath.Abs(dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return "", errors.New("the controller's folder of plugins cannot be read; mount it, or correct the flag")
	}
	path, err := filepath.EvalSymlinks(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", errors.New("there is no such file in the controller's folder of plugins; install it there")
	}
	if err != nil {
		return "", errors.New("the file cannot be read; correct its permissions")
	}
	if !strings.HasPrefix(path, dir+string(filepath.Separator)) {
		return "", errors.New("the file is a symbolic link out of the controller's folder of plugins; put the plugin itself there")
	}
	info, err := os.Lstat(path)
	if err != nil {
		return "", errors.New("the file cannot be read; correct its permissions")
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return "", errors.New("the file is not a regular executable file; install the plugin with mode 0755")
	}
	return path, nil
}
