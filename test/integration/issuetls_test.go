// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/controller/podcertificates"
	"github.com/tollgate-dev/tollgate/pkg/controller/podstatus"
)

// podCertificatesRules are the permissions that package podcertificates asks for with its markers.
var podCertificatesRules = []rbacv1.PolicyRule{
	{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list", "watch"}},
	{APIGroups: []string{"tollgate.dev"}, Resources: []string{"tlscertificates"}, Verbs: []string{"list", "watch", "create", "update", "delete"}},
	{APIGroups: []string{"apps"}, Resources: []string{"daemonsets", "deployments", "replicasets", "statefulsets"}, Verbs: []string{"get"}},
	{APIGroups: []string{"batch"}, Resources: []string{"cronjobs", "jobs"}, Verbs: []string{"get"}},
	{APIGroups: []string{"events.k8s.io"}, Resources: []string{"events"}, Verbs: []string{"create"}},
}

// startPodCertificates runs the reconcilers with no more permissions than they ask for, and the cache of the controller. The reader
// is that cache.
func (c *cluster) startPodCertificates(t *testing.T) client.Reader {
	t.Helper()
	const user = "pod-certificates"
	for _, o := range []client.Object{
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: user}, Rules: podCertificatesRules},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: user},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: user},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
		},
	} {
		if err := c.client.Create(t.Context(), o); client.IgnoreAlreadyExists(err) != nil {
			t.Fatal(err)
		}
	}
	impersonating := rest.CopyConfig(c.sb.Config())
	impersonating.Impersonate = rest.ImpersonationConfig{UserName: user}
	mgr, err := ctrl.NewManager(impersonating, ctrl.Options{
		Scheme: c.client.Scheme(), Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		Cache:      cache.Options{ByObject: map[client.Object]cache.ByObject{&corev1.Pod{}: podstatus.CacheOptions()}},
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := podcertificates.Add(mgr, podcertificates.Options{Clock: clock.RealClock{}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the manager returned %v", err)
		}
	})
	return mgr.GetCache()
}

// issueTLS asks for names, separated by commas, in Secret web-tls.
func issueTLS(names, kind, issuer string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Annotations["tollgate.dev/issue-tls"] = fmt.Sprintf("[{secretName: web-tls, dnsNames: [%s], issuerRef: {name: %s, kind: %s}}]", names, issuer, kind)
	}
}

// deploymentOf is a Deployment with one replica of the pod, which is named after its names.
func (s *space) deploymentOf(name string, change ...func(*corev1.Pod)) *appsv1.Deployment {
	pod := workload("", change...)
	pod.Labels = map[string]string{"app": name}
	pod.Spec.NodeSelector = map[string]string{spaceLabel: s.ns}
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: appsv1.DeploymentSpec{
		Selector: &metav1.LabelSelector{MatchLabels: pod.Labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: pod.ObjectMeta, Spec: pod.Spec},
	}}
}

// waitRolledOut waits until the Deployment has only pods of its template, and these are bound.
func (s *space) waitRolledOut(name string) {
	s.t.Helper()
	eventually(s.t, "Deployment "+name+" is rolled out", func(ctx context.Context) (bool, string) {
		var d appsv1.Deployment
		if err := s.client.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: name}, &d); err != nil {
			return false, err.Error()
		}
		var pods corev1.PodList
		if err := s.client.List(ctx, &pods, client.InNamespace(s.ns), client.MatchingLabels{"app": name}); err != nil {
			return false, err.Error()
		}
		state, bound := "", true
		for i := range pods.Items {
			bound = bound && pods.Items[i].Spec.NodeName != ""
			state += describe(&pods.Items[i]) + "\n"
		}
		st := d.Status
		return st.ObservedGeneration == d.Generation && st.UpdatedReplicas == 1 && st.Replicas == 1 && len(pods.Items) == 1 && bound, state
	})
}

// waitPod waits for a pod of the Deployment that done accepts.
func (s *space) waitPod(app, what string, done func(*corev1.Pod) bool) {
	s.t.Helper()
	eventually(s.t, "a pod of "+app+" "+what, func(ctx context.Context) (bool, string) {
		var pods corev1.PodList
		if err := s.client.List(ctx, &pods, client.InNamespace(s.ns), client.MatchingLabels{"app": app}); err != nil {
			return false, err.Error()
		}
		state := ""
		for i := range pods.Items {
			if done(&pods.Items[i]) {
				return true, ""
			}
			state += describe(&pods.Items[i]) + "\n"
		}
		return false, state
	})
}

// waitEvent waits for an Event about a pod of the Deployment, or of that name, and returns its note.
func (s *space) waitEvent(pod, reason string) (note string) {
	s.t.Helper()
	eventually(s.t, "Event "+reason+" about "+pod, func(ctx context.Context) (bool, string) {
		var list eventsv1.EventList
		if err := s.client.List(ctx, &list, client.InNamespace(s.ns)); err != nil {
			return false, err.Error()
		}
		var seen []string
		for _, e := range list.Items {
			if e.Reason == reason && e.Regarding.Kind == "Pod" && strings.HasPrefix(e.Regarding.Name, pod) {
				note = e.Note
				return true, ""
			}
			seen = append(seen, e.Regarding.Name+" "+e.Reason)
		}
		return false, strings.Join(seen, ", ")
	})
	return note
}

// waitNames waits for TLSCertificate web-tls to ask for the names.
func (s *space) waitNames(names ...string) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("TLSCertificate web-tls has %v", names), func(ctx context.Context) (bool, string) {
		var c v1alpha1.TLSCertificate
		err := s.client.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "web-tls"}, &c)
		return err == nil && slices.Equal(c.Spec.DNSNames, names), fmt.Sprint(c.Spec.DNSNames, err)
	})
}

func internalCA() *v1alpha1.CertIssuer {
	return &v1alpha1.CertIssuer{
		ObjectMeta: metav1.ObjectMeta{Name: "internal"},
		Spec:       v1alpha1.IssuerSpec{CA: &v1alpha1.CAIssuer{SecretName: "internal-ca", SelfSigned: &v1alpha1.SelfSignedCA{CommonName: "Test"}}},
	}
}

func TestCertificatesThatPodsDeclare(t *testing.T) {
	cached := shared.startPodCertificates(t)
	const a, b = "a.shop.svc", "b.shop.svc"
	mine := func(names string) func(*corev1.Pod) { return issueTLS(names, v1alpha1.KindCertIssuer, "internal") }

	t.Run("three lines", func(t *testing.T) {
		s := shared.space(t)
		s.create(fakeNode("node", price("0.1")), internalCA(), s.deploymentOf("web", requireTLS("web-tls"), mine(a)))
		s.waitRolledOut("web")
		verify(t, s.secret("web-tls"), s.secret("internal-ca").Data[corev1.TLSCertKey], a)
		certificate := s.certificate("web-tls")
		if owners := certificate.OwnerReferences; len(owners) != 1 || owners[0].Kind != "Deployment" || owners[0].Name != "web" {
			t.Errorf("owners are %v, want Deployment web", owners)
		}
	})

	t.Run("a rollout that adds a name", func(t *testing.T) {
		s := shared.space(t)
		s.create(fakeNode("node", price("0.1")), internalCA(), s.deploymentOf("web", requireNames("web-tls", a), mine(a)))
		s.waitRolledOut("web")
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "web"}}
		template := s.deploymentOf("web", requireNames("web-tls", b), mine(a+", "+b)).Spec.Template
		if err := s.update(s.client, d, func() { d.Spec.Template = *template.DeepCopy() }); err != nil {
			t.Fatal(err)
		}
		s.waitRolledOut("web")
		s.waitNames(a, b)
		verify(t, s.secret("web-tls"), s.secret("internal-ca").Data[corev1.TLSCertKey], b)
	})

	t.Run("two workloads that disagree", func(t *testing.T) {
		s := shared.space(t)
		first := s.deploymentOf("first", requireTLS("web-tls"), mine(a))
		s.create(fakeNode("node", price("0.1")), internalCA(), first)
		s.waitRolledOut("first")
		s.create(s.deploymentOf("second", requireNames("web-tls", b), mine(b)))
		if note := s.waitEvent("second-", podcertificates.EventReasonConflict); !strings.Contains(note, `Deployment "first" asked first`) {
			t.Errorf("the Event says: %s", note)
		}
		s.waitNames(a)
		secret := s.secret("web-tls")
		// With the first one goes its TLSCertificate, by the garbage collector; the Secret stays for the other.
		if err := s.client.Delete(t.Context(), first, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
			t.Fatal(err)
		}
		s.waitNames(b)
		s.waitRolledOut("second")
		if again := s.secret("web-tls"); again.UID != secret.UID {
			t.Error("the Secret was deleted with the workload")
		}
	})

	t.Run("a name of another namespace", func(t *testing.T) {
		owner, s := shared.space(t), shared.space(t)
		host := "www." + owner.ns + ".example.com"
		issuer := &v1alpha1.ClusterCertIssuer{ObjectMeta: metav1.ObjectMeta{Name: "of-" + owner.ns}}
		if err := s.client.Get(t.Context(), client.ObjectKey{Name: "acme"}, issuer); err != nil {
			t.Fatal(err)
		}
		issuer.ObjectMeta = metav1.ObjectMeta{Name: "of-" + owner.ns}
		issuer.Status = v1alpha1.IssuerStatus{}
		issuer.Spec.Allow = []v1alpha1.AllowRule{{
			NamespaceSelector: metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: owner.ns}}, DNSNames: []string{host},
		}}
		s.create(issuer, fakeNode("node", price("0.1")))
		t.Cleanup(func() { _ = s.client.Delete(context.Background(), issuer) })
		before := issued(t, s.sb)
		s.create(s.deploymentOf("web", requireTLS("web-tls"), issueTLS(host, v1alpha1.KindClusterCertIssuer, issuer.Name)))
		s.waitPod("web", "is told that the issuer does not allow the name", func(p *corev1.Pod) bool {
			c := podCondition(p, v1alpha1.TLSReadyCondition)
			return p.Spec.NodeName == "" && c != nil && c.Status == corev1.ConditionFalse &&
				strings.Contains(c.Message, `TLSCertificate "web-tls" cannot issue it (NotAllowed: `) && strings.Contains(c.Message, host)
		})
		certificate := s.certificate("web-tls")
		if certificate.Status.ACME != nil && certificate.Status.ACME.OrderURL != "" || issued(t, s.sb) != before {
			t.Error("an order was placed for a name that is not allowed")
		}
		// Its own namespace gets it.
		owner.create(fakeNode("node", price("0.1")), owner.deploymentOf("web", requireTLS("web-tls"), issueTLS(host, v1alpha1.KindClusterCertIssuer, issuer.Name)))
		owner.waitRolledOut("web")
	})

	t.Run("what cannot be done is told", func(t *testing.T) {
		s := shared.space(t)
		theirs := tlsCertificate("people", "people.example.com")
		theirs.Spec.SecretName, theirs.Spec.Suspend = "web-tls", true
		s.create(theirs)
		// Pods and TLSCertificates come to the reconcilers over two watches. Those of the sandbox's controller have this one when its
		// status is written.
		s.waitCertificate("people", v1alpha1.ConditionIssuing, metav1.ConditionFalse, v1alpha1.ReasonSuspended)
		eventually(t, "the reconcilers of the test have the TLSCertificate", func(ctx context.Context) (bool, string) {
			err := cached.Get(ctx, client.ObjectKeyFromObject(theirs), &v1alpha1.TLSCertificate{})
			return err == nil, fmt.Sprint(err)
		})
		s.create(workload("malformed", func(p *corev1.Pod) { p.Annotations["tollgate.dev/issue-tls"] = "web-tls" }), workload("late", mine(a)))
		if note := s.waitEvent("malformed", podcertificates.EventReasonInvalid); !strings.Contains(note, "annotation tollgate.dev/issue-tls: got a string; want a YAML or JSON list") {
			t.Errorf("the Event says: %s", note)
		}
		if note := s.waitEvent("late", podcertificates.EventReasonOthers); !strings.Contains(note, `TLSCertificate "people" was not made for pods`) {
			t.Errorf("the Event says: %s", note)
		}
		if err := s.client.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "web-tls"}, &v1alpha1.TLSCertificate{}); !apierrors.IsNotFound(err) {
			t.Errorf("a second TLSCertificate for the Secret: %v", err)
		}
	})
}
