// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
)

// enqueue puts a pod among those that wait, where a scheduler's queue has it:
// by priority, then by the time it came.
func (s *simulation) enqueue(p *podState) {
	i, _ := slices.BinarySearchFunc(s.waiting, p, func(a, b *podState) int {
		return cmp.Or(-cmp.Compare(priority(a.spec.Object), priority(b.spec.Object)), cmp.Compare(a.since, b.since), cmp.Compare(a.seq, b.seq))
	})
	s.waiting = slices.Insert(s.waiting, i, p)
	p.reason = nil
}

func priority(pod *corev1.Pod) int32 {
	if pod.Spec.Priority == nil {
		return 0
	}
	return *pod.Spec.Priority
}

// schedule tries the pods that wait and are new, or for which something became
// free.
func (s *simulation) schedule(ctx context.Context) error {
	for retry := s.retry.take(); retry.all || len(retry.nodes) > 0; retry = s.retry.take() {
		if err := s.try(ctx, retry); err != nil {
			return err
		}
	}
	return nil
}

// try asks once about each pod that is worth an attempt.
func (s *simulation) try(ctx context.Context, retry retry) error {
	retry.nodes = slices.DeleteFunc(retry.nodes, func(n *nodeState) bool { return n == nil })
	still := s.waiting[:0]
	for _, p := range s.waiting {
		placed := false
		if p.reason == nil || retry.worth(p, s.constrained) {
			name, reason, err := s.placer.Place(ctx, p.object)
			if err != nil {
				return err
			}
			p.reason = reason
			if name != "" {
				n, ok := s.byName[name]
				if !ok || !n.ready {
					return fmt.Errorf("placing pod %s: there is no node %q", klog.KObj(p.spec.Object), name)
				}
				if err := s.bind(p, n); err != nil {
					return err
				}
				placed = true
				// A pod may have to run beside this one, and may come before
				// it in the queue.
				s.retry.all = s.retry.all || s.constrained
			} else if reason == nil {
				p.reason = errors.New("no node fits")
			}
		}
		if !placed {
			still = append(still, p)
		}
	}
	clear(s.waiting[len(still):])
	s.waiting = still
	return nil
}

// bind lets a pod run on a node from now on.
func (s *simulation) bind(p *podState, n *nodeState) error {
	wait := s.now - p.since
	p.delay += wait
	s.result.DelayMax = max(s.result.DelayMax, p.delay)
	if !p.placed {
		s.waits = append(s.waits, wait)
		p.placed = true
	}
	if p.purchase != nil {
		p.purchase.used = true
	}
	p.purchase, p.inVain, p.refused = nil, 0, nil
	s.result.Placements++
	return s.start(p, n, s.placer.Bind(p.object, n.object.Name))
}

func (s *simulation) start(p *podState, n *nodeState, bound *corev1.Pod) error {
	if err := s.placer.AddPod(bound); err != nil {
		return err
	}
	p.turn++
	p.node, p.bound, p.startedAt, p.reason = n, bound, s.now, nil
	n.pods = append(n.pods, p)
	n.take(p)
	n.turn++ // not empty
	s.account(n)
	s.running++
	s.queue.push(event{at: s.now + p.remaining, kind: podEnds, pod: p, turn: p.turn})
	return nil
}

// alreadyBound lets a pod run that the workload begins with.
func (s *simulation) alreadyBound(p *podState) error {
	n, ok := s.byName[p.spec.Object.Spec.NodeName]
	if !ok {
		return fmt.Errorf("simulating %s: pod %s runs on node %q, which is not there", s.config.Workload.Name, klog.KObj(p.spec.Object), p.spec.Object.Spec.NodeName)
	}
	p.placed = true
	s.arrived++
	if p.spec.IsMirror() {
		return s.startMirror(p, n)
	}
	return s.start(p, n, p.spec.Object)
}

// end ends a pod for good.
func (s *simulation) end(p *podState) error {
	s.retry.nodes = append(s.retry.nodes, p.node)
	return s.stop(p)
}

// stop takes a pod off its node.
func (s *simulation) stop(p *podState) error {
	if err := s.placer.RemovePod(p.bound); err != nil {
		return err
	}
	n := p.node
	p.turn++
	p.remaining -= s.now - p.startedAt
	p.node, p.bound = nil, nil
	n.pods = slices.DeleteFunc(n.pods, func(o *podState) bool { return o == p })
	n.release(p)
	s.account(n)
	s.running--
	s.idleIfEmpty(n)
	return nil
}

// evict makes a running pod wait again, for what is left of its lifetime.
func (s *simulation) evict(p *podState) error {
	if err := s.stop(p); err != nil {
		return err
	}
	if p.object.Spec.NodeName != "" {
		p.object = unbound(p.object) // else it could go nowhere but there
	}
	s.result.Evictions++
	p.since = s.now
	s.enqueue(p)
	return nil
}

// unbound returns the pod that a controller creates for one that was bound.
func unbound(pod *corev1.Pod) *corev1.Pod {
	out := *pod // what it shares is not changed by anybody
	out.Spec.NodeName = ""
	out.Status = corev1.PodStatus{}
	return &out
}

// hasConstraints reports whether the pod says where other pods must or must not
// be.
func hasConstraints(pod *corev1.Pod) bool {
	if a := pod.Spec.Affinity; a != nil && (a.PodAffinity != nil || a.PodAntiAffinity != nil) {
		return true
	}
	return len(pod.Spec.TopologySpreadConstraints) > 0
}

// quantiles sorts waits.
func quantiles(waits []time.Duration) (p50, p99, most time.Duration) {
	if len(waits) == 0 {
		return 0, 0, 0
	}
	slices.Sort(waits)
	last := len(waits) - 1
	return waits[last/2], waits[last*99/100], waits[last]
}
