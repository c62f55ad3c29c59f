// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/cli/snapshot"
	"github.com/tollgate-dev/tollgate/pkg/simulator/placer"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

// verdictsOn asks the profile's plugins about the pod on each node of the
// snapshot, as if the pod were not bound. They read everything from the
// snapshot: a client without a server stands for the cluster, so that a file
// and a cluster give the same answer, and nothing waits for a watch.
func verdictsOn(ctx context.Context, s *snapshot.Snapshot, pod *corev1.Pod, profile *profiles.Profile, c clock.PassiveClock) ([]placer.Verdict, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client := fake.NewClientset(s.Others...)
	factory := informers.NewSharedInformerFactory(client, 0)
	p, err := placer.New(ctx, profile.Config, placer.Options{Clock: c, Client: client, Informers: factory})
	if err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return nil, fmt.Errorf("reading %s: %w", kind, context.Cause(ctx))
		}
	}
	for _, node := range s.Nodes {
		if err := p.AddNode(node); err != nil {
			return nil, err
		}
	}
	for _, other := range s.Pods {
		if snapshot.Holds(other) && (other.Namespace != pod.Namespace || other.Name != pod.Name) {
			if err := p.AddPod(other); err != nil {
				return nil, err
			}
		}
	}
	return p.Explain(ctx, unbound(pod))
}

// unbound is the pod as it was created. The name of its node would rule out
// all others.
func unbound(pod *corev1.Pod) *corev1.Pod {
	u := pod.DeepCopy()
	u.Spec.NodeName = ""
	u.Status = corev1.PodStatus{}
	return u
}
