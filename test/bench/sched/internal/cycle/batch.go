// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cycle

import (
	"context"
	"errors"
	"fmt"
	"runtime/metrics"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/tollgate-dev/tollgate/test/perf/fleet"
)

// Sample is what one batch of placements took.
type Sample struct {
	Placements int
	// Unplaced is how many of the pods fitted on no node.
	Unplaced int
	// Cycle is the time of all scheduling cycles, and CPU what the process used of processors meanwhile.
	Cycle, CPU time.Duration
	// Algorithm is the part of each cycle that chooses the node: what scheduling_algorithm_duration measures.
	Algorithm []int64 // ns
	// Events is the time of all event handlers: pod added, bound, and another one gone.
	Events time.Duration
	// Heartbeats is how many nodes reported before the batch, and Heartbeat the time of the event handlers for all of them. What
	// such a report makes the next cycle do is part of Cycle.
	Heartbeats int
	Heartbeat  time.Duration
	// Allocs and Bytes are what the cycles allocated.
	Allocs, Bytes uint64
	// Evaluated is the number of nodes that were looked at.
	Evaluated int
}

// Place schedules a batch of pods and returns them as they are bound; nil for a pod that fits on no node, which is deleted.
func (c *Cluster) Place(ctx context.Context, pods []*corev1.Pod) ([]*corev1.Pod, Sample, error) {
	s := Sample{Placements: len(pods)}
	begin := time.Now()
	if err := c.Add(pods); err != nil {
		return nil, s, err
	}
	s.Events += time.Since(begin)
	if ready, _ := c.Waiting(); ready != len(pods) {
		return nil, s, fmt.Errorf("scheduling a batch of pods: %d of %d are in the queue", ready, len(pods))
	}

	held := make(chan struct{})
	c.client.held = held
	c.algorithm, c.evaluated = make([]int64, 0, len(pods)), 0
	allocs, bytes := allocated()
	cpu := cpuTime()
	begin = time.Now()
	for range pods {
		c.scheduler.ScheduleOne(ctx)
	}
	s.Cycle = time.Since(begin)
	s.CPU = cpuTime() - cpu
	allocsNow, bytesNow := allocated()
	s.Allocs, s.Bytes = allocsNow-allocs, bytesNow-bytes
	s.Algorithm, s.Evaluated = c.algorithm, c.evaluated
	close(held)

	bound, err := c.bind(pods)
	if err != nil {
		return nil, s, err
	}
	begin = time.Now()
	for i, pod := range pods {
		if bound[i] == nil {
			s.Unplaced++
			err = c.feeds.pods.Remove(pod)
		} else {
			err = c.feeds.pods.Update(pod, bound[i])
		}
		if err != nil {
			return nil, s, fmt.Errorf("binding pod %s: %w", pod.Name, err)
		}
	}
	s.Events += time.Since(begin)
	return bound, s, nil
}

// Remove deletes pods and returns what the event handlers took.
func (c *Cluster) Remove(pods []*corev1.Pod) (time.Duration, error) {
	begin := time.Now()
	for _, pod := range pods {
		if err := c.feeds.pods.Remove(pod); err != nil {
			return 0, fmt.Errorf("removing pod %s: %w", pod.Name, err)
		}
	}
	return time.Since(begin), nil
}

// bind waits for what becomes of pods and returns them as bound pods, in order.
func (c *Cluster) bind(pods []*corev1.Pod) ([]*corev1.Pod, error) {
	nodes := make(map[string]string, len(pods))
	for range pods {
		o := <-c.client.outcomes
		if fit := new(framework.FitError); o.err != nil && !errors.As(o.err, &fit) {
			return nil, fmt.Errorf("scheduling pod %s: %w", o.pod, o.err)
		}
		nodes[o.pod] = o.node
	}
	now := metav1.Now()
	bound := make([]*corev1.Pod, len(pods))
	for i, pod := range pods {
		if node := nodes[pod.Name]; node != "" {
			bound[i] = fleet.Bound(pod, node, now)
		}
	}
	return bound, nil
}

// allocated returns how many objects and bytes were allocated since the program began.
func allocated() (objects, bytes uint64) {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64(), samples[1].Value.Uint64()
}

// cpuTime returns what the process has used of processors.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // there is no other fault than a wrong argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
