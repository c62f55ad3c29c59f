// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// modulePath is the first line of the go.mod that marks the repository's root.
const modulePath = "module github.com/tollgate-dev/tollgate"

// Names of the binaries in Options.BinDir.
const (
	binEtcd              = "etcd"
	binAPIServer         = "kube-apiserver"
	binControllerManager = "kube-controller-manager"
	binKWOK              = "kwok"
	binPebble            = "pebble"
	binChallTest         = "pebble-challtestsrv"
)

// Options says what a sandbox consists of. The zero value is etcd and
// kube-apiserver alone.
type Options struct {
	// Dir receives data, credentials and logs, and gets mode 0700. It must be
	// missing, empty or left by an earlier sandbox. Defaults to a fresh folder
	// under _output/sandbox in the repository.
	Dir string

	// BinDir holds the binaries. Defaults to _output/bin in the repository.
	BinDir string

	// ACME starts Pebble and its DNS server (pebble-challtestsrv).
	ACME bool

	// ACMEEnv is added to Pebble's environment as KEY=value, for example
	// PEBBLE_WFE_NONCEREJECT=0. Later entries win, also over the default
	// PEBBLE_VA_NOSLEEP=1.
	ACMEEnv []string

	// KWOK starts kwok, which manages all nodes annotated
	// kwok.x-k8s.io/node=fake and runs the pods bound to them.
	KWOK bool

	// ControllerManager starts kube-controller-manager with all its default
	// controllers. Without it, nothing creates the namespaces' default
	// ServiceAccounts and nothing removes the not-ready taint of new nodes, so
	// kube-apiserver then runs without the ServiceAccount and
	// TaintNodesByCondition admission plugins.
	ControllerManager bool

	// APIServerArgs are added to kube-apiserver's command line, for example
	// --feature-gates=MutatingAdmissionPolicy=true.
	APIServerArgs []string

	// Out receives one line per component that became ready. Defaults to
	// discarding them.
	Out io.Writer
}

// withDefaults returns o with the defaults filled in and all paths absolute.
func (o Options) withDefaults() (Options, error) {
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.BinDir == "" {
		dir, err := defaultBinDir()
		if err != nil {
			return o, err
		}
		o.BinDir = dir
	}
	if o.Dir == "" {
		root, err := RepoRoot()
		if err != nil {
			return o, fmt.Errorf("choosing the sandbox's folder: %w; set Options.Dir", err)
		}
		parent := filepath.Join(root, "_output", "sandbox")
		if err := os.MkdirAll(parent, 0o755); err != nil {
			return o, fmt.Errorf("creating the sandbox's folder: %w", err)
		}
		dir, err := os.MkdirTemp(parent, time.Now().Format("20060102-150405-"))
		if err != nil {
			return o, fmt.Errorf("creating the sandbox's folder: %w", err)
		}
		o.Dir = dir
	}
	for _, dir := range []*string{&o.Dir, &o.BinDir} {
		abs, err := filepath.Abs(*dir)
		if err != nil {
			return o, fmt.Errorf("resolving %q: %w", *dir, err)
		}
		*dir = abs
	}
	return o, nil
}

// binaries lists what the options need.
func (o Options) binaries() []string {
	names := []string{binEtcd, binAPIServer}
	if o.ControllerManager {
		names = append(names, binControllerManager)
	}
	if o.KWOK {
		names = append(names, binKWOK)
	}
	if o.ACME {
		names = append(names, binPebble, binChallTest)
	}
	return names
}

// checkBinaries fails with the names of all missing binaries at once.
func (o Options) checkBinaries() error {
	var missing []string
	for _, name := range o.binaries() {
		info, err := os.Stat(filepath.Join(o.BinDir, name))
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("finding the sandbox's binaries in %s: %w: %s: run `make binaries`",
			o.BinDir, ErrMissingBinaries, strings.Join(missing, ", "))
	}
	return nil
}

// ErrMissingBinaries is wrapped by Start's error when Options.BinDir lacks a
// binary that the options need.
var ErrMissingBinaries = errors.New("missing or not executable")

// RepoRoot returns the root of the repository that the working directory is in.
func RepoRoot() (string, error) {
	wd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if first, _, _ := strings.Cut(string(data), "\n"); err == nil && strings.TrimSpace(first) == modulePath {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("finding the repository: no folder above %s has a go.mod with %q", wd, modulePath)
		}
	}
}

// defaultBinDir is _output/bin in the repository or, outside of it, the folder
// of the running executable.
func defaultBinDir() (string, error) {
	root, err := RepoRoot()
	if err == nil {
		return filepath.Join(root, "_output", "bin"), nil
	}
	exe, exeErr := os.Executable()
	if exeErr != nil {
		return "", fmt.Errorf("choosing the folder of binaries: %w; set Options.BinDir", err)
	}
	return filepath.Dir(exe), nil
}
