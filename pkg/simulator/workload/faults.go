// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
)

const (
	// maxFaults is how many faults of a file are told at once.
	maxFaults = 10
	// maxInput is the largest input that is read, in bytes once unpacked.
	maxInput = 2 << 30
	// maxPods is the most pods that a workload is read with.
	maxPods = 2_000_000
	// maxSeconds is the latest time of a trace: 100 years, which a
	// time.Duration holds twice.
	maxSeconds = 100 * 365 * 24 * 3600
)

// faults collects what is wrong with an input, so that it is told at once.
type faults struct {
	lines []string
	more  int
}

func (f *faults) add(format string, args ...any) {
	if len(f.lines) == maxFaults {
		f.more++
		return
	}
	f.lines = append(f.lines, fmt.Sprintf(format, args...))
}

func (f *faults) any() bool { return len(f.lines) > 0 }

// err returns nil if there are none.
func (f *faults) err(doing string) error {
	switch len(f.lines) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%s: %s", doing, f.lines[0])
	}
	text := strings.Join(f.lines, "\n")
	if f.more > 0 {
		text += fmt.Sprintf("\nand %d more", f.more)
	}
	return fmt.Errorf("%s: there are %d faults:\n%s", doing, len(f.lines)+f.more, text)
}

// readAll reads an input that must fit into memory.
func readAll(doing, name string, r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("%s: %s ends within the packed data; write it again in full", doing, name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", doing, name, err)
	}
	if len(data) > maxInput {
		return nil, fmt.Errorf("%s: %s is larger than %d GiB; split it", doing, name, maxInput>>30)
	}
	return bytes.TrimPrefix(data, []byte("\ufeff")), nil
}

// lineAt returns the number of the line that holds a byte.
func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte("\n"))
}

// shortName is the name of a workload that a file holds.
func shortName(file string) string {
	name := strings.TrimSuffix(filepath.Base(file), ".gz")
	return strings.TrimSuffix(name, filepath.Ext(name))
}

// seconds is exact up to maxSeconds.
func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
