// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
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
// simulation reads.
func newCertificateFile(path string, inputs ...string) (*certificateFile, error) {
	if path == "" {
		return &certificateFile{}, nil
	}
	if info, err := os.Stat(path); err == nil {
		if !info.Mode().IsRegular() {
			return nil, ui.WithHint(fmt.Errorf("writing certificate: %s is not a regular file", path), "give another --certificate")
		}
		for _, input := range inputs {
			if other, err := os.Stat(input); err == nil && os.SameFile(info, other) {
				return nil, ui.WithHint(fmt.Errorf("writing certificate: %s is read by this command", path), "give another --certificate")
			}
		}
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, ui.WithHint(fmt.Errorf("writing certificate: %w", err), "give a --certificate in a folder that exists and that you may write to")
	}
	return &certificateFile{path: path, temp: temp}, nil
}

func (f *certificateFile) write(c *bound.Certificate) error {
	if f.temp == nil {
		return nil
	}
	err := c.Write(f.temp)
	if err == nil {
		err = f.temp.Chmod(0o644)
	}
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
