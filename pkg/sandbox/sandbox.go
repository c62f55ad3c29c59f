// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package sandbox runs a real Kubernetes control plane on loopback, for demos,
// tests and trying things: etcd, kube-apiserver and, as asked for,
// kube-controller-manager, KWOK for nodes and pods, and Pebble as a certificate
// authority. Everything is a child process built from modules; nothing is
// pulled from an image registry and nothing outlives the sandbox.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"
)

// errStopped ends a sandbox's life when Stop was called.
var errStopped = errors.New("the sandbox was stopped")

// Sandbox is a running control plane. Its methods may be called concurrently.
type Sandbox struct {
	opts   Options
	layout *layout
	pki    *pki
	config *rest.Config
	acme   acmeState

	life context.Context // done when a component has died, or the sandbox was stopped
	end  context.CancelCauseFunc

	mu       sync.Mutex
	procs    []*Process // in the order in which they were started
	stopped  bool
	stopOnce sync.Once
	stopErr  error

	outMu sync.Mutex
}

// Start starts what o asks for and returns once all of it is ready. When
// something fails or ctx is done, it stops what it has started before it
// returns the error. After Start has returned, ctx has no effect on the
// sandbox, which runs until Stop.
//
// Everything listens on 127.0.0.1. A failure of a component carries the last
// lines of its log and the log's path.
func Start(ctx context.Context, o Options) (*Sandbox, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("starting the sandbox: %w", context.Cause(ctx))
	}
	if o.BinDir == "" {
		dir, err := defaultBinDir()
		if err != nil {
			return nil, err
		}
		o.BinDir = dir
	}
	if err := o.checkBinaries(); err != nil {
		return nil, err
	}
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	layout, err := newLayout(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{opts: o, layout: layout}
	s.life, s.end = context.WithCancelCause(context.Background())
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the sandbox: %w", err), s.stop((*Process).Kill))
	}
	return s, nil
}

// start brings up the components, each as soon as what it needs is ready.
func (s *Sandbox) start(ctx context.Context) error {
	began := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.life, func() { cancel(context.Cause(s.life)) })()

	var err error
	if s.pki, err = newPKI(s.layout.pki()); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.startControlPlane(ctx) })
	if s.opts.ACME {
		group.Go(func() error { return s.startACMEStack(ctx) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if s.life.Err() != nil {
		return context.Cause(s.life)
	}
	s.progress("sandbox", "ready in %s, logs in %s", since(began), s.LogDir())
	return nil
}

// Stop stops all processes in reverse order of their start and removes data
// and credentials; logs stay. Further calls return the first call's result.
func (s *Sandbox) Stop() error { return s.stop((*Process).Stop) }

func (s *Sandbox) stop(end func(*Process) error) error {
	s.stopOnce.Do(func() {
		s.end(errStopped)
		s.mu.Lock()
		s.stopped = true
		procs := slices.Clone(s.procs)
		s.mu.Unlock()
		var errs []error
		for _, p := range slices.Backward(procs) {
			errs = append(errs, end(p))
		}
		errs = append(errs, s.layout.close())
		s.stopErr = errors.Join(errs...)
	})
	return s.stopErr
}

// Wait blocks until ctx is done or the sandbox is stopped, and then returns
// nil, or until a component ends by itself, and then returns an error with the
// end of its log. Processes of StartProcess are not components.
func (s *Sandbox) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.life.Done():
		if cause := context.Cause(s.life); !errors.Is(cause, errStopped) {
			return cause
		}
		return nil
	}
}

// Dir returns the folder that holds everything of this sandbox.
func (s *Sandbox) Dir() string { return s.layout.dir }

// LogDir returns the folder with one log file per process.
func (s *Sandbox) LogDir() string { return s.layout.logs() }

// Config returns a copy of the cluster administrator's client configuration,
// without client-side rate limits.
func (s *Sandbox) Config() *rest.Config { return rest.CopyConfig(s.config) }

// Kubeconfig returns the path of the cluster administrator's kubeconfig.
func (s *Sandbox) Kubeconfig() string { return s.layout.kubeconfig() }

// StartProcess starts a process that Stop will stop before the sandbox's own.
// Its log is appended to LogDir()/Name.log. ctx is only looked at before the
// start. It does not wait for the process to be ready.
func (s *Sandbox) StartProcess(ctx context.Context, spec Spec) (*Process, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, context.Cause(ctx))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, errStopped)
	}
	s.procs = slices.DeleteFunc(s.procs, func(p *Process) bool { return !p.running() })
	if slices.ContainsFunc(s.procs, func(p *Process) bool { return p.name == spec.Name }) {
		return nil, fmt.Errorf("starting %s: a process of that name is running; stop it first", spec.Name)
	}
	p, err := startProcess(spec, s.layout.logs())
	if err != nil {
		return nil, err
	}
	s.procs = append(s.procs, p)
	return p, nil
}

// component is one of the sandbox's own processes.
type component struct {
	// plan chooses ports and returns the command and the readiness probe.
	plan func() (Spec, func(context.Context) error, error)
	// attempts is how often a start that found a port taken is tried.
	attempts int
}

// startComponent starts c, waits until it is ready and from then on watches it.
func (s *Sandbox) startComponent(ctx context.Context, c component) (*Process, error) {
	began := time.Now()
	for attempt := 1; ; attempt++ {
		spec, probe, err := c.plan()
		if err != nil {
			return nil, err
		}
		spec.Path = filepath.Join(s.opts.BinDir, spec.Path)
		spec.Env = append(s.layout.environ(), spec.Env...)
		spec.bareEnv = true
		p, err := s.StartProcess(ctx, spec)
		if err != nil {
			return nil, err
		}
		err = p.waitReady(ctx, probe)
		if err == nil {
			s.watch(p)
			s.progress(spec.Name, "ready in %s", since(began))
			return p, nil
		}
		retry := attempt < c.attempts && ctx.Err() == nil && portTaken(p.output())
		if killErr := p.Kill(); killErr != nil || !retry {
			return nil, errors.Join(err, killErr)
		}
		s.progress(spec.Name, "a port was taken in between, trying again")
	}
}

// watch ends the sandbox's life when p ends without having been told to.
func (s *Sandbox) watch(p *Process) {
	go func() {
		<-p.done
		if !p.stopping.Load() {
			s.end(p.exit())
		}
	}()
}

func (s *Sandbox) progress(name, format string, args ...any) {
	s.outMu.Lock()
	defer s.outMu.Unlock()
	fmt.Fprintf(s.opts.Out, "%-24s %s\n", name, fmt.Sprintf(format, args...))
}

func since(t time.Time) time.Duration { return time.Since(t).Round(10 * time.Millisecond) }
