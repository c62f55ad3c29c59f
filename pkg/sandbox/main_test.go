// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
)

// everything is what the tests share.
var everything struct {
	once sync.Once
	s    *Sandbox
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if everything.s != nil {
		if err := everything.s.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if everything.dir != "" {
		os.RemoveAll(everything.dir)
	}
	os.Exit(code)
}

// shared returns one sandbox with all components, for tests that leave it as
// they found it.
func shared(t *testing.T) *Sandbox {
	t.Helper()
	needBinaries(t, Options{ACME: true, KWOK: true, ControllerManager: true})
	everything.once.Do(func() {
		//nolint:usetesting // the folder outlives the first test that asks for it
		if everything.dir, everything.err = os.MkdirTemp("", "sandbox-test-"); everything.err != nil {
			return
		}
		everything.s, everything.err = Start(t.Context(), Options{
			Dir: everything.dir, ACME: true, KWOK: true, ControllerManager: true, Out: os.Stderr,
			// Half of all nonces refused: a client has to retry.
			ACMEEnv: []string{"PEBBLE_WFE_NONCEREJECT=50"},
		})
	})
	if everything.err != nil {
		t.Fatal(everything.err)
	}
	return everything.s
}

// needBinaries skips the test where `make binaries` has not been run.
func needBinaries(t *testing.T, o Options) string {
	t.Helper()
	dir, err := defaultBinDir()
	if err != nil {
		t.Fatal(err)
	}
	o.BinDir = dir
	if err := o.checkBinaries(); errors.Is(err, ErrMissingBinaries) {
		t.Skip(err)
	}
	return dir
}

func clientOf(t *testing.T, s *Sandbox) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(s.Config())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// eventually retries check until it returns nil.
func eventually(t *testing.T, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("gave up: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// processesOf lists the processes whose command line mentions dir.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	if runtime.GOOS != "linux" {
		return nil
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		cmdline, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if bytes.Contains(cmdline, []byte(dir)) {
			found = append(found, strings.ReplaceAll(string(cmdline), "\x00", " "))
		}
	}
	return found
}

// binDirWith links the real binaries and replaces one by a shell script.
func binDirWith(t *testing.T, o Options, name, script string) string {
	t.Helper()
	from, dir := needBinaries(t, o), t.TempDir()
	for _, binary := range o.binaries() {
		if binary == name {
			continue
		}
		if err := os.Symlink(filepath.Join(from, binary), filepath.Join(dir, binary)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
