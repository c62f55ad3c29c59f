// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
)

// beginning is how a pod was created.
type beginning struct {
	gated bool // With our scheduling gate.
	bound bool // With spec.nodeName.
}

// beginnings remembers how pods were created, as far as their later versions do not tell:
// the controller removes the scheduling gate, and the kubelet adds condition PodScheduled.
type beginnings struct {
	mu   sync.Mutex
	pods map[types.UID]beginning
}

func newBeginnings() *beginnings {
	return &beginnings{pods: map[types.UID]beginning{}}
}

// note remembers what this version of the pod tells.
func (b *beginnings) note(pod *corev1.Pod) {
	began := beginningOf(pod)
	if began == (beginning{}) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pods[pod.UID] = began.and(b.pods[pod.UID])
}

// of returns how the pod was created, as far as is known.
func (b *beginnings) of(pod *corev1.Pod) beginning {
	b.mu.Lock()
	defer b.mu.Unlock()
	return beginningOf(pod).and(b.pods[pod.UID])
}

func (b *beginnings) forget(uid types.UID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.pods, uid)
}

func (a beginning) and(b beginning) beginning {
	return beginning{gated: a.gated || b.gated, bound: a.bound || b.bound}
}

// beginningOf returns what this version of a pod tells about its creation. Whoever binds a pod gives
// it condition PodScheduled in the same write, so a pod on a node without one was created there.
func beginningOf(pod *corev1.Pod) beginning {
	return beginning{
		gated: slices.ContainsFunc(pod.Spec.SchedulingGates, func(g corev1.PodSchedulingGate) bool { return g.Name == declare.SchedulingGate }),
		bound: pod.Spec.NodeName != "" && podcondition.Get(pod, corev1.PodScheduled) == nil,
	}
}

// bypassNote says that nothing holds the pod, and how that is repaired.
func (s *scope) bypassNote(pod *corev1.Pod) string {
	if s.beginnings.of(pod).bound {
		return fmt.Sprintf("The pod declares TLS Secrets but is NOT held until they are usable: it was created with spec.nodeName %q, so that no scheduler looked at it. "+
			"Remove spec.nodeName from what creates the pod, or refuse such pods with the policies of config/policy.", pod.Spec.NodeName)
	}
	known := "no scheduler is known to have CertGate"
	if len(s.schedulers) > 0 {
		known = "CertGate is known to be in " + strings.Join(s.schedulers, ", ")
	}
	return fmt.Sprintf("The pod declares TLS Secrets but is NOT held until they are usable: its scheduler %q is not known to have CertGate, and it was created without scheduling gate %s. "+
		"Set spec.schedulerName (%s) or add the scheduling gate in what creates the pod, or let the policies of config/policy do so.",
		pod.Spec.SchedulerName, declare.SchedulingGate, known)
}
