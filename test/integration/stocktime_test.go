// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// testStockTime has nothing but time change. Where that time is over before the pods were held, they get twice as much.
func (c *cluster) testStockTime(t *testing.T) {
	for d := 3 * time.Second; !c.heldByTime(t, d); d *= 2 {
		if d > patience {
			t.Fatalf("the pods were not held, though they had to wait for %s", d)
		}
	}
}

// heldByTime has one pod wait for a certificate that is valid after d, and one that asks to wait no longer than d. It returns
// whether both were held, each for its reason, and wants neither to be bound before its time.
func (c *cluster) heldByTime(t *testing.T, d time.Duration) bool {
	t.Helper()
	s := c.stockSpace(t)
	stream, err := s.client.Watch(t.Context(), &corev1.PodList{}, client.InNamespace(s.ns))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Stop()
	valid := time.Now().Add(d).Truncate(time.Second) // as certificates have it
	s.create(tlsSecret(t, "web-tls", "www.example.com", func(o *tlstest.Options) { o.NotBefore = valid }))
	web, patient := stockPod("web", requireTLS("web-tls")), stockPod("patient", requireTLS("none"), annotated(declare.MaxWaitAnnotation, d.String()))
	s.create(web, patient)

	soonest := map[string]time.Time{web.Name: valid, patient.Name: patient.CreationTimestamp.Add(d)}
	reasons := map[string][]string{}
	for len(soonest) > 0 {
		pod := nextPod(t, stream)
		if held := podCondition(pod, v1alpha1.TLSReadyCondition); held != nil && held.Status == corev1.ConditionFalse {
			reasons[pod.Name] = append(reasons[pod.Name], held.Reason)
		}
		if pod.Spec.NodeName == "" {
			continue
		}
		if early := time.Until(soonest[pod.Name]); early > 0 {
			t.Errorf("pod %s is bound %s before its time: %s", pod.Name, early, describe(pod))
		}
		delete(soonest, pod.Name)
	}
	t.Logf("with %s to wait, the pods were held for %v", d, reasons)
	return slices.Contains(reasons[web.Name], "NotYetValid") && slices.Contains(reasons[patient.Name], "SecretNotFound")
}

// nextPod returns the next pod that a watch tells of.
func nextPod(t *testing.T, stream watch.Interface) *corev1.Pod {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case event, open := <-stream.ResultChan():
			if !open {
				t.Fatal("the watch of pods ended")
			}
			if pod, ok := event.Object.(*corev1.Pod); ok {
				return pod
			}
		case <-deadline:
			t.Fatalf("the watch told of no pod within %s", patience)
		}
	}
}
