// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// TestWorkIsBounded has 5,000 TLSCertificates that wait and 10,000 pods, half of them held.
func TestWorkIsBounded(t *testing.T) {
	objects := setUp()
	for i := range 5000 {
		name := fmt.Sprintf("c%04d", i)
		objects = append(objects,
			tlsCert(v1alpha1.ReasonPresenting, 0, func(c *v1alpha1.TLSCertificate) {
				c.Namespace, c.Name, c.UID, c.Spec.SecretName = "shop", name, types.UID(name), name+"-tls"
			}),
			client.Object(newPod("shop", name, requires(name+"-tls"), labelled(map[string]string{"app": name}))),
			up("shop", name+"-running", labelled(map[string]string{"app": name})).Pod)
	}
	w := newWorld(t, objects...)
	w.clock.Step(time.Minute)
	for range 2 {
		w.look()
		reads, writes, _ := w.took()
		if len(reads) > 8 {
			t.Errorf("one look lists %d times: %v", len(reads), reads)
		}
		if len(writes) != maxWrites {
			t.Errorf("one look writes %d TLSCertificates", len(writes))
		}
	}
	if w.d.Of(controllerPod) == "" {
		t.Error("the deadlock is not found")
	}
}

// TestQuietClusterIsNotRead has waiting TLSCertificates and no pod that is held.
func TestQuietClusterIsNotRead(t *testing.T) {
	objects := setUp()[:3]
	w := newWorld(t, objects...)
	w.clock.Step(time.Minute)
	w.look()
	if reads, writes, _ := w.took(); len(reads)+len(writes) > 0 {
		t.Errorf("read %v, wrote %v", reads, writes)
	}
}

// TestSiblingsBeyondTheLimit keeps pods out of the result whose siblings nobody looked for.
func TestSiblingsBeyondTheLimit(t *testing.T) {
	objects := []client.Object{clusterIssuer("nginx")}
	for i := range maxSelectors + 1 {
		name := fmt.Sprintf("c%02d", i)
		objects = append(objects,
			tlsCert(v1alpha1.ReasonPresenting, 0, func(c *v1alpha1.TLSCertificate) {
				c.Name, c.UID, c.Spec.SecretName = name, types.UID(name), name+"-tls"
			}),
			newPod("in", name, requires(name+"-tls"), labelled(map[string]string{"app": name}), args("--ingress-class=nginx")))
	}
	w := newWorld(t, objects...)
	w.clock.Step(time.Minute)
	w.look()
	told := 0
	for i := range maxSelectors + 1 {
		if w.d.Of(types.NamespacedName{Namespace: "in", Name: fmt.Sprintf("c%02d", i)}) != "" {
			told++
		}
	}
	if told != maxSelectors {
		t.Errorf("%d pods are told, want %d", told, maxSelectors)
	}
}
