// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// maxStderr bounds what is kept of a plugin's standard error, in bytes.
	maxStderr = 4 << 10
	// maxState bounds what a plugin may have kept for its DELETE, in bytes.
	maxState = 4 << 10
	// pipeDelay is how long pipes stay open after the end of a plugin whose children hold them.
	pipeDelay = time.Second
)

// process is one run of a plugin. It inherits nothing but stdin and stderr.
type process struct {
	path  string
	env   []string
	stdin []byte
	o     Options
}

// run returns the exit code and the beginning of what the plugin wrote to standard output and standard error. All that the plugin started
// ends with it, except processes that left its process group.
func (p process) run(ctx context.Context) (code int, stdout, stderr []byte, err error) {
	credential, err := p.o.credential()
	if err != nil {
		return 0, nil, nil, mark(ErrConfiguration, err)
	}
	dir, err := p.workDir(credential)
	if err != nil {
		return 0, nil, nil, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(ctx, p.o.ExecTimeout)
	defer cancel()
	wrote, said := &head{limit: maxState + 1}, &head{limit: maxStderr}
	cmd := exec.CommandContext(ctx, p.path)
	cmd.Args = []string{filepath.Base(p.path)}
	cmd.Env = p.env
	cmd.Dir = dir
	cmd.Stdin = bytes.NewReader(p.stdin)
	cmd.Stdout, cmd.Stderr = wrote, said
	cmd.WaitDelay = pipeDelay
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: credential}
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid) }
	if err := cmd.Start(); err != nil {
		return 0, nil, nil, mark(ErrConfiguration, fmt.Errorf("starting it: %w", startError(err)))
	}
	err = cmd.Wait()
	_ = killGroup(cmd.Process.Pid) // children that outlive it; the number stays taken while there are any
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && !cmd.ProcessState.Exited():
		return 0, nil, nil, fmt.Errorf("it did not end within %s and was killed", p.o.ExecTimeout)
	case ctx.Err() != nil && !cmd.ProcessState.Exited():
		return 0, nil, nil, ctx.Err()
	case !cmd.ProcessState.Exited():
		return 0, nil, nil, fmt.Errorf("it was ended by a signal (%s)", cmd.ProcessState)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.ExitCode() == exitOK {
		return 0, nil, nil, fmt.Errorf("writing its configuration: %s", cause(err))
	}
	return cmd.ProcessState.ExitCode(), wrote.kept, said.kept, nil
}

// workDir makes an empty folder. With another identity the plugin can enter it but leave nothing there: only somebody
// with that identity, or more capabilities than the controller should have, could remove it.
func (p process) workDir(credential *syscall.Credential) (string, error) {
	dir, err := os.MkdirTemp(p.o.WorkDir, "dns01-plugin-")
	if err != nil {
		return "", fmt.Errorf("making its working directory; mount an emptyDir there: %w", err)
	}
	if credential != nil {
		if err := os.Chmod(dir, 0o711); err != nil {
			return "", errors.Join(fmt.Errorf("making its working directory: %w", err), os.Remove(dir))
		}
	}
	return dir, nil
}

func killGroup(pid int) error {
	err := syscall.Kill(-pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// startError says what to do where the cause alone does not.
func startError(err error) error {
	switch {
	case errors.Is(err, syscall.EPERM):
		return errors.New("the controller may not change to the user of plugins; give its container the capabilities SETUID, SETGID and KILL")
	case errors.Is(err, syscall.EACCES):
		return errors.New("the user of plugins may not run it or enter its folder; install it with mode 0755")
	case errors.Is(err, syscall.ENOENT):
		return errors.New("its interpreter or dynamic linker is not in the controller's image; use a static binary")
	case errors.Is(err, syscall.ENOEXEC):
		return errors.New("it is not a program for this machine")
	}
	return errors.New(cause(err))
}

// head keeps the first bytes that are written to it.
type head struct {
	limit int
	kept  []byte
}

// Write implements io.Writer.
func (h *head) Write(b []byte) (int, error) {
	h.kept = append(h.kept, b[:min(len(b), h.limit-len(h.kept))]...)
	return len(b), nil
}
