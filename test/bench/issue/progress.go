// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// progress tells on stderr what goes on: on a terminal every step, elsewhere only what begins and ends.
type progress struct {
	out      *os.File
	terminal bool
	begin    time.Time
}

func newProgress(out *os.File) *progress {
	info, err := out.Stat()
	return &progress{out: out, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0, begin: time.Now()}
}

func (p *progress) say(format string, args ...any) {
	fmt.Fprintf(p.out, "%5s  %s\n", time.Since(p.begin).Round(time.Second), fmt.Sprintf(format, args...))
}

// step is said on a terminal only.
func (p *progress) step(format string, args ...any) {
	if p.terminal {
		p.say("  "+format, args...)
	}
}

// counter says how many of total are done, every two seconds, until it is stopped.
func (p *progress) counter(what string, total int) (done *atomic.Int64, stop func()) {
	done = &atomic.Int64{}
	if !p.terminal {
		return done, func() {}
	}
	ticker, end := time.NewTicker(2*time.Second), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				p.step("%s: %d of %d", what, done.Load(), total)
			case <-end:
				return
			}
		}
	}()
	return done, func() { ticker.Stop(); close(end) }
}
