// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	configv1 "k8s.io/kube-scheduler/config/v1"
	fwk "k8s.io/kube-scheduler/framework"
	upstream "k8s.io/kubernetes/pkg/scheduler"
	schedulerapi "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	internalqueue "k8s.io/kubernetes/pkg/scheduler/backend/queue"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/plugins/certgate"
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// queueRuns are enough for an interval.
const queueRuns = 6

// queueMeasure is something that the scheduling queue does for each pod that is bound.
type queueMeasure struct {
	name string
	do   func(q internalqueue.SchedulingQueue, waiting, bound *corev1.Pod) error
}

var queueMeasures = []queueMeasure{
	// What the scheduler calls in Kubernetes 1.35 when it sees that a pod has a node.
	{"queue_bound_ns", func(q internalqueue.SchedulingQueue, _, bound *corev1.Pod) error {
		q.MoveAllToActiveOrBackoffQueue(klog.Background(), framework.EventAssignedPodAdd, nil, bound, nil)
		return nil
	}},
	// What it called before queueing hints.
	{"queue_assigned_ns", func(q internalqueue.SchedulingQueue, _, bound *corev1.Pod) error {
		q.AssignedPodAdded(klog.Background(), bound)
		return nil
	}},
	// The way of a pod that is not held through the queue.
	{"queue_cycle_ns", func(q internalqueue.SchedulingQueue, waiting, _ *corev1.Pod) error {
		q.Add(klog.Background(), waiting)
		popped, err := q.Pop(klog.Background())
		if err != nil {
			return fmt.Errorf("taking a pod from the queue: %w", err)
		}
		if popped.Pod.UID != waiting.UID {
			return fmt.Errorf("taking a pod from the queue: it was %s, not %s", popped.Pod.Name, waiting.Name)
		}
		q.Done(popped.Pod.UID)
		return nil
	}},
}

// queue measures what held pods cost in the scheduling queue itself: the real one, with the plugins of the default profile and
// CertGate, without an API server. It has no pods, pods that CertGate holds, or as many with scheduling gates.
func (b *bench) queue(ctx context.Context) ([]measure.Entry, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var queues [armCount]internalqueue.SchedulingQueue
	for arm := range armCount {
		var err error
		if queues[arm], err = newQueue(ctx, arm, b.indexed); err != nil {
			return nil, fmt.Errorf("filling a queue, %s: %w", arm, err)
		}
	}
	if err := setBenchTime(); err != nil {
		return nil, err
	}
	pods := numbered(newPods("moving", 2, false))
	pods[1].Spec.NodeName = "node-0000"
	var entries []measure.Entry
	for _, m := range queueMeasures {
		var ns [armCount][]float64
		for run := range queueRuns {
			for _, arm := range armOrders[run%len(armOrders)] {
				var failed error
				r := testing.Benchmark(func(tb *testing.B) {
					for tb.Loop() && failed == nil {
						failed = m.do(queues[arm], pods[0], pods[1])
					}
				})
				if failed == nil {
					failed = complete(ctx, r)
				}
				if failed != nil {
					return nil, fmt.Errorf("benchmarking %s, %s: %w", m.name, arm, failed)
				}
				ns[arm] = append(ns[arm], nsPerOp(r))
			}
		}
		entries = append(entries, queueEntries(m.name, b.indexed, ns)...)
	}
	return entries, nil
}

// queueEntries compares scheduling gates to none held, and CertGate to scheduling gates.
func queueEntries(name string, n int, ns [armCount][]float64) []measure.Entry {
	free, held, gated := medianOf(ns[armNone]), medianOf(ns[armHeld]), medianOf(ns[armGated])
	return []measure.Entry{
		newEntry(name+"/held=0", "ns", free, queueRuns),
		newEntry(fmt.Sprintf("%s/gated=%d", name, n), "ns", gated, queueRuns).Against(free.value),
		newEntry(fmt.Sprintf("%s/held=%d", name, n), "ns", held, queueRuns).Against(free.value),
		newEntry(fmt.Sprintf("%s_ratio_to_gates/held=%d", name, n), "", medianOf(ratios(ns[armHeld], ns[armGated])), queueRuns).Against(1),
	}
}

// newQueue returns the queue of a scheduler that does not run, with n pods that wait as the arm says.
func newQueue(ctx context.Context, a arm, n int) (internalqueue.SchedulingQueue, error) {
	ready := numbered(newPods("ready", 1, true))
	var held []*corev1.Pod
	switch a {
	case armHeld:
		held = numbered(newPods("held", n, true))
		for _, pod := range held { // A controller reports, so that the plugin writes no events meanwhile.
			pod.Status.Conditions = []corev1.PodCondition{podcondition.False(tlsready.Verdict{Reason: tlsready.Expired, Message: "expired"})}
		}
	case armGated:
		held = numbered(newPods("gated", n, false))
		gate(held)
	}
	var expired []*corev1.Pod
	if a == armHeld {
		expired = held
	}
	secrets, err := secretsOf(ready, expired)
	if err != nil {
		return nil, err
	}
	profile, err := defaultProfile()
	if err != nil {
		return nil, err
	}
	client := clientWith(secrets)
	factory := upstream.NewInformerFactory(client, 0)
	var plugin fwk.PreEnqueuePlugin
	s, err := upstream.New(ctx, client, factory, nil, func(string) events.EventRecorder { return &events.FakeRecorder{} },
		upstream.WithProfiles(profile),
		upstream.WithFrameworkOutOfTreeRegistry(frameworkruntime.Registry{
			certgate.Name: func(ctx context.Context, args runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
				pl, err := certgate.New(ctx, args, h)
				plugin, _ = pl.(fwk.PreEnqueuePlugin)
				return pl, err
			},
		}))
	if err != nil {
		return nil, fmt.Errorf("building a scheduler: %w", err)
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	lister := factory.Core().V1().Pods().Informer().GetIndexer()
	for _, pod := range append(ready, held...) {
		if err := lister.Add(pod); err != nil {
			return nil, fmt.Errorf("filling the pod lister: %w", err)
		}
	}
	if err := awaitListed(ctx, plugin, ready[0]); err != nil {
		return nil, err
	}
	for _, pod := range held {
		s.SchedulingQueue.Add(klog.Background(), pod)
	}
	if got := len(s.SchedulingQueue.UnschedulablePods()); got != len(held) {
		return nil, fmt.Errorf("%d pods are held, want %d", got, len(held))
	}
	return s.SchedulingQueue, nil
}

// defaultProfile is that of a scheduler without a configuration, and CertGate.
func defaultProfile() (schedulerapi.KubeSchedulerProfile, error) {
	var versioned configv1.KubeSchedulerConfiguration
	var c schedulerapi.KubeSchedulerConfiguration
	scheme.Scheme.Default(&versioned)
	if err := scheme.Scheme.Convert(&versioned, &c, nil); err != nil {
		return schedulerapi.KubeSchedulerProfile{}, fmt.Errorf("making the default configuration of a scheduler: %w", err)
	}
	p := c.Profiles[0]
	p.SchedulerName = schedulerName
	p.Plugins.MultiPoint.Enabled = append(p.Plugins.MultiPoint.Enabled, schedulerapi.Plugin{Name: certgate.Name})
	p.PluginConfig = append(p.PluginConfig, schedulerapi.PluginConfig{Name: certgate.Name, Args: &config.CertGateArgs{Source: config.SourceSecrets}})
	return p, nil
}
