// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package measure is what the benchmarks have in common: what they say meanwhile, what they read of processes, and what they write.
package measure

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// Progress tells on stderr what goes on: on a terminal every step, elsewhere only what begins and ends.
type Progress struct {
	out      *os.File
	terminal bool
	begin    time.Time
}

// NewProgress begins to count the time.
func NewProgress(out *os.File) *Progress {
	info, err := out.Stat()
	return &Progress{out: out, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0, begin: time.Now()}
}

// Say says what begins or ends.
func (p *Progress) Say(format string, args ...any) {
	fmt.Fprintf(p.out, "%5s  %s\n", time.Since(p.begin).Round(time.Second), fmt.Sprintf(format, args...))
}

// Step is said on a terminal only.
func (p *Progress) Step(format string, args ...any) {
	if p.terminal {
		p.Say("  "+format, args...)
	}
}

// Counter says how many of total are done, every two seconds, until it is stopped.
func (p *Progress) Counter(what string, total int) (done *atomic.Int64, stop func()) {
	done = &atomic.Int64{}
	if !p.terminal {
		return done, func() {}
	}
	ticker, end := time.NewTicker(2*time.Second), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				p.Step("%s: %d of %d", what, done.Load(), total)
			case <-end:
				return
			}
		}
	}()
	return done, func() { ticker.Stop(); close(end) }
}
