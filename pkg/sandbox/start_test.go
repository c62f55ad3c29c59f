// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

func TestStartIsReady(t *testing.T) {
	s := shared(t)
	body, err := clientOf(t, s).Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(t.Context())
	if err != nil || string(body) != "ok" {
		t.Errorf("/readyz = %q, %v", body, err)
	}
	want := map[string]os.FileMode{s.Dir(): 0o700, s.LogDir(): 0o700, s.Kubeconfig(): 0o600}
	got := map[string]os.FileMode{}
	for path := range want {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		got[path] = info.Mode().Perm()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("modes (-want, +got):\n%s", diff)
	}
}

func TestStartRefuses(t *testing.T) {
	bin := needBinaries(t, Options{})
	occupied := t.TempDir()
	if err := os.WriteFile(filepath.Join(occupied, "thesis.tex"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	cases := []struct {
		name string
		o    Options
		want []string
	}{
		{"missing binaries", Options{Dir: t.TempDir(), BinDir: empty, KWOK: true}, []string{empty, "etcd, kube-apiserver, kwok", "make binaries"}},
		{"a folder in use", Options{Dir: shared(t).Dir(), BinDir: bin}, []string{"stop the sandbox that runs in it"}},
		{"a folder with other files", Options{Dir: occupied, BinDir: bin}, []string{occupied, "choose an empty folder"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s, err := Start(t.Context(), tc.o)
			if err == nil {
				t.Fatal("it started", s.Stop())
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not mention %q", err, want)
				}
			}
		})
	}
}

func TestStartFailsHalfWay(t *testing.T) {
	o := Options{Dir: filepath.Join(t.TempDir(), "s"), ACME: true}
	o.BinDir = binDirWith(t, o, binAPIServer, "echo 'first words'; echo 'cannot go on: no reason' >&2; exit 1")
	s, err := Start(t.Context(), o)
	if err == nil {
		t.Fatal("it started", s.Stop())
	}
	for _, want := range []string{"kube-apiserver", "first words", "cannot go on: no reason", "exit status 1", filepath.Join(o.Dir, "logs", "kube-apiserver.log")} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not mention %q", err, want)
		}
	}
	checkNothingLeft(t, o.Dir)
}

func TestStartCancelled(t *testing.T) {
	o := Options{Dir: filepath.Join(t.TempDir(), "s"), ACME: true}
	// It starts a child of its own, which must not outlive it either.
	o.BinDir = binDirWith(t, o, binAPIServer, `sh -c 'while :; do sleep 1; done' "$1" & wait`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.Out = writerFunc(func(line string) {
		if strings.HasPrefix(line, "etcd ") {
			cancel()
		}
	})
	s, err := Start(ctx, o)
	if err == nil {
		t.Fatal("it started", s.Stop())
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %q is not context.Canceled", err)
	}
	checkNothingLeft(t, o.Dir)
}

// TestStartRetriesPort makes the first start of kube-apiserver fail like one
// whose port was taken in between.
func TestStartRetriesPort(t *testing.T) {
	o := Options{Dir: filepath.Join(t.TempDir(), "s")}
	bin := needBinaries(t, o)
	mark := filepath.Join(t.TempDir(), "tried")
	o.BinDir = binDirWith(t, o, binAPIServer, `test -e `+mark+` && exec `+filepath.Join(bin, binAPIServer)+` "$@"
touch `+mark+`; echo 'listen tcp 127.0.0.1:1: bind: address already in use'; exit 1`)
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}

	// The rest is about how a sandbox ends.
	group := errgroup.Group{}
	group.Go(func() error { return s.Wait(t.Context()) })
	if err := errors.Join(s.Stop(), s.Stop()); err != nil {
		t.Error(err)
	}
	if err := group.Wait(); err != nil {
		t.Errorf("Wait after Stop = %v", err)
	}
	checkNothingLeft(t, o.Dir)
	host, err := url.Parse(s.Config().Host)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", host.Host)
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	l.Close()
	if _, err := s.StartProcess(t.Context(), Spec{Name: "late", Path: "/bin/true"}); err == nil {
		t.Error("StartProcess works after Stop")
	}
}

func TestWaitReportsDeath(t *testing.T) {
	o := Options{Dir: filepath.Join(t.TempDir(), "s"), BinDir: needBinaries(t, Options{})}
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}()
	if err := s.procs[1].cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	err = s.Wait(t.Context())
	if err == nil || !strings.Contains(err.Error(), "kube-apiserver: it ended with signal: killed") {
		t.Errorf("Wait = %v", err)
	}
}

// checkNothingLeft checks that of a sandbox in dir only the logs remain.
func checkNothingLeft(t *testing.T, dir string) {
	t.Helper()
	// All were sent SIGKILL; what was not our child ends in its own time.
	eventually(t, func(context.Context) error {
		if left := processesOf(t, dir); len(left) > 0 {
			return fmt.Errorf("processes are left: %s", strings.Join(left, "\n"))
		}
		return nil
	})
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if diff := cmp.Diff([]string{"logs", lockName}, got); diff != "" {
		t.Errorf("left in the folder (-want, +got):\n%s", diff)
	}
}

type writerFunc func(string)

func (f writerFunc) Write(p []byte) (int, error) {
	f(string(p))
	return len(p), nil
}
