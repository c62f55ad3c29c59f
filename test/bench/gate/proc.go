// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// awaitQuiet waits until the process has used less than a tenth of a core for half a second.
func (s *scheduler) awaitQuiet(ctx context.Context) error {
	const window = 500 * time.Millisecond
	before, err := measure.CPUTime(s.process.Pid())
	if err != nil {
		return err
	}
	first := true
	pollErr := s.poll(ctx, window, func() bool {
		if first { // poll looks once right away
			first = false
			return false
		}
		var now time.Duration
		if now, err = measure.CPUTime(s.process.Pid()); err != nil {
			return true
		}
		used := now - before
		before = now
		return used < window/10
	})
	if err != nil {
		return err
	}
	if pollErr != nil {
		return fmt.Errorf("waiting for the scheduler to have nothing to do: %w", pollErr)
	}
	return nil
}

// awaitIdle waits until the machine has been idle by nine tenths for a second, but not for longer than half a minute: others may
// be at work on it.
func awaitIdle(ctx context.Context) error {
	const window, patience = time.Second, 30 * time.Second
	for begin := time.Now(); time.Since(begin) < patience; {
		idle, all, err := machineTime()
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(window):
		}
		idle2, all2, err := machineTime()
		if err != nil {
			return err
		}
		if float64(idle2-idle) >= 0.9*float64(all2-all) {
			return nil
		}
	}
	return nil
}

// machineTime returns the idle time and the whole time of all processors since the start of the machine, in ticks.
func machineTime() (idle, all uint64, err error) {
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, fmt.Errorf("reading processor time, which needs Linux: %w", err)
	}
	return parseMachineTime(raw)
}

// parseMachineTime reads the first line of proc_stat(5): "cpu", then user, nice, system, idle, iowait and more.
func parseMachineTime(stat []byte) (idle, all uint64, err error) {
	line, _, _ := bytes.Cut(stat, []byte("\n"))
	fields := strings.Fields(string(line))
	if len(fields) < 6 || fields[0] != "cpu" {
		return 0, 0, fmt.Errorf("reading processor time: %q is not a line of /proc/stat", line)
	}
	for i, field := range fields[1:] {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("reading processor time: %w", err)
		}
		all += n
		if i == 3 || i == 4 {
			idle += n
		}
	}
	return idle, all, nil
}
