// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/component-base/metrics"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
)

var start = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC) // 1795168800

func at(t time.Time) *metav1.Time { return &metav1.Time{Time: t} }

// newCert returns the TLSCertificate shop/name of ClusterCertIssuer letsencrypt.
func newCert(name string, options ...func(*v1alpha1.TLSCertificate)) *v1alpha1.TLSCertificate {
	cert := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: "1"}}
	cert.Spec.IssuerRef = v1alpha1.IssuerReference{Kind: v1alpha1.KindClusterCertIssuer, Name: "letsencrypt"}
	for _, o := range options {
		o(cert)
	}
	return cert
}

func with(kind string, status metav1.ConditionStatus, reason string) func(*v1alpha1.TLSCertificate) {
	return func(c *v1alpha1.TLSCertificate) {
		c.Status.Conditions = append(c.Status.Conditions, metav1.Condition{Type: kind, Status: status, Reason: reason})
	}
}

func by(kind, name string) func(*v1alpha1.TLSCertificate) {
	return func(c *v1alpha1.TLSCertificate) { c.Spec.IssuerRef = v1alpha1.IssuerReference{Kind: kind, Name: name} }
}

// issued is how a certificate is that was obtained at start.
func issued(c *v1alpha1.TLSCertificate) {
	with(v1alpha1.ConditionReady, "True", v1alpha1.ReasonIssued)(c)
	with(v1alpha1.ConditionIssuing, "False", v1alpha1.ReasonIdle)(c)
	c.Status.NotAfter, c.Status.RenewalTime = at(start.Add(90*time.Hour)), at(start.Add(60*time.Hour))
}

func next(t time.Time) func(*v1alpha1.TLSCertificate) {
	return func(c *v1alpha1.TLSCertificate) { c.Status.NextAttemptTime = at(t) }
}

// newPod returns a pod whose condition has the status and reason since then.
func newPod(namespace, name string, status corev1.ConditionStatus, reason string, since time.Time) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	if status != "" {
		pod.Status.Conditions = []corev1.PodCondition{{
			Type: podcondition.Type, Status: status, Reason: reason, LastTransitionTime: metav1.NewTime(since),
		}}
	}
	return pod
}

// newCollector returns the collector of a leading replica.
func newCollector(t *testing.T, objects ...client.Object) *collector {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	elected := make(chan struct{})
	close(elected)
	return &collector{
		reader:  fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build(),
		elected: elected,
		options: Options{
			Held: func(ctx context.Context, reader client.Reader) ([]corev1.Pod, error) {
				var pods corev1.PodList
				err := reader.List(ctx, &pods)
				return pods.Items, err
			},
			SecretsStatus: func() error { return nil },
		},
	}
}

// scrape returns the gauges of these names as lines "name{labels} value", sorted.
func scrape(t *testing.T, c *collector, names ...string) []string {
	t.Helper()
	registry := metrics.NewKubeRegistry()
	registry.CustomMustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, family := range families {
		if !slices.Contains(names, family.GetName()) {
			continue
		}
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, label.GetName()+"="+label.GetValue())
			}
			lines = append(lines, fmt.Sprintf("%s{%s} %.0f", strings.TrimPrefix(family.GetName(), "tollgate_"), strings.Join(labels, ","), metric.GetGauge().GetValue()))
		}
	}
	slices.Sort(lines)
	return lines
}

// expect compares the gauges of these names with the lines.
func expect(t *testing.T, c *collector, want []string, names ...string) {
	t.Helper()
	if diff := cmp.Diff(want, scrape(t, c, names...)); diff != "" {
		t.Errorf("unexpected metrics (-want, +got):\n%s", diff)
	}
}
