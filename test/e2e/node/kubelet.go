// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
)

// startTimeout bounds how long each of the node's processes may take to be ready.
const startTimeout = 2 * time.Minute

// kubeletConfig is a KubeletConfiguration (kubelet.config.k8s.io/v1beta1) for a node that shares its machine: nothing of the
// machine is reserved, evicted for, or changed, and nobody can talk to the kubelet.
func kubeletConfig(o Options, logs string) map[string]any {
	return map[string]any{
		"apiVersion":               "kubelet.config.k8s.io/v1beta1",
		"kind":                     "KubeletConfiguration",
		"containerRuntimeEndpoint": "unix://" + containerdSocket,
		"podLogsDir":               filepath.Join(logs, "pods"),
		"volumePluginDir":          "/var/lib/kubelet/volume-plugins",

		"enableServer": false,
		"healthzPort":  0,
		"authentication": map[string]any{
			"anonymous": map[string]any{"enabled": false},
			"webhook":   map[string]any{"enabled": false},
		},
		"authorization": map[string]any{"mode": "AlwaysAllow"}, // of nobody: there is no server

		"cgroupDriver":           "cgroupfs",
		"cgroupRoot":             o.CgroupRoot,
		"failCgroupV1":           false,
		"failSwapOn":             false,
		"enforceNodeAllocatable": []string{},
		"oomScoreAdj":            0, // a lower one needs CAP_SYS_RESOURCE
		"makeIPTablesUtilChains": false,
		"protectKernelDefaults":  true, // end rather than change the machine's kernel settings; hack/e2e.sh shows it those that it wants
		"resolvConf":             "",

		"localStorageCapacityIsolation": false,
		"evictionHard":                  map[string]any{},
		"imageGCHighThresholdPercent":   100,

		"configMapAndSecretChangeDetectionStrategy": "Watch",
		"syncFrequency": metav1.Duration{Duration: o.SyncPeriod},
	}
}

// startKubelet starts the kubelet as user system:node:<name>, whose rights the API server's Node authorizer limits to what concerns
// the pods that are bound to it.
func (n *Node) startKubelet(ctx context.Context, o Options) error {
	kubeconfig, err := n.sb.UserKubeconfig("system:node:"+o.Name, "system:nodes")
	if err != nil {
		return err
	}
	raw, err := yaml.Marshal(kubeletConfig(o, n.sb.LogDir()))
	if err != nil {
		return fmt.Errorf("encoding the kubelet's configuration: %w", err)
	}
	config := filepath.Join(n.sb.Dir(), "kubelet.yaml")
	if err := os.WriteFile(config, raw, 0o600); err != nil {
		return fmt.Errorf("writing the kubelet's configuration: %w", err)
	}
	root, err := sandbox.RepoRoot()
	if err != nil {
		return err
	}
	n.kubelet, err = n.sb.StartProcess(ctx, sandbox.Spec{
		Name: "kubelet", Path: filepath.Join(root, "_output", "bin", "kubelet"),
		Args: []string{"--config=" + config, "--kubeconfig=" + kubeconfig, "--hostname-override=" + o.Name, "--v=2"},
	})
	return err
}

// waitReady waits until pods can be bound to the node.
func (n *Node) waitReady(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(n.sb.Config())
	if err != nil {
		return fmt.Errorf("creating a client: %w", err)
	}
	return n.poll(ctx, n.kubelet, "the node is Ready", func(ctx context.Context) (bool, string) {
		node, err := client.CoreV1().Nodes().Get(ctx, n.name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		for _, c := range node.Status.Conditions {
			if c.Type == corev1.NodeReady {
				return c.Status == corev1.ConditionTrue && len(node.Spec.Taints) == 0, fmt.Sprintf("%s %s, taints %v", c.Status, c.Message, node.Spec.Taints)
			}
		}
		return false, "no condition Ready"
	})
}

// poll waits until done, or until the process that is to bring it about has ended.
func (n *Node) poll(ctx context.Context, p *sandbox.Process, what string, done func(context.Context) (bool, string)) error {
	last := ""
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, startTimeout, true, func(ctx context.Context) (bool, error) {
		select {
		case <-p.Done():
			return false, errors.New("the process has ended")
		default:
		}
		ok, state := done(ctx)
		last = state
		return ok, nil
	})
	if err != nil {
		return fmt.Errorf("waiting until %s: %w; last seen: %s; the last lines of %s:\n%s", what, err, last, p.Log(), Tail(p.Log()))
	}
	return nil
}
