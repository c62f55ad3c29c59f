// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/test/e2e/image"
)

const (
	containerdRoot   = "/var/lib/containerd"
	containerdState  = "/run/containerd"
	containerdSocket = containerdState + "/containerd.sock"
	cniConfDir       = "/run/tollgate-e2e-cni"
)

// containerdConfig is that of containerd 1.6, which later versions read too; %[1]s is the image of pod sandboxes.
//
// restrict_oom_score_adj is for machines on which root may not lower that score (it needs CAP_SYS_RESOURCE). The plug-in opt would
// make a folder in /opt. The snapshotters left out are for other file systems.
const containerdConfig = `version = 2
root = "` + containerdRoot + `"
state = "` + containerdState + `"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "` + containerdSocket + `"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "%[1]s"
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = "` + cniConfDir + `"
`

// cniConfig has to exist for the node to be Ready. Pods on the host's network never use it.
const cniConfig = `{"cniVersion": "0.4.0", "name": "none", "plugins": [{"type": "loopback"}]}`

func (n *Node) startContainerd(ctx context.Context, pauseImage string) error {
	if err := os.MkdirAll(cniConfDir, 0o700); err != nil {
		return fmt.Errorf("writing the CNI configuration: %w", err)
	}
	if err := os.WriteFile(filepath.Join(cniConfDir, "10-none.conflist"), []byte(cniConfig), 0o600); err != nil {
		return fmt.Errorf("writing the CNI configuration: %w", err)
	}
	config := filepath.Join(n.sb.Dir(), "containerd.toml")
	if err := os.WriteFile(config, fmt.Appendf(nil, containerdConfig, pauseImage), 0o600); err != nil {
		return fmt.Errorf("writing containerd's configuration: %w", err)
	}
	path, err := exec.LookPath("containerd")
	if err != nil {
		return fmt.Errorf("finding containerd: %w", err)
	}
	n.containerd, err = n.sb.StartProcess(ctx, sandbox.Spec{Name: "containerd", Path: path, Args: []string{"--config=" + config}})
	if err != nil {
		return err
	}
	return n.poll(ctx, n.containerd, "containerd answers", func(ctx context.Context) (bool, string) {
		_, err := ctr(ctx, nil, "version")
		return err == nil, fmt.Sprint(err)
	})
}

// importImage gives the image to the container runtime, through a pipe.
func (n *Node) importImage(ctx context.Context, i image.Image) error {
	var archive bytes.Buffer
	if err := i.Write(&archive); err != nil {
		return err
	}
	if _, err := ctr(ctx, &archive, "images", "import", "-"); err != nil {
		return fmt.Errorf("importing image %s: %w", i.Name, err)
	}
	return nil
}

// Containers lists the ids of the containers of a pod, that of its sandbox among them, started or not.
func (n *Node) Containers(ctx context.Context, podUID string) ([]string, error) {
	out, err := ctr(ctx, nil, "containers", "list", "--quiet", fmt.Sprintf("labels.%q==%q", "io.kubernetes.pod.uid", podUID))
	if err != nil {
		return nil, fmt.Errorf("listing the containers of pod %s: %w", podUID, err)
	}
	return strings.Fields(out), nil
}

// removeContainers ends all containers and removes them.
func (n *Node) removeContainers(ctx context.Context) error {
	tasks, err := ctr(ctx, nil, "tasks", "list", "--quiet")
	if err != nil {
		return fmt.Errorf("listing tasks: %w", err)
	}
	containers, err := ctr(ctx, nil, "containers", "list", "--quiet")
	if err != nil {
		return fmt.Errorf("listing containers: %w", err)
	}
	var errs []error
	for _, id := range strings.Fields(tasks) {
		if _, err := ctr(ctx, nil, "tasks", "delete", "--force", id); err != nil {
			errs = append(errs, fmt.Errorf("ending container %s: %w", id, err))
		}
	}
	for _, id := range strings.Fields(containers) {
		if _, err := ctr(ctx, nil, "containers", "delete", id); err != nil {
			errs = append(errs, fmt.Errorf("removing container %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// ctr runs containerd's client in the namespace of the kubelet and returns what it printed.
func ctr(ctx context.Context, in io.Reader, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "ctr", append([]string{"--address", containerdSocket, "--namespace", "k8s.io"}, args...)...)
	var out, errOut bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &errOut
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("running ctr %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(errOut.String()))
	}
	return out.String(), nil
}
