// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/plugins/certgate"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// clientRate is the scheduler's limit of requests per second. The default of 50 is reached long before the scheduler is
// busy; measured with it, all schedulers are equally fast.
const clientRate = 5000

// scheduler is a running kube-scheduler.
type scheduler struct {
	process *sandbox.Process
	url     string
	client  *http.Client
	started time.Time // right before the process was
}

// schedulerOptions choose the scheduler; the zero value is Tollgate's, with config/scheduler/beside.yaml, which leads at once.
type schedulerOptions struct {
	// plain takes the one with ordinary informers, which is this program.
	plain bool
	// standby makes it wait for the lease.
	standby bool
}

func (c *cluster) startScheduler(ctx context.Context, o schedulerOptions) (*scheduler, error) {
	name := "tollgate-scheduler"
	path, err := stack.Binary("kube-scheduler")
	if o.plain {
		name = schedulerCommand
		path, err = os.Executable()
	}
	if err != nil {
		return nil, fmt.Errorf("finding the scheduler: %w", err)
	}
	config, err := stack.SchedulerConfig(c.sb, stack.SchedulerOptions{
		Name: name, Config: "beside.yaml", Kubeconfig: c.kubeconfig, Edit: func(config map[string]any) { editConfig(config, o) },
	})
	if err != nil {
		return nil, err
	}
	port, err := sandbox.FreePort()
	if err != nil {
		return nil, err
	}
	args := []string{
		"--config=" + config, "--bind-address=127.0.0.1", "--secure-port=" + strconv.Itoa(port),
		"--authentication-kubeconfig=" + c.sb.Kubeconfig(), "--authorization-kubeconfig=" + c.sb.Kubeconfig(),
	}
	if o.plain {
		args = append([]string{schedulerCommand}, args...)
	}
	// The administrator may read metrics; the scheduler's own certificate is self-signed, on loopback.
	admin := c.sb.Config()
	pair, err := tls.X509KeyPair(admin.CertData, admin.KeyData)
	if err != nil {
		return nil, fmt.Errorf("loading the administrator's certificate: %w", err)
	}
	s := &scheduler{url: "https://127.0.0.1:" + strconv.Itoa(port), client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{pair}, InsecureSkipVerify: true}, //nolint:gosec // loopback
	}}}
	s.started = time.Now()
	if s.process, err = c.sb.StartProcess(ctx, sandbox.Spec{Name: name, Path: path, Args: args}); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *scheduler) stop() error {
	s.client.CloseIdleConnections()
	return s.process.Stop()
}

// editConfig changes a configuration of config/scheduler for the benchmark.
func editConfig(config map[string]any, o schedulerOptions) {
	connection := config["clientConnection"].(map[string]any)
	connection["qps"], connection["burst"] = clientRate, clientRate
	config["leaderElection"] = map[string]any{
		"leaderElect": o.standby, "resourceLock": "leases", "resourceNamespace": stack.Namespace, "resourceName": leaseName,
		"leaseDuration": "60s", "renewDeadline": "40s", "retryPeriod": "250ms",
	}
	for _, p := range config["profiles"].([]any) {
		profile := p.(map[string]any)
		plugins, _ := profile["pluginConfig"].([]any)
		plugins = slices.DeleteFunc(plugins, func(plugin any) bool { return plugin.(map[string]any)["name"] == certgate.Name })
		if !o.plain {
			plugins = append(plugins, map[string]any{"name": certgate.Name, "args": map[string]any{"source": "Secrets"}})
		}
		profile["pluginConfig"] = plugins
		if !o.plain {
			continue
		}
		multiPoint := profile["plugins"].(map[string]any)["multiPoint"].(map[string]any)
		for _, plugin := range multiPoint["enabled"].([]any) {
			if named := plugin.(map[string]any); named["name"] == certgate.Name {
				named["name"] = plainName
			}
		}
	}
}

// get reads a page of the scheduler.
func (s *scheduler) get(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, bytes.TrimSpace(body))
	}
	return body, err
}

// pending returns how many pods are in each part of the scheduling queue.
func (s *scheduler) pending(ctx context.Context) (map[string]int, error) {
	page, err := s.get(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	return pendingPods(page), nil
}

// pendingPods reads the metric of the scheduling queue.
func pendingPods(page []byte) map[string]int {
	found := map[string]int{}
	for lines := bufio.NewScanner(bytes.NewReader(page)); lines.Scan(); {
		rest, ok := strings.CutPrefix(lines.Text(), `scheduler_pending_pods{queue="`)
		if !ok {
			continue
		}
		queue, value, ok := strings.Cut(rest, `"} `)
		if n, err := strconv.ParseFloat(value, 64); ok && err == nil {
			found[queue] = int(n)
		}
	}
	return found
}

// awaitQueue waits until that many pods are active and gated, and the process has nothing else to do.
func (s *scheduler) awaitQueue(ctx context.Context, active, gated int) error {
	var last map[string]int
	var lastErr error
	err := s.poll(ctx, 50*time.Millisecond, func() bool {
		last, lastErr = s.pending(ctx)
		return lastErr == nil && last["active"] == active && last["gated"] == gated
	})
	if err != nil {
		return errors.Join(fmt.Errorf("waiting for %d active and %d gated pods, last seen %v: %w", active, gated, last, err), lastErr)
	}
	return s.awaitQuiet(ctx)
}

// poll waits until done returns true, the process ends or patience does.
func (s *scheduler) poll(ctx context.Context, every time.Duration, done func() bool) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.process.Done():
			return fmt.Errorf("the scheduler has ended; its log is %s", s.process.Log())
		case <-timeout.C:
			return fmt.Errorf("not after %s; the scheduler's log is %s", patience, s.process.Log())
		case <-ticker.C:
		}
	}
	return nil
}
