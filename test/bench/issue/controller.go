// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// controller is a running tollgate-controller. It runs without leader election.
type controller struct {
	cluster *cluster
	process *sandbox.Process
	started time.Time // right before the process was
	// before is what had been asked of the API server then.
	before requestCount
}

// startController starts it and does not wait.
func (b *bench) startController(ctx context.Context, c *cluster) (*controller, error) {
	before, err := c.requests(ctx)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	process, err := stack.StartController(ctx, c.sb, stack.ControllerOptions{Args: b.controllerArgs})
	if err != nil {
		return nil, err
	}
	return &controller{cluster: c, process: process, started: started, before: before}, nil
}

func (p *controller) stop() error { return p.process.Stop() }

// usage is what a controller has used since its start.
type usage struct {
	cpu      time.Duration
	memory   measure.MemoryUse
	requests requestCount
}

func (p *controller) usage(ctx context.Context) (u usage, err error) {
	if u.cpu, err = measure.CPUTime(p.process.Pid()); err != nil {
		return u, err
	}
	if u.memory, err = measure.Memory(p.process.Pid()); err != nil {
		return u, err
	}
	u.requests, err = p.cluster.requests(ctx)
	u.requests = u.requests.minus(p.before)
	return u, err
}

const (
	// tick is how often a process's processor time is looked at, and busy the share of a core above which it is at work.
	tick = 500 * time.Millisecond
	busy = 0.05
)

// awaitIdle waits until the controller has not been busy for a while, and returns since when.
func (p *controller) awaitIdle(ctx context.Context, while time.Duration) (time.Time, error) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	before, err := measure.CPUTime(p.process.Pid())
	if err != nil {
		return time.Time{}, p.ended(err)
	}
	at := time.Now()
	idle, limit := at, at.Add(10*patience)
	for time.Since(idle) < while {
		select {
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		case <-ticker.C:
		}
		used, err := measure.CPUTime(p.process.Pid())
		if err != nil {
			return time.Time{}, p.ended(err)
		}
		now := time.Now()
		if float64(used-before) > busy*float64(now.Sub(at)) {
			idle = now
		}
		if now.After(limit) {
			return time.Time{}, fmt.Errorf("waiting for the controller to have nothing to do: not after %s; its log is %s", 10*patience, p.process.Log())
		}
		before, at = used, now
	}
	return idle, nil
}

// ended explains why nothing is to be read of a process.
func (p *controller) ended(err error) error {
	select {
	case <-p.process.Done():
		return fmt.Errorf("running the controller: it has ended; its log is %s", p.process.Log())
	default:
		return err
	}
}

// awaitPrepared waits until the controller has prepared the issuer and has nothing left to do.
func (p *controller) awaitPrepared(ctx context.Context, quiet time.Duration) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for !p.cluster.issuerReady(ctx) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.process.Done():
			return p.ended(nil)
		case <-limit.C:
			return fmt.Errorf("waiting for the issuer: it is not ready after %s; the controller's log is %s", patience, p.process.Log())
		case <-ticker.C:
		}
	}
	_, err := p.awaitIdle(ctx, quiet)
	return err
}
