// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
)

const (
	// usableLabel is on the Secrets that the test made usable.
	usableLabel = "test.tollgate.dev/usable"
	// lateness is for how long after a Secret has become unusable a pod may still be bound: the gate learns of it by a watch, in
	// the midst of thousands of other changes, and a binding takes a moment itself.
	lateness = 5 * time.Second
)

// oracle watches all pods and Secrets and keeps their whole history, so that each binding can be judged by reading it through.
type oracle struct {
	mu      sync.Mutex
	secrets map[string][]change // by namespace/name, in the order of the watch
	pods    map[string]*corev1.Pod
	bound   map[string]time.Time
}

// change is a version of a Secret.
type change struct {
	seen   time.Time
	usable bool
}

func startOracle(t *testing.T, client kubernetes.Interface) *oracle {
	t.Helper()
	o := &oracle{secrets: map[string][]change{}, pods: map[string]*corev1.Pod{}, bound: map[string]time.Time{}}
	secrets, err := client.CoreV1().Secrets("").Watch(t.Context(), metav1.ListOptions{FieldSelector: "type=kubernetes.io/tls"})
	if err != nil {
		t.Fatal(err)
	}
	pods, err := client.CoreV1().Pods("").Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { o.follow(t, secrets, o.secret) })
	wg.Go(func() { o.follow(t, pods, o.pod) })
	t.Cleanup(func() {
		secrets.Stop()
		pods.Stop()
		wg.Wait()
	})
	return o
}

func (o *oracle) follow(t *testing.T, w watch.Interface, note func(watch.Event)) {
	for event := range w.ResultChan() {
		if event.Type == watch.Error && t.Context().Err() != nil {
			return // The test is over.
		}
		if event.Type == watch.Error {
			t.Errorf("the oracle's watch failed: %v", event.Object)
			return
		}
		note(event)
	}
}

func (o *oracle) secret(e watch.Event) {
	secret, ok := e.Object.(*corev1.Secret)
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	key := secret.Namespace + "/" + secret.Name
	o.secrets[key] = append(o.secrets[key], change{seen: time.Now(), usable: e.Type != watch.Deleted && secret.Labels[usableLabel] == "true"})
}

func (o *oracle) pod(e watch.Event) {
	pod, ok := e.Object.(*corev1.Pod)
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	key := pod.Namespace + "/" + pod.Name
	o.pods[key] = pod
	if _, known := o.bound[key]; pod.Spec.NodeName != "" && !known {
		o.bound[key] = time.Now()
	}
}

// needs returns the Secrets that the pod declares.
func needs(pod *corev1.Pod) []string {
	var keys []string
	for _, name := range strings.Split(pod.Annotations["tollgate.dev/require-tls"], ",") {
		if name != "" {
			keys = append(keys, pod.Namespace+"/"+name)
		}
	}
	return keys
}

// usable says whether the Secret is usable now.
func (o *oracle) usable(secret string) bool {
	history := o.secrets[secret]
	return len(history) > 0 && history[len(history)-1].usable
}

// waiting returns the pods that should be bound and are not.
func (o *oracle) waiting() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var waiting []string
pods:
	for key, pod := range o.pods {
		if _, bound := o.bound[key]; bound {
			continue
		}
		for _, secret := range needs(pod) {
			if !o.usable(secret) {
				continue pods
			}
		}
		waiting = append(waiting, key)
	}
	return waiting
}

// settle waits until every pod is bound whose Secrets are usable. Nothing helps a pod whose wake-up was lost within that time: the
// queue's own flush comes after five minutes.
func (o *oracle) settle(t *testing.T) {
	t.Helper()
	eventually(t, "no pod waits though its Secrets are usable", func(context.Context) (bool, string) {
		waiting := o.waiting()
		return len(waiting) == 0, fmt.Sprintf("%d pods: %v", len(waiting), waiting[:min(5, len(waiting))])
	})
}

// judge checks every binding: each of its Secrets was usable at some time not long before.
func (o *oracle) judge(t *testing.T) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	declared, held := 0, 0
	for key, pod := range o.pods {
		at, bound := o.bound[key]
		secrets := needs(pod)
		if len(secrets) > 0 {
			declared++
		}
		if !bound {
			held++
			continue
		}
		for _, secret := range secrets {
			if gap, ever := sinceUsable(o.secrets[secret], at); !ever {
				t.Errorf("pod %s was bound though Secret %s had never been usable", key, secret)
			} else if gap > lateness {
				t.Errorf("pod %s was bound %s after Secret %s had ceased to be usable", key, gap.Round(time.Millisecond), secret)
			}
		}
	}
	t.Logf("%d pods, of which %d declare Secrets; %d are held in the end", len(o.pods), declared, held)
	if held == 0 || held == declared {
		t.Errorf("%d of %d declared pods are held in the end: the test is too easy", held, declared)
	}
}

// sinceUsable returns how long before the given time the Secret was usable last.
func sinceUsable(history []change, at time.Time) (gap time.Duration, ever bool) {
	for i, c := range history {
		if !c.usable || c.seen.After(at) {
			continue
		}
		ever, gap = true, 0
		if i+1 < len(history) && history[i+1].seen.Before(at) {
			gap = at.Sub(history[i+1].seen)
		}
	}
	return gap, ever
}
