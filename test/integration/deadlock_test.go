// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/controller/deadlock"
	"github.com/tollgate-dev/tollgate/pkg/controller/podstatus"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

// detectorRules are the permissions that package deadlock asks for with its markers.
var detectorRules = []rbacv1.PolicyRule{
	{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list", "watch"}},
	{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"list"}},
	{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"ingresses", "ingressclasses"}, Verbs: []string{"list"}},
	{APIGroups: []string{"tollgate.dev"}, Resources: []string{"tlscertificates", "certissuers", "clustercertissuers"}, Verbs: []string{"list", "watch"}},
	{APIGroups: []string{"tollgate.dev"}, Resources: []string{"tlscertificates/status"}, Verbs: []string{"patch"}},
	{APIGroups: []string{"events.k8s.io"}, Resources: []string{"events"}, Verbs: []string{"create", "patch"}},
}

// startDetector runs the detector with no more permissions than it asks for.
func (c *cluster) startDetector(t *testing.T) *deadlock.Detector {
	t.Helper()
	const user = "deadlock-detector"
	for _, o := range []client.Object{
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: user}, Rules: detectorRules},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: user},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: user},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
		},
	} {
		if err := c.client.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	config := rest.CopyConfig(c.sb.Config())
	config.Impersonate = rest.ImpersonationConfig{UserName: user}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: c.client.Scheme(), Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		Cache: cache.Options{ByObject: map[client.Object]cache.ByObject{&corev1.Pod{}: podstatus.CacheOptions()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := kubernetes.NewForConfig(c.sb.Config())
	if err != nil {
		t.Fatal(err)
	}
	secrets := tlssecrets.New(admin, clock.RealClock{}, tlssecrets.Options{})
	detector, err := deadlock.Add(mgr, deadlock.Options{Secrets: secrets, Clock: clock.RealClock{}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	go func() { secrets.Run(ctx); done <- nil }()
	go func() { done <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Errorf("the manager returned %v", err)
			}
		}
	})
	return detector
}

// TestDeadlock holds the only pod of an ingress controller for a certificate over that ingress, as a default certificate may.
func TestDeadlock(t *testing.T) {
	c := newCluster(t, sandbox.Options{ACME: true, ControllerManager: true})
	if err := stack.Install(t.Context(), c.sb); err != nil {
		t.Fatal(err)
	}
	// Nothing leads the CA to the controller, as nothing does without an ingress controller.
	if _, err := stack.StartController(t.Context(), c.sb, stack.ControllerOptions{Args: []string{"--http01-bind-address=127.0.0.1:0"}}); err != nil {
		t.Fatal(err)
	}
	detector := c.startDetector(t)
	s := c.space(t)

	release := map[string]string{"app.kubernetes.io/name": "front", "app.kubernetes.io/instance": "front"}
	labelled := func(p *corev1.Pod) { p.Labels = release }
	class := "front"
	s.create(
		&networkingv1.IngressClass{
			ObjectMeta: metav1.ObjectMeta{Name: class, Labels: release},
			Spec:       networkingv1.IngressClassSpec{Controller: "example.com/front"},
		},
		&v1alpha1.CertIssuer{ObjectMeta: metav1.ObjectMeta{Name: "acme"}, Spec: v1alpha1.IssuerSpec{ACME: &v1alpha1.ACMEIssuer{
			Server: c.sb.ACME().DirectoryURL, CABundle: c.sb.ACME().CABundle, TermsOfServiceAgreed: true,
			PrivateKeySecretRef: v1alpha1.LocalSecretReference{Name: "acme-account"},
			Solvers:             []v1alpha1.Solver{{HTTP01: &v1alpha1.HTTP01Solver{Ingress: &v1alpha1.HTTP01IngressSolver{IngressClassName: &class}}}},
		}}},
	)
	certificate := tlsCertificate("default", "default.example.com")
	certificate.Spec.IssuerRef = v1alpha1.IssuerReference{Name: "acme"}
	s.create(certificate)
	// After a failure the controller writes nothing for a minute: a write of its that has begun may undo one of the detector.
	eventually(t, "the first attempt has failed", func(context.Context) (bool, string) {
		c := s.certificate("default")
		return hasOwnConditions(c) && c.Status.FailedAttempts > 0, describeCertificate(c)
	})
	s.create(workload("front-1", requireTLS("default-tls"), labelled), workload("app", requireTLS("default-tls")))

	began := time.Now()
	found := s.waitCertificate("default", deadlock.ConditionDeadlock, metav1.ConditionTrue, deadlock.ReasonIngressHeld)
	t.Logf("found after %s", time.Since(began).Round(time.Millisecond))
	condition := meta.FindStatusCondition(found.Status.Conditions, deadlock.ConditionDeadlock)
	if !strings.Contains(condition.Message, s.ns+"/front-1 is held") {
		t.Errorf("the TLSCertificate is told: %s", condition.Message)
	}
	if !hasOwnConditions(found) {
		t.Errorf("the other conditions are gone: %s", describeCertificate(found))
	}
	pod := types.NamespacedName{Namespace: s.ns, Name: "front-1"}
	eventually(t, "the pod is told", func(context.Context) (bool, string) {
		message := detector.Of(pod)
		return strings.Contains(message, "TLSCertificate "+s.ns+"/default") && strings.Contains(message, class), message
	})
	if message := detector.Of(types.NamespacedName{Namespace: s.ns, Name: "app"}); message != "" {
		t.Errorf("a pod that serves nothing is told: %s", message)
	}
	eventually(t, "the Event", func(ctx context.Context) (bool, string) {
		var list eventsv1.EventList
		if err := s.client.List(ctx, &list, client.InNamespace(s.ns)); err != nil {
			return false, err.Error()
		}
		for _, e := range list.Items {
			if e.Reason == "Deadlock" && e.Regarding.Kind == "TLSCertificate" && e.Regarding.Name == "default" {
				return true, ""
			}
		}
		return false, "no Event Deadlock"
	})

	// A replica that does not wait resolves it. It has a node: pods without one are deleted after a while.
	if err := s.client.Create(t.Context(), fakeNode("node")); err != nil {
		t.Fatal(err)
	}
	s.create(workload("front-2", labelled, func(p *corev1.Pod) { p.Spec.NodeName = "node" }))
	resolved := s.waitCertificate("default", deadlock.ConditionDeadlock, metav1.ConditionFalse, deadlock.ReasonResolved)
	if !hasOwnConditions(resolved) {
		t.Errorf("the other conditions are gone: %s", describeCertificate(resolved))
	}
	eventually(t, "the pod is not told any longer", func(context.Context) (bool, string) {
		message := detector.Of(pod)
		return message == "", message
	})
}

// hasOwnConditions says whether the conditions of the one who issues are there, beside which the detector writes its own.
func hasOwnConditions(c *v1alpha1.TLSCertificate) bool {
	return meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionIssuing) != nil &&
		meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady) != nil
}
