// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podcertificates

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
)

func request(namespace, name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}
}

// malformedPod asks for something that cannot be read.
func malformedPod() *corev1.Pod {
	p := pod("web", 0, "x")
	p.Annotations[declare.IssueTLSAnnotation] = "{}"
	return p
}

func undeclared() *corev1.Pod {
	p := pod("web", 0, "x")
	p.Annotations = nil
	return p
}

func ended() *corev1.Pod {
	p := pod("web", 0, "a.example")
	p.Status.Phase = corev1.PodFailed
	return p
}

func TestIndexes(t *testing.T) {
	two := pod("web", 0, "x")
	two.Annotations[declare.IssueTLSAnnotation] = `[{"secretName":"b","dnsNames":["a.example"],"issuerRef":{"name":"i"}},{"secretName":"a","dnsNames":["a.example"],"issuerRef":{"name":"i"}}]`
	for name, tt := range map[string]struct {
		pod         *corev1.Pod
		want, asked []string
	}{
		"asks":       {two, []string{"*", "a", "b"}, []string{"a", "b"}},
		"malformed":  {malformedPod(), []string{"*"}, nil},
		"undeclared": {undeclared(), nil, nil},
		"ended":      {ended(), nil, []string{"web-tls"}},
	} {
		if diff := cmp.Diff(tt.want, issuedFor(tt.pod)); diff != "" {
			t.Errorf("%s: index (-want, +got):\n%s", name, diff)
		}
		var asked []string
		for _, r := range secretsOfPod(t.Context(), tt.pod) {
			asked = append(asked, r.Name)
		}
		if diff := cmp.Diff(tt.asked, asked); diff != "" {
			t.Errorf("%s: requests (-want, +got):\n%s", name, diff)
		}
	}
	cert := &v1alpha1.TLSCertificate{ObjectMeta: objectMeta("web")}
	cert.Spec.SecretName = "web-tls"
	if diff := cmp.Diff([]reconcile.Request{request("shop", "web"), request("shop", "web-tls")}, secretsOfCertificate(t.Context(), cert)); diff != "" {
		t.Errorf("requests of a TLSCertificate (-want, +got):\n%s", diff)
	}
	cert.Name = "web-tls"
	if diff := cmp.Diff([]string{"web-tls"}, namesOf(cert)); diff != "" {
		t.Errorf("index of a TLSCertificate (-want, +got):\n%s", diff)
	}
}

func TestPredicates(t *testing.T) {
	bound, orphan := pod("web", 0, "a.example"), pod("web", 0, "a.example", replicaSet("rs", "1"))
	bound.Spec.NodeName = "node-1"
	for name, tt := range map[string]struct {
		before, after  *corev1.Pod
		asks, complain bool
	}{
		"nothing changes":       {pod("web", 0, "a.example"), pod("web", time.Second, "a.example"), false, false},
		"is bound":              {pod("web", 0, "a.example"), bound, false, false},
		"other names":           {pod("web", 0, "a.example"), pod("web", 0, "b.example"), true, false},
		"ends":                  {pod("web", 0, "a.example"), ended(), true, false},
		"is adopted":            {pod("web", 0, "a.example"), orphan, true, false},
		"asks no longer":        {pod("web", 0, "a.example"), undeclared(), true, false},
		"gets malformed":        {pod("web", 0, "a.example"), malformedPod(), true, true},
		"is malformed already":  {malformedPod(), malformedPod(), false, false},
		"has never been asking": {undeclared(), undeclared(), false, false},
	} {
		e := event.UpdateEvent{ObjectOld: tt.before, ObjectNew: tt.after}
		if got := asksDiffer().Update(e); got != tt.asks {
			t.Errorf("%s: asksDiffer = %v", name, got)
		}
		if got := malformed().Update(e); got != tt.complain {
			t.Errorf("%s: malformed = %v", name, got)
		}
	}
	for name, tt := range map[string]struct {
		pod            *corev1.Pod
		asks, complain bool
	}{
		"asks": {bound, true, false}, "malformed": {malformedPod(), true, true}, "undeclared": {undeclared(), false, false},
	} {
		if asksDiffer().Create(event.CreateEvent{Object: tt.pod}) != tt.asks || asksDiffer().Delete(event.DeleteEvent{Object: tt.pod}) != tt.asks ||
			malformed().Create(event.CreateEvent{Object: tt.pod}) != tt.complain || malformed().Delete(event.DeleteEvent{Object: tt.pod}) {
			t.Errorf("%s: creation or deletion is not told as it should be", name)
		}
	}
}

func TestCertificatesDiffer(t *testing.T) {
	base := func() *v1alpha1.TLSCertificate {
		c := &v1alpha1.TLSCertificate{ObjectMeta: objectMeta("web-tls")}
		c.Generation, c.Labels = 1, map[string]string{MadeForPodsLabel: "true"}
		return c
	}
	for name, tt := range map[string]struct {
		change func(*v1alpha1.TLSCertificate)
		want   bool
	}{
		"status": {func(c *v1alpha1.TLSCertificate) { c.Status.Revision++ }, false},
		"spec":   {func(c *v1alpha1.TLSCertificate) { c.Generation++ }, true},
		"label":  {func(c *v1alpha1.TLSCertificate) { c.Labels = nil }, true},
		"owners": {func(c *v1alpha1.TLSCertificate) { c.OwnerReferences = []metav1.OwnerReference{{UID: "x"}} }, true},
	} {
		after := base()
		tt.change(after)
		if got := certificatesDiffer().Update(event.UpdateEvent{ObjectOld: base(), ObjectNew: after}); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
