// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// seen is what a plugin found.
type seen struct {
	Args, Env, Entries, Files []string
	UID, GID                  int
	Groups                    []int
	Dir, Config               string
	Writable                  bool
}

// TestMain makes the test's own binary the plugins: by the name it is started with.
func TestMain(m *testing.M) {
	if name, ok := strings.CutPrefix(filepath.Base(os.Args[0]), "plugin-"); ok {
		os.Exit(actAsPlugin(name))
	}
	if _, plugin := os.LookupEnv("APIVERSION"); plugin {
		// Started as a plugin under a name that must not be started: running the tests would start it again, and again.
		os.Exit(99)
	}
	os.Exit(m.Run())
}

// actAsPlugin returns the exit code. The configuration is "<path to write to or read> <secret>".
func actAsPlugin(name string) int {
	switch name {
	case "deaf":
		return 0
	case "hang", "fork":
		config, _ := io.ReadAll(os.Stdin)
		child := exec.Command("/proc/self/exe") //nolint:noctx // outliving this process is the point
		child.Args, child.Stderr = []string{"plugin-child"}, os.Stderr
		if err := child.Start(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		_ = os.WriteFile(string(config), []byte(strconv.Itoa(child.Process.Pid)), 0o644)
		if name == "hang" {
			time.Sleep(time.Hour)
		}
		return 0
	case "child":
		time.Sleep(time.Hour)
	}
	b, _ := io.ReadAll(os.Stdin)
	config := string(b)
	if code, err := strconv.Atoi(strings.TrimPrefix(name, "exit-")); err == nil {
		fmt.Fprintf(os.Stderr, "\n\x1b[31mcannot\tlog in with %q\nsecond line\n", config)
		return code
	}
	switch name {
	case "see":
		s := seen{Args: os.Args, Env: os.Environ(), UID: os.Getuid(), GID: os.Getgid(), Config: config}
		s.Groups, _ = os.Getgroups()
		s.Dir, _ = os.Readlink("/proc/self/cwd")
		for _, list := range []struct {
			dir string
			to  *[]string
		}{{".", &s.Entries}, {"/proc/self/fd", &s.Files}} {
			entries, _ := os.ReadDir(list.dir)
			for _, e := range entries {
				to, _ := os.Readlink(filepath.Join(list.dir, e.Name()))
				*list.to = append(*list.to, e.Name()+" "+to)
			}
		}
		s.Writable = os.WriteFile("left-behind", nil, 0o644) == nil
		b, _ := json.Marshal(s)
		if err := os.WriteFile(strings.Fields(config)[0], b, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	case "remember":
		state := fmt.Sprintf(`{"id":"42","keyAuthorization":%q}`, os.Getenv("KEYAUTH"))
		if os.Getenv("COMMAND") == "DELETE" && os.Getenv("STATE") != state {
			fmt.Fprintln(os.Stderr, "nobody knows the number of the record")
			return 1
		}
		if os.Getenv("COMMAND") == "CREATE" {
			fmt.Println(state)
		}
	case "steal":
		b, err := os.ReadFile(strings.Fields(config)[0])
		fmt.Fprintln(os.Stderr, string(b), err)
		return 1
	case "flood":
		for range 1000 {
			fmt.Fprint(os.Stdout, strings.Repeat("out ", 1024))
			fmt.Fprint(os.Stderr, strings.Repeat("words ", 1024))
		}
		return 1
	}
	return 0
}

// harness is a folder of plugins and an open one that all can write to.
type harness struct {
	t             *testing.T
	plugins, open string
	secret        string
	o             Options
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	dir := t.TempDir()
	h := &harness{t: t, secret: "a b", plugins: filepath.Join(dir, "plugins"), open: filepath.Join(dir, "open")}
	for path, mode := range map[string]os.FileMode{filepath.Dir(dir): 0o755, h.plugins: 0o755, h.open: 0o777, filepath.Join(dir, "work"): 0o755} {
		if err := os.MkdirAll(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // past the umask, and for other users past the 0700 of temporary folders
			t.Fatal(err)
		}
	}
	h.o = Options{
		AllowExec: true, PluginDir: h.plugins, WorkDir: filepath.Join(dir, "work"), TokenPath: filepath.Join(dir, "token"),
		SharedUser: os.Geteuid() != 0, ExecTimeout: 20 * time.Second,
		Secret: func(context.Context, v1alpha1.SecretKeyReference) ([]byte, error) { return []byte(h.secret), nil },
	}
	return h
}

// install copies the test's binary.
func (h *harness) install(name string) {
	h.t.Helper()
	b, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		h.t.Skip("the test's own binary cannot be read:", err)
	}
	if err := os.WriteFile(filepath.Join(h.plugins, name), b, 0o755); err != nil {
		h.t.Fatal(err)
	}
}

// present runs a plugin.
func (h *harness) present(name string) error {
	h.t.Helper()
	s, err := New(&v1alpha1.DNS01Solver{Exec: &v1alpha1.ExecSolver{Plugin: name, ConfigSecretRef: &v1alpha1.SecretKeyReference{Name: "s", Key: "k"}}}, h.o)
	if err != nil {
		return err
	}
	return s.Present(h.t.Context(), record("the-value"))
}

// ended reports whether a process is no more, or only waits for its parent to take notice.
func ended(pid string) bool {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	return err != nil || slices.ContainsFunc(strings.Split(string(status), "\n"), func(l string) bool { return strings.HasPrefix(l, "State:\tZ") })
}
