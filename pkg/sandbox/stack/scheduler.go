// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"sigs.k8s.io/yaml"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
)

// SchedulerOptions changes how a scheduler is started.
type SchedulerOptions struct {
	// Name of the process, its configuration file and its log. Default tollgate-scheduler.
	Name string
	// Config is a file of config/scheduler, for example "beside.yaml" (the default).
	Config string
	// Kubeconfig of the user to run as. Default: ServiceAccount tollgate-scheduler.
	Kubeconfig string
	// Edit changes the KubeSchedulerConfiguration before it is written; nil leaves it.
	Edit func(config map[string]any)
	// Args are added to the command line.
	Args []string
}

// StartScheduler starts Tollgate's kube-scheduler with a configuration of config/scheduler, in which only the path of the kubeconfig is another.
func StartScheduler(ctx context.Context, sb *sandbox.Sandbox, o SchedulerOptions) (*sandbox.Process, error) {
	if o.Name == "" {
		o.Name = "tollgate-scheduler"
	}
	if o.Config == "" {
		o.Config = "beside.yaml"
	}
	if o.Kubeconfig == "" {
		kubeconfig, err := sb.ServiceAccountKubeconfig(ctx, Namespace, SchedulerServiceAccount)
		if err != nil {
			return nil, err
		}
		o.Kubeconfig = kubeconfig
	}
	config, err := SchedulerConfig(sb, o)
	if err != nil {
		return nil, err
	}
	return start(ctx, sb, o.Name, "kube-scheduler", append([]string{"--config=" + config, "--v=2"}, o.Args...))
}

// ReadSecrets is an Edit: CertGate of every profile reads the Secrets itself, for which config/rbac/secrets has to be applied.
func ReadSecrets(config map[string]any) {
	profiles, _ := config["profiles"].([]any)
	for _, profile := range profiles {
		plugins, _ := profile.(map[string]any)["pluginConfig"].([]any)
		for _, plugin := range plugins {
			if p, ok := plugin.(map[string]any); ok && p["name"] == "CertGate" {
				p["args"] = map[string]any{"source": "Secrets"}
			}
		}
	}
}

// StartUpstreamScheduler starts the unchanged kube-scheduler of Kubernetes, as the default scheduler of the sandbox.
func StartUpstreamScheduler(ctx context.Context, sb *sandbox.Sandbox) (*sandbox.Process, error) {
	const name = "kube-scheduler-upstream"
	return start(ctx, sb, name, name, []string{
		"--kubeconfig=" + sb.Kubeconfig(), "--authentication-kubeconfig=" + sb.Kubeconfig(), "--authorization-kubeconfig=" + sb.Kubeconfig(),
	})
}

// start runs a kube-scheduler that serves on a free port of loopback.
func start(ctx context.Context, sb *sandbox.Sandbox, name, binary string, args []string) (*sandbox.Process, error) {
	path, err := Binary(binary)
	if err != nil {
		return nil, err
	}
	port, err := sandbox.FreePort()
	if err != nil {
		return nil, err
	}
	args = append(args, "--bind-address=127.0.0.1", "--secure-port="+strconv.Itoa(port))
	return sb.StartProcess(ctx, sandbox.Spec{Name: name, Path: path, Args: args})
}

// StartSchedulerAsKubeadm starts Tollgate's kube-scheduler with config/scheduler/replace.yaml and the command line that kubeadm
// writes into the static pod, in which only paths and the port are the sandbox's. Like a container runtime it looks
// kube-scheduler up in PATH. It runs as user system:kube-scheduler.
func StartSchedulerAsKubeadm(ctx context.Context, sb *sandbox.Sandbox) (*sandbox.Process, error) {
	kubeconfig, err := sb.UserKubeconfig("system:kube-scheduler")
	if err != nil {
		return nil, err
	}
	config, err := SchedulerConfig(sb, SchedulerOptions{Name: "kubeadm-kube-scheduler", Config: "replace.yaml", Kubeconfig: kubeconfig})
	if err != nil {
		return nil, err
	}
	path, err := Binary("kube-scheduler")
	if err != nil {
		return nil, err
	}
	port, err := sandbox.FreePort()
	if err != nil {
		return nil, err
	}
	return sb.StartProcess(ctx, sandbox.Spec{
		Name: "kubeadm-kube-scheduler", Path: "/usr/bin/env",
		Env: []string{"PATH=" + filepath.Dir(path)},
		Args: []string{
			"kube-scheduler",
			"--authentication-kubeconfig=" + kubeconfig,
			"--authorization-kubeconfig=" + kubeconfig,
			"--bind-address=127.0.0.1",
			"--kubeconfig=" + kubeconfig,
			"--leader-elect=true",
			"--config=" + config,
			"--secure-port=" + strconv.Itoa(port),
		},
	})
}

// SchedulerConfig writes the configuration of o into the sandbox's folder and returns its path.
func SchedulerConfig(sb *sandbox.Sandbox, o SchedulerOptions) (string, error) {
	root, err := sandbox.RepoRoot()
	if err != nil {
		return "", err
	}
	raw, err := os.ReadFile(filepath.Join(root, "config", "scheduler", o.Config))
	if err != nil {
		return "", fmt.Errorf("reading the scheduler's configuration: %w", err)
	}
	config := map[string]any{}
	if err := yaml.Unmarshal(raw, &config); err != nil {
		return "", fmt.Errorf("parsing %s: %w", o.Config, err)
	}
	config["clientConnection"] = map[string]any{"kubeconfig": o.Kubeconfig}
	if o.Edit != nil {
		o.Edit(config)
	}
	raw, err = yaml.Marshal(config)
	if err != nil {
		return "", fmt.Errorf("writing the scheduler's configuration: %w", err)
	}
	path := filepath.Join(sb.Dir(), o.Name+".yaml")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return "", fmt.Errorf("writing the scheduler's configuration: %w", err)
	}
	return path, nil
}
