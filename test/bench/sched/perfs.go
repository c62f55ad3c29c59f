// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// perfs runs the suites on an API server: test/perf in a process of its own, with all policies.
func (b *bench) perfs(ctx context.Context) (err error) {
	if len(b.perf) == 0 {
		return nil
	}
	folder, err := os.MkdirTemp("", "bench-sched-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	logPath := filepath.Join(b.out, "sched-perf.log")
	log, err := create(logPath)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd, err := b.perfCommand(ctx, folder)
	if err != nil {
		return err
	}
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("starting %s: %w", b.binary, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w; make bench-sched builds it", b.binary, err)
	}
	readErr := b.readPerf(io.TeeReader(stdout, log))
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("running %s: %w; see %s", b.binary, err, logPath)
	}
	return readErr
}

func create(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // results are no secret
		return nil, fmt.Errorf("making the folder of results: %w", err)
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("writing the log: %w", err)
	}
	return file, nil
}

// perfCommand is test/perf with the chosen suites. All that it leaves behind is in folder.
func (b *bench) perfCommand(ctx context.Context, folder string) (*exec.Cmd, error) {
	binary, err := filepath.Abs(b.binary)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", b.binary, err)
	}
	var names []string
	for _, s := range b.perf {
		names = append(names, s.Name)
	}
	cmd := exec.CommandContext(ctx, binary, //nolint:gosec // the caller's own flag
		"-test.run", "^$", "-test.bench", ".", "-test.benchtime", "1ns", "-test.benchmem", "-test.timeout", "24h",
		"-suites", strings.Join(names, ","), "-policies", strings.Join(b.policies, ","), "-pairs", strconv.Itoa(b.pairs),
		"-scale", strconv.FormatFloat(b.scale, 'g', -1, 64), "-shipped-config", b.shipped, "-data-items-dir", filepath.Join(folder, "data"))
	cmd.Env = append(os.Environ(), "KUBE_CACHE_MUTATION_DETECTOR=false", "TMPDIR="+folder, // its etcd is beside it
		"PATH="+filepath.Dir(binary)+string(os.PathListSeparator)+os.Getenv("PATH"))
	// It starts etcd, which has to end with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd, nil
}

// readPerf adds the results of a suite when all its runs are over.
func (b *bench) readPerf(out io.Reader) error {
	samples := map[string]map[string][]perfRun{} // by suite and policy
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 1<<24)
	for scanner.Scan() {
		run, ok := parsePerf(scanner.Text())
		if !ok {
			continue
		}
		b.progress.Say("%s %s: %s", run.suite, run.policy, run)
		if samples[run.suite] == nil {
			samples[run.suite] = map[string][]perfRun{}
		}
		samples[run.suite][run.policy] = append(samples[run.suite][run.policy], run)
		if !slices.ContainsFunc(b.policies, func(name string) bool { return len(samples[run.suite][name]) < b.pairs }) {
			if err := b.add(perfResults(run.suite, samples[run.suite])...); err != nil {
				return err
			}
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("reading the results of %s: %w", b.binary, err)
	}
	for _, s := range b.perf {
		for _, name := range b.policies {
			if found := len(samples[s.Name][name]); found < b.pairs {
				return fmt.Errorf("reading the results of %s: %d of %d runs of %s with %s are there", b.binary, found, b.pairs, s.Name, name)
			}
		}
	}
	return nil
}
