// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

func TestPluginSeesWhatTheProtocolSays(t *testing.T) {
	h := newHarness(t)
	h.install("plugin-see")
	t.Setenv("KUBECONFIG", "/secret/config")
	out := filepath.Join(h.open, "seen.json")
	h.secret = out + " s3cret"
	s, err := New(&v1alpha1.DNS01Solver{Exec: &v1alpha1.ExecSolver{Plugin: "plugin-see", ConfigSecretRef: &v1alpha1.SecretKeyReference{Name: "s", Key: "k"}}}, h.o)
	if err != nil {
		t.Fatal(err)
	}
	for command, do := range map[string]func() error{
		"CREATE": func() error { return s.Present(t.Context(), record("the-value")) },
		"DELETE": func() error { return s.CleanUp(t.Context(), record("the-value")) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(out)
		var got seen
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		env := []string{"APIVERSION=v1", "COMMAND=" + command, "DOMAIN=www.example.com", "FQDN=_acme-challenge.www.example.com.", "TOKEN=the-value", "IDENTIFIER=www.example.com"}
		if diff := cmp.Diff(env, got.Env); diff != "" {
			t.Errorf("%s: environment (-want, +got):\n%s", command, diff)
		}
		if diff := cmp.Diff([]string{"plugin-see"}, got.Args); diff != "" {
			t.Errorf("%s: arguments (-want, +got):\n%s", command, diff)
		}
		if got.Config != h.secret || len(got.Entries) != 0 || filepath.Dir(got.Dir) != h.o.WorkDir {
			t.Errorf("%s: configuration %q, working directory %s with %q", command, got.Config, got.Dir, got.Entries)
		}
		for _, file := range got.Files { // beside the one that lists them, and those of the runtime
			fd, to, _ := strings.Cut(file, " ")
			if strings.HasPrefix(to, "/") && to != "/dev/null" && !strings.HasPrefix(to, "/proc/") && !strings.HasPrefix(to, "/sys/fs/cgroup/") || strings.HasPrefix(to, "socket:") {
				t.Errorf("%s: file descriptor %s is %s", command, fd, to)
			}
		}
		if os.Geteuid() == 0 && (got.UID != 65534 || got.GID != 65534 || len(got.Groups) != 0 || got.Writable) {
			t.Errorf("%s: runs as %d:%d with groups %v, working directory writable: %v", command, got.UID, got.GID, got.Groups, got.Writable)
		}
	}
	if left, err := os.ReadDir(h.o.WorkDir); err != nil || len(left) != 0 {
		t.Errorf("working directories left: %v, %v", left, err)
	}
}

// TestPluginState gives a plugin back at DELETE what it wrote at CREATE.
func TestPluginState(t *testing.T) {
	h := newHarness(t)
	h.install("plugin-remember")
	s, err := New(&v1alpha1.DNS01Solver{Exec: &v1alpha1.ExecSolver{Plugin: "plugin-remember"}}, h.o)
	if err != nil {
		t.Fatal(err)
	}
	r := record("the-value")
	r.KeyAuthorization = "token.thumbprint"
	if r.State, err = s.(Stateful).PresentState(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if want := `{"id":"42","keyAuthorization":"token.thumbprint"}`; r.State != want {
		t.Fatalf("The state is %q, want %q", r.State, want)
	}
	if err := s.CleanUp(t.Context(), r); err != nil {
		t.Errorf("CleanUp with the state: %v", err)
	}
	r.State = ""
	if err := s.CleanUp(t.Context(), r); err == nil {
		t.Error("CleanUp without the state succeeds, so the plugin does not look at it")
	}
}

func TestState(t *testing.T) {
	long := strings.Repeat("x", maxState)
	for in, want := range map[string]string{
		"": "", "a b\n": "a b", "first\nsecond\n": "first", "  x  ": "x", "\x1b[31m": "", "bücher": "", long: long, long + "x": "",
	} {
		if got := state([]byte(in)); got != want {
			t.Errorf("state(%.20q) = %.20q, want %.20q", in, got, want)
		}
	}
}

func TestPluginExitCodes(t *testing.T) {
	const doing = "running plugin plugin-exit-%d for CREATE of TXT record " + fqdn + ": "
	for _, test := range []struct {
		code int
		want string
		is   error
	}{
		{0, "", nil},
		{1, doing + `it failed: [31mcannot log in with "***"`, nil},
		{2, doing + `it does not accept its configuration; correct what configSecretRef names: [31mcannot log in with "***"`, ErrCredentials},
		{3, doing + `it does not speak version v1 of the plugin protocol; install another version of it: [31mcannot log in with "***"`, ErrConfiguration},
		{4, doing + `it ended with exit code 4, which the protocol does not know: [31mcannot log in with "***"`, nil},
	} {
		name := fmt.Sprintf("plugin-exit-%d", test.code)
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.install(name)
			h.secret = "hunter2-token"
			err := h.present(name)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if diff := cmp.Diff(fmt.Sprintf(test.want, test.code), fmt.Sprint(err)); diff != "" {
				t.Errorf("error (-want, +got):\n%s", diff)
			}
			if test.is != nil && !errors.Is(err, test.is) || test.is == nil && (errors.Is(err, ErrCredentials) || errors.Is(err, ErrConfiguration)) {
				t.Errorf("%v is marked wrongly", err)
			}
		})
	}
}

func TestPluginThatHangs(t *testing.T) {
	h := newHarness(t)
	h.install("plugin-hang")
	h.secret = filepath.Join(h.open, "pid")
	// It has to start its child within the time; on a slow machine it gets more.
	for h.o.ExecTimeout = time.Second; ; h.o.ExecTimeout *= 2 {
		err := h.present("plugin-hang")
		if want := fmt.Sprintf("it did not end within %s and was killed", h.o.ExecTimeout); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		if pid, err := os.ReadFile(h.secret); len(pid) > 0 || h.o.ExecTimeout > 30*time.Second {
			t.Logf("with %s to run: %s %v", h.o.ExecTimeout, pid, err)
			break
		}
	}
	childEnds(t, h.secret)
}

func TestPluginThatLeavesAChild(t *testing.T) {
	h := newHarness(t)
	h.install("plugin-fork")
	h.secret = filepath.Join(h.open, "pid")
	if err := h.present("plugin-fork"); err != nil {
		t.Error(err)
	}
	childEnds(t, h.secret)
}

func childEnds(t *testing.T, path string) {
	t.Helper()
	pid, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !ended(string(pid)); {
		if time.Now().After(deadline) {
			t.Fatalf("process %s, a child of the plugin, still runs", pid)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestPluginThatFloods(t *testing.T) {
	h := newHarness(t)
	h.install("plugin-flood")
	h.secret = "x"
	err := h.present("plugin-flood")
	if err == nil || !strings.Contains(err.Error(), "it failed: words words") || len(err.Error()) > 2*maxLine {
		t.Errorf("error %.200v", err)
	}
}

// TestPluginThatDoesNotRead has a configuration that fills the pipe.
func TestPluginThatDoesNotRead(t *testing.T) {
	h := newHarness(t)
	h.install("plugin-deaf")
	h.secret = strings.Repeat("x", 1<<20)
	if err := h.present("plugin-deaf"); err != nil {
		t.Error(err)
	}
}
