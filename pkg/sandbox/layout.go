// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// layout is the sandbox's folder.
type layout struct {
	dir  string
	lock *os.File
}

const lockName = "sandbox.lock"

// newLayout takes possession of dir. It refuses a folder that another sandbox
// runs in, and one with content that no sandbox has put there.
func newLayout(dir string) (*layout, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the sandbox's folder: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the sandbox's folder: %w", err)
	}
	l := &layout{dir: dir}
	if _, err := os.Stat(l.path(lockName)); err != nil && len(entries) > 0 {
		return nil, fmt.Errorf("using %s for a sandbox: it holds other files; choose an empty folder", dir)
	}
	l.lock, err = os.OpenFile(l.path(lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the sandbox's folder: %w", err)
	}
	if err := syscall.Flock(int(l.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		l.lock.Close()
		return nil, fmt.Errorf("locking %s: %w; stop the sandbox that runs in it or choose another folder", dir, err)
	}
	if err := l.prepare(); err != nil {
		return nil, errors.Join(err, l.lock.Close())
	}
	return l, nil
}

func (l *layout) prepare() error {
	if err := os.Chmod(l.dir, 0o700); err != nil {
		return fmt.Errorf("protecting the sandbox's folder: %w", err)
	}
	if err := l.clean(); err != nil {
		return err
	}
	for _, dir := range []string{l.logs(), l.data(), l.kubeconfigs()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("creating the sandbox's folders: %w", err)
		}
	}
	return nil
}

// clean removes data and credentials.
func (l *layout) clean() error {
	var errs []error
	for _, path := range []string{l.data(), l.pki(), l.kubeconfigs(), l.kubeconfig()} {
		errs = append(errs, os.RemoveAll(path))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("cleaning the sandbox's folder: %w", err)
	}
	return nil
}

// close cleans the folder and gives it up.
func (l *layout) close() error { return errors.Join(l.clean(), l.lock.Close()) }

func (l *layout) path(name string) string { return filepath.Join(l.dir, name) }

func (l *layout) logs() string        { return l.path("logs") }
func (l *layout) data() string        { return l.path("data") }
func (l *layout) pki() string         { return l.path("pki") }
func (l *layout) kubeconfigs() string { return l.path("kubeconfigs") }
func (l *layout) kubeconfig() string  { return l.path("kubeconfig") }

// environ is the environment of the sandbox's own processes: nothing that the
// caller has set for other clusters or servers reaches them.
func (l *layout) environ() []string {
	return []string{"HOME=" + l.data(), "TMPDIR=" + l.data(), "PATH=" + os.Getenv("PATH")}
}
