// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// observer follows the cluster by watches alone, so every time it knows is the time at which a user could have seen it.
type observer struct {
	say   func(format string, args ...any)
	start time.Time

	mu     sync.Mutex
	notify chan struct{}
	pods   map[string]*corev1.Pod // newest state by name
	life   map[string]*life       // by pod name
	order  []string               // pod names in the order of their binding
	issued map[string]time.Time   // steps of the certificate: orderPlaced, challengeLed, secretWritten
	// secretVersion is that of the Secret when it was first seen.
	secretVersion uint64
}

// life of a pod: zero times have not come yet.
type life struct {
	created, held, released, bound time.Time
	message                        string
	// boundVersion is the pod's version that first had a node.
	boundVersion uint64
}

// version is the resourceVersion. One etcd counts those of pods and Secrets, so they tell what came first, whichever watch is slower.
func version(o metav1.Object) uint64 {
	n, _ := strconv.ParseUint(o.GetResourceVersion(), 10, 64) // what etcd counts is a number
	return n
}

// Steps of the certificate. An issuance that takes a moment has no events: its objects are watched.
const (
	orderPlaced   = "OrderPlaced"
	challengeLed  = "ChallengeLed"
	secretWritten = "SecretWritten"
)

// observe starts watches that end with ctx.
func observe(ctx context.Context, c client.WithWatch, say func(string, ...any)) (*observer, error) {
	o := &observer{
		say: say, start: time.Now(), notify: make(chan struct{}),
		pods: map[string]*corev1.Pod{}, life: map[string]*life{}, issued: map[string]time.Time{},
	}
	inNamespace := client.InNamespace(namespace)
	for _, w := range []struct {
		list    client.ObjectList
		options []client.ListOption
		handle  func(watch.Event)
	}{
		{&corev1.PodList{}, []client.ListOption{inNamespace}, o.onPod},
		{&corev1.SecretList{}, []client.ListOption{inNamespace}, o.onSecret},
		{&networkingv1.IngressList{}, []client.ListOption{inNamespace}, o.onIngress},
	} {
		stream, err := c.Watch(ctx, w.list, w.options...)
		if err != nil {
			return nil, fmt.Errorf("watching the sandbox: %w", err)
		}
		go func() {
			for event := range stream.ResultChan() {
				o.mu.Lock()
				w.handle(event)
				close(o.notify)
				o.notify = make(chan struct{})
				o.mu.Unlock()
			}
		}()
	}
	return o, nil
}

// changed is closed at the next change.
func (o *observer) changed() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.notify
}

func (o *observer) onPod(event watch.Event) {
	pod, ok := event.Object.(*corev1.Pod)
	if !ok || event.Type == watch.Deleted {
		return
	}
	now := time.Now()
	l := o.life[pod.Name]
	if l == nil {
		l = &life{created: now}
		o.life[pod.Name] = l
		o.say("pod %s created", pod.Name)
	}
	o.pods[pod.Name] = pod
	if c := condition(pod, v1alpha1.TLSReadyCondition); c != nil {
		switch {
		case c.Status == corev1.ConditionFalse && c.Message != l.message:
			if l.held.IsZero() {
				l.held = now
			}
			l.message = c.Message
			o.say("pod %s held: %s: %s", pod.Name, c.Reason, c.Message)
		case c.Status == corev1.ConditionTrue && l.released.IsZero():
			l.released = now
			o.say("pod %s released: %s", pod.Name, c.Message)
		}
	}
	if pod.Spec.NodeName != "" && l.bound.IsZero() {
		l.bound, l.boundVersion = now, version(pod)
		o.order = append(o.order, pod.Name)
		o.say("pod %s bound to %s", pod.Name, pod.Spec.NodeName)
	}
}

func (o *observer) onSecret(event watch.Event) {
	secret, ok := event.Object.(*corev1.Secret)
	switch {
	case !ok:
	case secret.Name == webSecret:
		if o.secretVersion == 0 {
			o.secretVersion = version(secret)
		}
		o.step(secretWritten, "Secret "+webSecret+" written")
	case secret.Type == v1alpha1.IssuanceSecretType:
		if owner := metav1.GetControllerOf(secret); owner != nil {
			o.step(orderPlaced, fmt.Sprintf("TLSCertificate %s: order %s placed, and written down with its key", owner.Name, secret.Annotations[orderURL]))
		}
	}
}

// orderURL is the annotation of an issuance Secret that has the URL of its order.
const orderURL = v1alpha1.GroupName + "/order-url"

func (o *observer) onIngress(event watch.Event) {
	ingress, ok := event.Object.(*networkingv1.Ingress)
	if ok && ingress.Labels[v1alpha1.IssuanceLabel] != "" && len(ingress.Spec.Rules) > 0 {
		o.step(challengeLed, fmt.Sprintf("Ingress %s leads the CA to the answer for %s", ingress.Name, ingress.Spec.Rules[0].Host))
	}
}

func (o *observer) step(name, text string) {
	if _, seen := o.issued[name]; seen {
		return
	}
	o.issued[name] = time.Now()
	o.say("%s", text)
}

// happened reports whether a step of the certificate was seen.
func (o *observer) happened(step string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, seen := o.issued[step]
	return seen
}

// held counts the pods of a prefix that carry TLSReady=False and are not bound.
func (o *observer) held(prefix string) int {
	return o.count(prefix, func(l *life) bool { return !l.held.IsZero() && l.released.IsZero() && l.bound.IsZero() })
}

func (o *observer) released(prefix string) int {
	return o.count(prefix, func(l *life) bool { return !l.released.IsZero() })
}

func (o *observer) count(prefix string, is func(*life) bool) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for name, l := range o.life {
		if strings.HasPrefix(name, prefix) && is(l) {
			n++
		}
	}
	return n
}

// unschedulable returns a pod of the prefix that autoscalers would buy a node for, or "".
func (o *observer) unschedulable(prefix string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, pod := range o.pods {
		c := condition(pod, string(corev1.PodScheduled))
		if strings.HasPrefix(name, prefix) && c != nil && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable {
			return name
		}
	}
	return ""
}

func (o *observer) pod(name string) *corev1.Pod {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pods[name]
}

// bound returns the node of a pod, or "".
func (o *observer) bound(name string) string {
	if pod := o.pod(name); pod != nil {
		return pod.Spec.NodeName
	}
	return ""
}

// boundWith returns the bound pods of a prefix in the order of their binding.
func (o *observer) boundWith(prefix string) []*corev1.Pod {
	o.mu.Lock()
	defer o.mu.Unlock()
	var pods []*corev1.Pod
	for _, name := range o.order {
		if strings.HasPrefix(name, prefix) {
			pods = append(pods, o.pods[name])
		}
	}
	return pods
}

// names returns the pods of a prefix, sorted. The caller holds the lock.
func (o *observer) names(prefix string) []string {
	var names []string
	for name := range o.life {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func condition(pod *corev1.Pod, conditionType string) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if string(pod.Status.Conditions[i].Type) == conditionType {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}
