// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package schedulinggate

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

var start = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// newPod returns a gated pod shop/web that requires web-tls.
func newPod(change ...func(*corev1.Pod)) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "1234", CreationTimestamp: metav1.NewTime(start)},
		Spec:       corev1.PodSpec{SchedulingGates: []corev1.PodSchedulingGate{{Name: declare.SchedulingGate}}},
	}
	requires("web-tls")(pod)
	for _, c := range change {
		c(pod)
	}
	return pod
}

func named(name string) func(*corev1.Pod)   { return func(p *corev1.Pod) { p.Name = name } }
func in(namespace string) func(*corev1.Pod) { return func(p *corev1.Pod) { p.Namespace = namespace } }
func uid(u types.UID) func(*corev1.Pod)     { return func(p *corev1.Pod) { p.UID = u } }

func requires(value string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Annotations = map[string]string{declare.RequireTLSAnnotation: value} }
}

func undeclared(p *corev1.Pod) { p.Annotations = nil }

func gates(names ...string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.SchedulingGates = nil
		for _, name := range names {
			p.Spec.SchedulingGates = append(p.Spec.SchedulingGates, corev1.PodSchedulingGate{Name: name})
		}
	}
}

func priority(class string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.PriorityClassName = class }
}

func deleted(p *corev1.Pod) {
	p.DeletionTimestamp = &metav1.Time{Time: start}
	p.Finalizers = []string{"example.com/wait"}
}

func failed(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }
