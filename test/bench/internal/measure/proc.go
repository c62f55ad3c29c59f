// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is the unit of /proc/<pid>/stat: USER_HZ, 100 on all architectures that Go runs on.
const ticksPerSecond = 100

// CPUTime returns how much processor time a process has used.
func CPUTime(pid int) (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("reading processor time, which needs Linux: %w", err)
	}
	return parseCPUTime(raw)
}

// parseCPUTime adds utime and stime, the 14th and 15th field of proc_pid_stat(5). The second field, the command in
// parentheses, may hold anything.
func parseCPUTime(stat []byte) (time.Duration, error) {
	end := bytes.LastIndexByte(stat, ')')
	fields := strings.Fields(string(stat[end+1:]))
	if end < 0 || len(fields) < 13 {
		return 0, fmt.Errorf("reading processor time: %q is no process's stat", stat)
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading processor time: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, nil
}

// MemoryUse is what a process has of real memory, in MiB.
type MemoryUse struct {
	Now, Peak float64
}

// Memory returns what a process has of real memory.
func Memory(pid int) (MemoryUse, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return MemoryUse{}, fmt.Errorf("reading memory use, which needs Linux: %w", err)
	}
	return parseMemory(raw)
}

// parseMemory reads VmRSS and VmHWM of proc_pid_status(5), which are in KiB.
func parseMemory(status []byte) (MemoryUse, error) {
	var m MemoryUse
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[2] != "kB" {
			continue
		}
		kib, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			return m, fmt.Errorf("reading memory use: %w", err)
		}
		switch fields[0] {
		case "VmRSS:":
			m.Now = kib / 1024
		case "VmHWM:":
			m.Peak = kib / 1024
		}
	}
	if m.Now == 0 || m.Peak == 0 {
		return m, fmt.Errorf("reading memory use: the process's status has no VmRSS or no VmHWM")
	}
	return m, nil
}
