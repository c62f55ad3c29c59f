// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// stopGrace is how long a process may take to end after SIGTERM.
const stopGrace = 10 * time.Second

// Spec describes a process to run beside the sandbox's own.
type Spec struct {
	// Name is unique among the running processes and names the log file.
	Name string
	// Path of the executable.
	Path string
	// Args without the executable's name.
	Args []string
	// Env is added, as KEY=value, to the environment of this process.
	Env []string

	bareEnv bool // Env is the whole environment
}

// Process is a child process in a process group of its own. On Linux it also
// dies with this process, however that ends.
type Process struct {
	name      string
	log       string
	logOffset int64 // where this run's output begins in log
	cmd       *exec.Cmd
	done      chan struct{}
	err       error // what Wait returned; valid once done is closed
	stopping  atomic.Bool
}

// startProcess starts spec with its output appended to logDir/Name.log.
func startProcess(spec Spec, logDir string) (*Process, error) {
	if spec.Name == "" || spec.Name != filepath.Base(spec.Name) {
		return nil, fmt.Errorf("starting process %q: the name must be usable as a file name", spec.Name)
	}
	p := &Process{
		name: spec.Name,
		log:  filepath.Join(logDir, spec.Name+".log"),
		cmd:  exec.Command(spec.Path, spec.Args...),
		done: make(chan struct{}),
	}
	logFile, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("starting %s: opening its log: %w", spec.Name, err)
	}
	defer logFile.Close() // the child has its own descriptor
	if info, err := logFile.Stat(); err == nil {
		p.logOffset = info.Size()
	}
	p.cmd.Stdout, p.cmd.Stderr = logFile, logFile
	p.cmd.Env = spec.Env
	if !spec.bareEnv {
		p.cmd.Env = append(os.Environ(), spec.Env...)
	}
	p.cmd.SysProcAttr = sysProcAttr()

	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	return p, nil
}

// run starts the process and waits for it on one locked thread: the parent
// death signal is sent when the thread that started the child ends, so that
// thread must live as long as the child.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	// Nothing that the process itself started may outlive it.
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	close(p.done)
}

// Log returns the path of the log file.
func (p *Process) Log() string { return p.log }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Pid returns the process id, which is also the id of its process group.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Stop sends SIGTERM to the process group, and SIGKILL when it has not ended
// after ten seconds. It returns when the process has ended, and nil also when
// it had ended before.
func (p *Process) Stop() error {
	p.stopping.Store(true)
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	timer := time.NewTimer(stopGrace)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
		return p.Kill()
	}
}

// Kill sends SIGKILL to the process group and returns when the process has ended.
func (p *Process) Kill() error {
	p.stopping.Store(true)
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}

func (p *Process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func (p *Process) signal(sig syscall.Signal) error {
	if !p.running() {
		return nil
	}
	if err := syscall.Kill(-p.Pid(), sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stopping %s (pid %d): %w", p.name, p.Pid(), err)
	}
	return nil
}

// failure describes why the process did not become or stay ready, with the
// last lines that it logged.
func (p *Process) failure(what string) error {
	return &processError{name: p.name, what: what, log: p.log, output: p.output()}
}

// exit describes how the process ended.
func (p *Process) exit() error {
	status := "exit status 0"
	if p.err != nil {
		status = p.err.Error()
	}
	return p.failure("ended with " + status)
}

// output returns the end of what this run has logged.
func (p *Process) output() string {
	const limit = 64 << 10
	f, err := os.Open(p.log)
	if err != nil {
		return ""
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	from := max(p.logOffset, info.Size()-limit)
	data := make([]byte, max(0, info.Size()-from))
	n, _ := f.ReadAt(data, from)
	return string(data[:n])
}

// portTaken reports whether the process complained that an address is in use.
func portTaken(output string) bool { return strings.Contains(output, "address already in use") }

// processError is the failure of a process, with the end of its log.
type processError struct {
	name, what, log, output string
}

func (e *processError) Error() string {
	const keep, width = 10, 400
	lines := strings.Split(strings.TrimSpace(e.output), "\n")
	lines = lines[max(0, len(lines)-keep):]
	for i, line := range lines {
		if len(line) > width {
			lines[i] = strings.ToValidUTF8(line[:width], "") + "..."
		}
	}
	if len(lines) == 1 && lines[0] == "" {
		return fmt.Sprintf("running %s: it %s and logged nothing; the log is %s", e.name, e.what, e.log)
	}
	return fmt.Sprintf("running %s: it %s; the last lines of %s:\n\t%s",
		e.name, e.what, e.log, strings.Join(lines, "\n\t"))
}

// startTimeout bounds how long one process may take to become ready. It is
// generous because a loaded machine is slow, not broken.
const startTimeout = 2 * time.Minute

// waitReady polls probe until it succeeds, the process ends or complains about
// a taken port, or ctx is done.
func (p *Process) waitReady(ctx context.Context, probe func(context.Context) error) error {
	const interval = 50 * time.Millisecond
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	deadline := time.NewTimer(startTimeout)
	defer deadline.Stop()
	for n := 1; ; n++ {
		probeCtx, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := probe(probeCtx)
		cancel()
		if err == nil && p.running() {
			return nil
		}
		if n%10 == 0 && portTaken(p.output()) {
			return p.failure("could not bind an address")
		}
		select {
		case <-p.done:
			return p.exit()
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", p.name, context.Cause(ctx))
		case <-deadline.C:
			return p.failure(fmt.Sprintf("was not ready after %s (%v)", startTimeout, err))
		case <-ticker.C:
		}
	}
}
