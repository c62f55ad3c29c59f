// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/tollgate-dev/tollgate/pkg/cli"
)

var update = flag.Bool("update", false, "write what the commands print into testdata/script")

// now is when all scripts run.
var now = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

// TestMain is also the command that the scripts run.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kubectl-tollgate": func() {
		klog.LogToStderr(false)
		klog.SetOutput(io.Discard)
		streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
		env := cli.Env{IOStreams: streams, Clock: clocktesting.NewFakePassiveClock(now), Name: os.Args[0]}
		os.Exit(cli.Run(context.Background(), env, os.Args[1:]))
	}})
}

// TestScripts runs commands as a user would, and compares all that they print.
func TestScripts(t *testing.T) {
	dump, cluster := read(t, "testdata/dump.json"), read(t, "testdata/cluster.json")
	server := newServer(t, dump)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: *update, RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"tamper": tamper, "pack": pack, "cut": cut},
		Setup: func(env *testscript.Env) error {
			for name, token := range map[string]string{"admin": admin, "nobody": nobody, "namespaced": namespaced, "expired": "expired"} {
				if err := writeKubeconfig(filepath.Join(env.WorkDir, name+".kubeconfig"), server.URL, token); err != nil {
					return err
				}
			}
			if err := writeKubeconfig(filepath.Join(env.WorkDir, "down.kubeconfig"), "https://127.0.0.1:1", admin); err != nil {
				return err
			}
			env.Setenv("KUBECONFIG", filepath.Join(env.WorkDir, "admin.kubeconfig"))
			if err := os.WriteFile(filepath.Join(env.WorkDir, "cluster.json"), cluster, 0o600); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(env.WorkDir, "dump.json"), dump, 0o600)
		},
	})
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
