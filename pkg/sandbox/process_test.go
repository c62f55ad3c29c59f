// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStartProcess(t *testing.T) {
	s := shared(t)
	spec := Spec{Name: "greeter", Path: "/bin/sh", Args: []string{"-c", `echo "hello $WHOM"; exec sleep 1000`}, Env: []string{"WHOM=world"}}
	first, err := s.StartProcess(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.StartProcess(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "is running") {
		t.Errorf("a second process of the name = %v", err)
	}
	waitFor(t, first, "hello world")
	if err := first.Stop(); err != nil {
		t.Error(err)
	}
	<-first.Done()

	spec.Env = []string{"WHOM=again"}
	second, err := s.StartProcess(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, second, "hello again")
	if err := second.Kill(); err != nil {
		t.Error(err)
	}
	if second.Stop() != nil || second.Kill() != nil {
		t.Error("stopping an ended process is an error")
	}
	if second.Log() != filepath.Join(s.LogDir(), "greeter.log") {
		t.Errorf("Log() = %s", second.Log())
	}
	log, err := os.ReadFile(second.Log())
	if err != nil || string(log) != "hello world\nhello again\n" {
		t.Errorf("log = %q, %v; it should be appended to", log, err)
	}
	if got := second.output(); got != "hello again\n" {
		t.Errorf("output() = %q; it should be that of the last run", got)
	}
}

func TestStartProcessFails(t *testing.T) {
	for _, spec := range []Spec{{Name: "../escape", Path: "/bin/true"}, {Path: "/bin/true"}, {Name: "absent", Path: "/no/such/file"}} {
		if _, err := startProcess(spec, t.TempDir()); err == nil {
			t.Errorf("%+v was started", spec)
		}
	}
	if _, err := shared(t).StartProcess(cancelled(), Spec{Name: "late", Path: "/bin/true"}); err == nil {
		t.Error("a process was started for a context that is done")
	}
}

func TestStopReachesTheGroup(t *testing.T) {
	dir := t.TempDir()
	p, err := startProcess(Spec{
		Name: "parent", Path: "/bin/sh",
		Args: []string{"-c", `sh -c 'trap "" TERM; echo up; while :; do sleep 1; done' "$0" & wait`, dir},
	}, dir)
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, p, "up")
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	// SIGKILL was sent to the whole group; members that are not our children end in their own time.
	eventually(t, func(context.Context) error {
		if left := processesOf(t, dir); len(left) > 0 {
			return fmt.Errorf("processes are left: %q", left)
		}
		return nil
	})
}

func TestProcessErrorShowsTheEnd(t *testing.T) {
	err := &processError{name: "etcd", what: "ended with exit status 1", log: "/logs/etcd.log",
		output: strings.Repeat("noise\n", 100) + strings.Repeat("x", 1000) + "\nlast words\n"}
	got := err.Error()
	if strings.Count(got, "\n") != 10 || !strings.HasSuffix(got, "...\n\tlast words") || !strings.Contains(got, "/logs/etcd.log") {
		t.Errorf("error = %q", got)
	}
}

func TestFreePort(t *testing.T) {
	seen := map[int]bool{}
	for range 50 {
		port, err := FreePort()
		if err != nil {
			t.Fatal(err)
		}
		if seen[port] || port < firstPort || port > lastPort {
			t.Errorf("port %d is out of range or was given twice", port)
		}
		seen[port] = true
	}
}

// waitFor waits until p has logged text.
func waitFor(t *testing.T, p *Process, text string) {
	t.Helper()
	eventually(t, func(context.Context) error {
		if out := p.output(); !strings.Contains(out, text) {
			return fmt.Errorf("%q is not in the log: %q", text, out)
		}
		return nil
	})
}
