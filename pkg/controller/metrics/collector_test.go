// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/controller/deadlock"
)

func TestCertificates(t *testing.T) {
	c := newCollector(t,
		newCert("web", issued),
		newCert("api", issued),
		newCert("new"),
		newCert("old", by("", "internal"), with(v1alpha1.ConditionReady, "False", "Expired"), with(v1alpha1.ConditionIssuing, "False", "Failed")),
		newCert("many-1", with(v1alpha1.ConditionIssuing, "False", "RateLimited"), next(start.Add(time.Hour))),
		newCert("many-2", with(v1alpha1.ConditionIssuing, "False", "RateLimited"), next(start.Add(3*time.Hour))),
		newCert("many-3", with(v1alpha1.ConditionIssuing, "False", "RateLimited"), next(start.Add(2*time.Hour)), with(deadlock.ConditionDeadlock, "True", "IngressHeld")),
		newCert("cured", issued, with(deadlock.ConditionDeadlock, "False", "Resolved")),
	)
	expect(t, c, []string{
		"certificate_expiration_timestamp_seconds{issuer_kind=ClusterCertIssuer,issuer_name=letsencrypt,name=api,namespace=shop} 1795492800",
		"certificate_expiration_timestamp_seconds{issuer_kind=ClusterCertIssuer,issuer_name=letsencrypt,name=cured,namespace=shop} 1795492800",
		"certificate_expiration_timestamp_seconds{issuer_kind=ClusterCertIssuer,issuer_name=letsencrypt,name=web,namespace=shop} 1795492800",
		"certificate_renewal_timestamp_seconds{issuer_kind=ClusterCertIssuer,issuer_name=letsencrypt,name=api,namespace=shop} 1795384800",
		"certificate_renewal_timestamp_seconds{issuer_kind=ClusterCertIssuer,issuer_name=letsencrypt,name=cured,namespace=shop} 1795384800",
		"certificate_renewal_timestamp_seconds{issuer_kind=ClusterCertIssuer,issuer_name=letsencrypt,name=web,namespace=shop} 1795384800",
		"certificates_deadlocked{namespace=shop} 1",
		"certificates_issuing{issuer_kind=CertIssuer,issuer_name=internal,namespace=shop,reason=Failed} 1",
		"certificates_issuing{issuer_kind=ClusterCertIssuer,issuer_name=letsencrypt,namespace=shop,reason=RateLimited} 3",
		"certificates_issuing{issuer_kind=ClusterCertIssuer,issuer_name=letsencrypt,namespace=shop,reason=Unknown} 1",
		"certificates{issuer_kind=CertIssuer,issuer_name=internal,namespace=shop,ready=False,reason=Expired} 1",
		"certificates{issuer_kind=ClusterCertIssuer,issuer_name=letsencrypt,namespace=shop,ready=True,reason=Issued} 3",
		"certificates{issuer_kind=ClusterCertIssuer,issuer_name=letsencrypt,namespace=shop,ready=Unknown,reason=Unknown} 4",
		"rate_limited_until_timestamp_seconds{issuer_kind=ClusterCertIssuer,issuer_name=letsencrypt,namespace=shop} 1795179600",
	}, "tollgate_certificates", "tollgate_certificate_expiration_timestamp_seconds", "tollgate_certificate_renewal_timestamp_seconds",
		"tollgate_certificates_issuing", "tollgate_rate_limited_until_timestamp_seconds", "tollgate_certificates_deadlocked")
}

func TestIssuers(t *testing.T) {
	own := &v1alpha1.CertIssuer{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "internal"}}
	own.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: "False", Reason: v1alpha1.ReasonCAUnusable}}
	cluster := &v1alpha1.ClusterCertIssuer{ObjectMeta: metav1.ObjectMeta{Name: "letsencrypt"}}
	cluster.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: "True", Reason: v1alpha1.ReasonAccountReady}}
	fresh := &v1alpha1.ClusterCertIssuer{ObjectMeta: metav1.ObjectMeta{Name: "new"}}
	expect(t, newCollector(t, own, cluster, fresh), []string{
		"issuer_ready{issuer_kind=CertIssuer,issuer_name=internal,issuer_namespace=shop,reason=CAUnusable} 0",
		"issuer_ready{issuer_kind=ClusterCertIssuer,issuer_name=letsencrypt,issuer_namespace=,reason=AccountReady} 1",
		"issuer_ready{issuer_kind=ClusterCertIssuer,issuer_name=new,issuer_namespace=,reason=Unknown} 0",
	}, "tollgate_issuer_ready")
}

func TestHeldPods(t *testing.T) {
	c := newCollector(t,
		newPod("shop", "a", "False", "SecretNotFound", start.Add(time.Hour)),
		newPod("shop", "b", "False", "SecretNotFound", start),
		newPod("shop", "c", "False", "Deadlock", start.Add(time.Minute)),
		newPod("bank", "a", "False", "SecretNotFound", start.Add(2*time.Hour)),
		newPod("bank", "b", "True", "Usable", start),
		newPod("bank", "c", "", "", start),
	)
	expect(t, c, []string{
		"held_pods_oldest_timestamp_seconds{namespace=bank,reason=SecretNotFound} 1795176000",
		"held_pods_oldest_timestamp_seconds{namespace=shop,reason=Deadlock} 1795168860",
		"held_pods_oldest_timestamp_seconds{namespace=shop,reason=SecretNotFound} 1795168800",
		"held_pods{namespace=bank,reason=SecretNotFound} 1",
		"held_pods{namespace=shop,reason=Deadlock} 1",
		"held_pods{namespace=shop,reason=SecretNotFound} 2",
	}, "tollgate_held_pods", "tollgate_held_pods_oldest_timestamp_seconds")
}

// TestFollowers has a replica that does not lead tell of itself alone.
func TestFollowers(t *testing.T) {
	c := newCollector(t, newCert("web", issued), newPod("shop", "a", "False", "SecretNotFound", start))
	c.elected = make(chan struct{})
	c.options.SecretsStatus = func() error { return errors.New("forbidden") }
	expect(t, c, []string{"secrets_watch_healthy{} 0"},
		"tollgate_certificates", "tollgate_certificate_expiration_timestamp_seconds", "tollgate_held_pods", "tollgate_secrets_watch_healthy")
}

// TestOneFailureHidesNothingElse has the cache fail for pods.
func TestOneFailureHidesNothingElse(t *testing.T) {
	c := newCollector(t, newCert("web", issued))
	c.options.Held = func(context.Context, client.Reader) ([]corev1.Pod, error) { return nil, errors.New("no") }
	expect(t, c, []string{
		"certificates{issuer_kind=ClusterCertIssuer,issuer_name=letsencrypt,namespace=shop,ready=True,reason=Issued} 1",
		"secrets_watch_healthy{} 1",
	}, "tollgate_certificates", "tollgate_secrets_watch_healthy", "tollgate_held_pods")
}
