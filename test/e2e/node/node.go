// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package node runs a real Kubernetes node beside a sandbox: containerd with runc, and a kubelet that joins the sandbox's API
// server. It uses the folders that these programs use by default, and expects to be alone with them: in mount and PID namespaces
// of its own, with empty file systems on /run, /var/lib and /var/log (hack/e2e.sh). Pods use the host's network.
package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/test/e2e/image"
)

// Options say what the node is like.
type Options struct {
	// Name of the Node object.
	Name string
	// CgroupRoot is the cgroup below which the kubelet keeps those of pods, for example "/tollgate-e2e". It has to exist in every
	// hierarchy.
	CgroupRoot string
	// Pause is the image of pod sandboxes.
	Pause image.Image
	// Images that pods of this node may use, with imagePullPolicy Never.
	Images []image.Image
	// SyncPeriod is how often the kubelet looks at each pod, and so how old a mounted Secret may be. Kubernetes' default is a minute.
	SyncPeriod time.Duration
}

// Node is a running node.
type Node struct {
	name       string
	sb         *sandbox.Sandbox
	containerd *sandbox.Process
	kubelet    *sandbox.Process
}

// Start returns when the node is Ready and has no taint. When it fails it has stopped what it had started.
func Start(ctx context.Context, sb *sandbox.Sandbox, o Options) (*Node, error) {
	n := &Node{name: o.Name, sb: sb}
	if err := n.start(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("starting node %s: %w", o.Name, err), n.Stop(context.WithoutCancel(ctx)))
	}
	return n, nil
}

func (n *Node) start(ctx context.Context, o Options) error {
	if err := n.startContainerd(ctx, o.Pause.Name); err != nil {
		return err
	}
	for _, i := range append([]image.Image{o.Pause}, o.Images...) {
		if err := n.importImage(ctx, i); err != nil {
			return err
		}
	}
	if err := n.startKubelet(ctx, o); err != nil {
		return err
	}
	return n.waitReady(ctx)
}

// Stop stops the kubelet, then what containers there still are, then containerd, and takes down what they have mounted. All of it is
// tried, whatever fails. Pods are best deleted before.
func (n *Node) Stop(ctx context.Context) error {
	var errs []error
	if n.kubelet != nil {
		errs = append(errs, n.kubelet.Stop())
	}
	if n.containerd != nil {
		errs = append(errs, n.removeContainers(ctx), n.containerd.Stop())
	}
	errs = append(errs, unmountAll())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("stopping node %s: %w", n.name, err)
	}
	return nil
}
