// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
	"github.com/tollgate-dev/tollgate/pkg/simulator/bound"
)

// certificateFile is a file that is there whole or not at all. It is opened
// before hours of work, so that a wrong path is told at once.
type certificateFile struct {
	path string
	temp *os.File // nil for none, or when it has been written
}

// newCertificateFile refuses to replace what is not a regular file, and what the
// simulation reads. A file that is there keeps its permissions, and of a symbolic
// link what it points to is written.
func newCertificateFile(path string, inputs ...string) (*certificateFile, error) {
	if path == "" {
		return &certificateFile{}, nil
	}
	path, mode := followed(path), os.FileMode(0o666) // less the umask
	info, err := os.Stat(path)
	if err == nil {
		mode = info.Mode().Perm()
		if !info.Mode().IsRegular() {
			return nil, ui.WithHint(fmt.Errorf("writing certificate: %s is not a regular file", path), "give another --certificate")
		}
		for _, input := range inputs {
			if other, err := os.Stat(input); err == nil && os.SameFile(info, other) {
				return nil, ui.WithHint(fmt.Errorf("writing certificate: %s is read by this command", path), "give another --certificate")
			}
		}
	}
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text())
	temp, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, ui.WithHint(fmt.Errorf("writing certificate: %w", err), "give a --certificate in a folder that exists and that you may write to")
	}
	if info != nil {
		_ = temp.Chmod(mode) // that it had, whatever the umask is; the content counts
	}
	return &certificateFile{path: path, temp: temp}, nil
}

// followed returns what a symbolic link points to, be it there or not; path if it
// is none.
func followed(path string) string {
	const most = 40 // links to links
	for range most {
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Dir(path) + string(filepath.Separator) + to // not cleaned: folders may be links too
		}
		path = to
	}
	return path
}

// write writes nothing for no certificate.
func (f *certificateFile) write(c *bound.Certificate) error {
	if f.temp == nil || c == nil {
		return nil
	}
	err := c.Write(f.temp)
	if closing := f.temp.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.temp.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("writing certificate to %s: %w", f.path, err)
	}
	f.temp = nil
	return nil
}

// discard removes what was not written to the end.
func (f *certificateFile) discard() {
	if f.temp != nil {
		_ = f.temp.Close()
		_ = os.Remove(f.temp.Name())
	}
}
