// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/simulator"
)

// How often progress is told: on a terminal, where a line replaces the one
// before it, and elsewhere.
const (
	progressOnTerminal = 200 * time.Millisecond
	progressInLog      = 5 * time.Second
)

// progress tells on stderr how far a simulation is.
type progress struct {
	out             io.Writer // nil for nothing
	clock           clock.PassiveClock
	terminal        bool
	last            time.Time
	width           int // of the line that is there now
	profiles, seeds int
}

func newProgress(o *simulateOptions, profiles int) *progress {
	p := &progress{clock: o.Clock, last: o.Clock.Now(), profiles: profiles, seeds: o.seeds}
	if !o.quiet {
		p.out = o.ErrOut
		p.terminal = isTerminal(o.ErrOut)
	}
	return p
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// of tells of one profile with one seed.
func (p *progress) of(seed, profile int, name string) func(simulator.Progress) {
	if p.out == nil {
		return nil
	}
	return func(at simulator.Progress) {
		p.tell("profile %d of %d%s (%s): %d%% of %s arrived, %s", profile+1, p.profiles, p.seed(seed), name,
			100*at.Arrived/max(1, at.Pods), plural(at.Pods, "pod", "pods"), plural(at.Nodes, "node", "nodes"))
	}
}

// bound tells that the profiles of a seed are done.
func (p *progress) bound(seed int) {
	if p.out != nil {
		p.tell("the lower bound%s", p.seed(seed))
	}
}

func (p *progress) seed(i int) string {
	if p.seeds == 1 {
		return ""
	}
	return fmt.Sprintf(", seed %d of %d", i+1, p.seeds)
}

func (p *progress) tell(format string, args ...any) {
	every := progressInLog
	if p.terminal {
		every = progressOnTerminal
	}
	now := p.clock.Now()
	if now.Sub(p.last) < every {
		return
	}
	p.last = now
	line := fmt.Sprintf("simulating "+format, args...)
	if !p.terminal {
		fmt.Fprintln(p.out, line)
		return
	}
	p.erase(line)
}

// erase writes a line over the one before it.
func (p *progress) erase(line string) {
	fmt.Fprintf(p.out, "\r%s%s", line, strings.Repeat(" ", max(0, p.width-len(line))))
	p.width = len(line)
}

// end leaves an empty line to those who write next.
func (p *progress) end() {
	if p.terminal && p.width > 0 {
		p.erase("")
		fmt.Fprint(p.out, "\r")
	}
}
