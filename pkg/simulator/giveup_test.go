// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// strict places as byPacking does, where allows agrees. It keeps count.
type strict struct {
	simulator.Placer
	allows func(s *strict, pod *corev1.Pod, node *corev1.Node) bool
	nodes  map[string]*corev1.Node
	on     map[string][]string // pods by node
	placed []string
}

func newStrict(allows func(*strict, *corev1.Pod, *corev1.Node) bool) (*strict, func(context.Context, clock.PassiveClock) (simulator.Placer, error)) {
	s := &strict{allows: allows, nodes: map[string]*corev1.Node{}, on: map[string][]string{}}
	return s, func(ctx context.Context, c clock.PassiveClock) (simulator.Placer, error) {
		p, err := byPacking(ctx, c)
		s.Placer = p
		return s, err
	}
}

func (s *strict) AddNode(n *corev1.Node) error {
	s.nodes[n.Name] = n
	return s.Placer.AddNode(n)
}

func (s *strict) UpdateNode(n *corev1.Node) error {
	s.nodes[n.Name] = n
	return s.Placer.UpdateNode(n)
}

func (s *strict) AddPod(p *corev1.Pod) error {
	s.on[p.Spec.NodeName] = append(s.on[p.Spec.NodeName], p.Name)
	return s.Placer.AddPod(p)
}

// Place tries nodes that are not allowed by hiding them.
func (s *strict) Place(ctx context.Context, pod *corev1.Pod) (string, error, error) {
	s.placed = append(s.placed, pod.Name+"@"+pod.Spec.NodeName)
	hidden := map[string]*corev1.Node{}
	for name, n := range s.nodes {
		if s.allows(s, pod, n) {
			continue
		}
		hidden[name] = n
		cordoned := n.DeepCopy()
		cordoned.Spec.Unschedulable = true
		if s.Placer.UpdateNode(cordoned) != nil {
			delete(s.nodes, name) // it is gone
			delete(hidden, name)
		}
	}
	name, reason, err := s.Placer.Place(ctx, pod)
	for _, n := range hidden {
		err = errors.Join(err, s.Placer.UpdateNode(n))
	}
	return name, reason, err
}

func TestRunBuysForPodsThatTheSchedulerIsStrictAbout(t *testing.T) {
	onePerNode := func(s *strict, _ *corev1.Pod, n *corev1.Node) bool { return len(s.on[n.Name]) == 0 }
	notSmall := func(_ *strict, _ *corev1.Pod, n *corev1.Node) bool { return n.Labels["pool"] != "small" }
	small, other, large := newPool("small", 16, 64, 1), newPool("other", 16, 64, 1), newPool("large", 32, 128, 2)
	eight := make([]workload.Pod, 8)
	for i := range eight {
		eight[i] = newPod(i, 1, 1, 0, 3600)
	}
	for name, tc := range map[string]struct {
		allows         func(*strict, *corev1.Pod, *corev1.Node) bool
		pools          []pool.Pool
		pods           []workload.Pod
		bought, failed int
	}{
		"eight pods of which each wants a node for itself":   {onePerNode, []pool.Pool{small}, eight, 8, 0},
		"a zone that the scheduler does not want":            {notSmall, []pool.Pool{small, other, large}, eight[:1], 2, 0},
		"pods that no pool is good for, after five attempts": {notSmall, []pool.Pool{small}, eight[:2], 5, 2},
	} {
		t.Run(name, func(t *testing.T) {
			_, newPlacer := newStrict(tc.allows)
			r := run(t, &simulator.Config{
				Workload: newWorkload(tc.pods...), Pools: tc.pools, NewPlacer: newPlacer,
				Autoscaler: simulator.Autoscaler{ScaleUp: simulator.CheapestFit},
			})
			if r.NodesBought != tc.bought || r.UnschedulableCount != tc.failed {
				t.Errorf("bought %d nodes, %d pods not scheduled (%v); want %d and %d", r.NodesBought, r.UnschedulableCount, r.Unschedulable, tc.bought, tc.failed)
			}
		})
	}
}

// A pod that must run beside another comes first in the queue, and is placed in
// the same instant all the same.
func TestRunTriesAgainBesideAnother(t *testing.T) {
	_, newPlacer := newStrict(func(s *strict, p *corev1.Pod, n *corev1.Node) bool { return p.Name != "pod-0" || len(s.on[n.Name]) > 0 })
	first := newPod(0, 1, 1, 0, 3600)
	first.Object.Spec.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{}}
	r := run(t, &simulator.Config{
		Workload: newWorkload(first, newPod(1, 1, 1, 0, 3600)), Pools: []pool.Pool{newPool("small", 4, 16, 1)}, NewPlacer: newPlacer,
		Autoscaler: simulator.Autoscaler{ScaleUp: simulator.CheapestFit},
	})
	if r.WaitMax != 70*time.Second || r.NodesBought != 1 {
		t.Errorf("waited %v, bought %d nodes; want 70s, 1", r.WaitMax, r.NodesBought)
	}
}

// A pod with a price limit is tried again when the price falls.
func TestRunTriesAgainWhenPricesChange(t *testing.T) {
	_, newPlacer := newStrict(func(_ *strict, _ *corev1.Pod, n *corev1.Node) bool { return priceOf(n).PerHour < 2_000_000 })
	dear := newPool("dear", 4, 16, 3)
	dear.MaxNodes = 1
	r := run(t, &simulator.Config{
		Workload: newWorkload(newPod(0, 1, 1, 0, 3600)), Pools: []pool.Pool{dear}, NewPlacer: newPlacer,
		Autoscaler:   simulator.Autoscaler{ScaleUp: simulator.CheapestFit},
		PriceChanges: []simulator.PriceChange{{At: 400 * time.Second, Price: 1_000_000}},
	})
	if r.WaitMax != 400*time.Second || r.UnschedulableCount != 0 {
		t.Errorf("waited %v, %d not scheduled; want 400s, 0", r.WaitMax, r.UnschedulableCount)
	}
}
