// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/tollgate-dev/tollgate/pkg/cli"
)

// tamper writes the JSON of a certificate with the first of a text replaced.
func tamper(ts *testscript.TestScript, _ bool, args []string) {
	z, err := gzip.NewReader(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	data, err := io.ReadAll(z)
	ts.Check(err)
	changed := bytes.Replace(data, []byte(args[2]), []byte(args[3]), 1)
	if bytes.Equal(changed, data) {
		ts.Fatalf("%s has no %s", args[0], args[2])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), changed, 0o600))
}

// pack packs a file with gzip.
func pack(ts *testscript.TestScript, _ bool, args []string) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Check(z.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o600))
}

// cut writes the first half of a file.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text[:len(text)/2]), 0o600))
}

func TestSimulateInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	folder := t.TempDir()
	var out, errOut bytes.Buffer
	code := runIn(ctx, &out, &errOut, clocktesting.NewFakePassiveClock(now), "simulate", "--certificate", filepath.Join(folder, "bound.json.gz"))
	if code != 1 || out.Len() > 0 || !strings.HasPrefix(errOut.String(), "error: interrupted; nothing was written\nhint: ") {
		t.Errorf("got code %d, stdout %q, stderr %q", code, out.String(), errOut.String())
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("got files %v, %v, want none", left, err)
	}
}

// hasty is a clock by which each look takes two seconds.
type hasty struct {
	clock.PassiveClock
	at time.Time
}

func (h *hasty) Now() time.Time {
	h.at = h.at.Add(2 * time.Second)
	return h.at
}

func TestSimulateProgress(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		var out, errOut bytes.Buffer
		args := []string{"simulate", "--limit", "300", "--profile", "default,MostAllocated", "--seeds", "2"}
		if quiet {
			args = append(args, "--quiet")
		}
		if code := runIn(context.Background(), &out, &errOut, &hasty{at: now}, args...); code != 0 {
			t.Fatalf("got code %d: %s", code, errOut.String())
		}
		got := errOut.String()
		if quiet {
			if got != "" {
				t.Errorf("got %q with --quiet", got)
			}
			continue
		}
		for _, want := range []string{"simulating profile 1 of 2, seed 1 of 2 (default): ", "% of 299 pods arrived, ", ", seed 2 of 2"} {
			if !strings.Contains(got, want) {
				t.Errorf("got\n%s\nwithout %q", got, want)
			}
		}
		if strings.Contains(got, "\r") {
			t.Error("lines of a log are written over each other")
		}
	}
}

func runIn(ctx context.Context, out, errOut io.Writer, c clock.PassiveClock, args ...string) int {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: out, ErrOut: errOut}
	return cli.Run(ctx, cli.Env{IOStreams: streams, Clock: c, Name: "kubectl-tollgate"}, args)
}
