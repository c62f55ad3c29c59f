// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"fmt"
	"sync"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	corelisters "k8s.io/client-go/listers/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

// TestNoLostWakeUp repairs each pod's Secret at the very time at which the queue judges the
// pod. The clock stands still and nothing flushes the queue, so a pod whose wake-up is lost
// stays held.
func TestNoLostWakeUp(t *testing.T) {
	const (
		pods    = 1000
		writers = 4
	)
	h := newHarness(t)
	template := h.secret("", 0)
	held := sets.New[string]()
	// The Secrets are there but broken, so that only the informer tells of their repair.
	for i := range pods {
		held.Insert(fmt.Sprintf("web-%d", i))
		broken := template.DeepCopy()
		broken.Name = fmt.Sprintf("tls-%d", i)
		broken.Data[v1.TLSCertKey] = nil
		h.createSecret(broken)
	}
	h.eventually("the Secrets are seen", func() bool {
		_, state := h.source().Get(namespace, fmt.Sprintf("tls-%d", pods-1))
		return state == tlssecrets.Found
	})
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := w; i < pods; i += writers {
				secret := template.DeepCopy()
				secret.Name = fmt.Sprintf("tls-%d", i)
				pod := newPod(fmt.Sprintf("web-%d", i), requires(secret.Name))
				var pair sync.WaitGroup
				pair.Go(func() { h.createPod(pod) })
				pair.Go(func() { h.updateSecret(secret) })
				pair.Wait()
			}
		})
	}
	for held.Len() > 0 {
		info := h.nextPopped()
		if info == nil {
			t.Fatalf("Pods %v are still held", sets.List(held))
		}
		held.Delete(info.Pod.Name)
	}
	group.Wait()
	h.eventually("the index is empty", func() bool { return len(h.pl.waiting.All("")) == 0 })
}

// lateEvaluator becomes ready after its first answer is made and before it is given, and
// tells that once.
type lateEvaluator struct {
	ready   bool
	changed func()
}

func (e *lateEvaluator) Evaluate(*v1.Pod, declare.Declaration, time.Time) tlsready.Verdict {
	if e.ready {
		return tlsready.Verdict{Ready: true, Reason: tlsready.Ready}
	}
	e.ready = true
	e.changed()
	return tlsready.Verdict{Reason: tlsready.SecretNotFound, Message: "not yet"}
}

func (*lateEvaluator) Changed(_, _ *v1.Pod) bool { return false }

// TestSecretChangesDuringPreEnqueue has the only notice of a change come between the reading
// of the facts and the parking of the pod.
func TestSecretChangesDuringPreEnqueue(t *testing.T) {
	h := newHarness(t)
	h.pl.source = &lateEvaluator{changed: func() { h.pl.waker.secretChanged(namespace, "web-tls") }}
	h.wantPopped(h.pod(requires("web-tls")))
}

// latePods gives an old version of a pod once, after the news of the present one is out.
type latePods struct {
	corelisters.PodLister
	told    bool
	old     *v1.Pod
	changed func(oldPod, newPod *v1.Pod)
}

func (l *latePods) Pods(namespace string) corelisters.PodNamespaceLister {
	return &latePodsOfNamespace{PodNamespaceLister: l.PodLister.Pods(namespace), all: l}
}

type latePodsOfNamespace struct {
	corelisters.PodNamespaceLister
	all *latePods
}

func (l *latePodsOfNamespace) Get(name string) (*v1.Pod, error) {
	pod, err := l.PodNamespaceLister.Get(name)
	if l.all.told || err != nil {
		return pod, err
	}
	l.all.told = true
	l.all.changed(l.all.old, pod)
	return l.all.old, nil
}

// TestAnnotationChangesDuringPreEnqueue has the only notice of a new annotation come between
// the reading of the pod and the parking of it.
func TestAnnotationChangesDuringPreEnqueue(t *testing.T) {
	h := newHarness(t)
	h.createSecret(h.secret("web-tls", 0))
	h.eventually("the Secret is seen", func() bool {
		_, state := h.source().Get(namespace, "web-tls")
		return state == tlssecrets.Found
	})
	old := newPod("web", requires("Not A Name"))
	h.pl.pods = &latePods{PodLister: h.pl.pods, old: old, changed: h.pl.podUpdated}
	pod := newPod("web", requires("web-tls"))
	h.createPod(pod)
	h.wantPopped(pod)
}
