// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// tlsSecret makes a Secret for host that is valid for an hour, unless change says otherwise.
func tlsSecret(t *testing.T, name, host string, change func(*tlstest.Options)) *corev1.Secret {
	t.Helper()
	o := tlstest.Options{DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	if change != nil {
		change(&o)
	}
	cert, key := tlstest.NewCA(t).Issue(o)
	return newSecret(name, cert, key)
}

func newSecret(name string, cert, key []byte) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Type:       corev1.SecretTypeTLS,
		Data:       map[string][]byte{corev1.TLSCertKey: cert, corev1.TLSPrivateKeyKey: key},
	}
}

func TestHeldUntilTheSecretIsUsable(t *testing.T) {
	s := shared.space(t)
	s.create(fakeNode("node", price("0.1")))
	s.create(workload("web", requireTLS("auto"), mounting("web-tls"), requireNames("web-tls", "www.example.com")))
	c := s.waitHeld("web", "SecretNotFound")
	if !strings.Contains(c.Message, `secret "`+s.ns+`/web-tls" does not exist`) || !strings.Contains(c.Message, "nothing in namespace") {
		t.Errorf("the message does not say what is missing and that nobody makes it: %s", c.Message)
	}
	// Everybody else is scheduled meanwhile.
	s.create(workload("plain"))
	s.waitBound("plain")
	web := s.pod("web")
	if scheduled := podCondition(web, string(corev1.PodScheduled)); scheduled != nil {
		t.Errorf("held pod has condition PodScheduled=%s, reason %s; autoscalers would count it", scheduled.Status, scheduled.Reason)
	}
	eventually(t, "one event of reason SecretNotFound, which comes after the condition", func(ctx context.Context) (bool, string) {
		held := s.events(ctx, "web", "SecretNotFound")
		return len(held) == 1, fmt.Sprint(len(held), " events")
	})

	stream, err := s.client.Watch(t.Context(), &corev1.PodList{}, client.InNamespace(s.ns))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Stop()
	secret := tlsSecret(t, "web-tls", "www.example.com", nil)
	written := time.Now()
	s.create(secret)
	t.Logf("secret written to pod bound: %s", waitBoundOn(t, stream, "web").Sub(written).Round(time.Millisecond))

	eventually(t, "TLSReady becomes True and the event of the hold is gone", func(ctx context.Context) (bool, string) {
		pod := s.pod("web")
		ready := podCondition(pod, v1alpha1.TLSReadyCondition)
		return ready != nil && ready.Status == corev1.ConditionTrue && len(s.events(ctx, "web", "SecretNotFound")) == 0, describe(pod)
	})
}

// waitBoundOn returns when a watch saw the pod bound.
func waitBoundOn(t *testing.T, stream watch.Interface, name string) time.Time {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case event, open := <-stream.ResultChan():
			if !open {
				t.Fatal("the watch of pods ended")
			}
			if pod, ok := event.Object.(*corev1.Pod); ok && pod.Name == name && pod.Spec.NodeName != "" {
				return time.Now()
			}
		case <-deadline:
			t.Fatalf("pod %s is not bound after %s", name, patience)
		}
	}
}

// events returns the events of a reason on a pod.
func (s *space) events(ctx context.Context, pod, reason string) []eventsv1.Event {
	s.t.Helper()
	var list eventsv1.EventList
	if err := s.client.List(ctx, &list, client.InNamespace(s.ns)); err != nil {
		s.t.Fatalf("listing events: %v", err)
	}
	return slices.DeleteFunc(list.Items, func(e eventsv1.Event) bool { return e.Regarding.Name != pod || e.Reason != reason })
}

func TestUnusableSecretsHoldWithTheirReason(t *testing.T) {
	const host = "www.example.com"
	wrongKey := func(t *testing.T) *corev1.Secret {
		a, b := tlsSecret(t, "web-tls", host, nil), tlsSecret(t, "web-tls", host, nil)
		a.Data[corev1.TLSPrivateKeyKey] = b.Data[corev1.TLSPrivateKeyKey]
		return a
	}
	for reason, secret := range map[string]func(*testing.T) *corev1.Secret{
		"KeyMismatch": wrongKey,
		"Expired": func(t *testing.T) *corev1.Secret {
			return tlsSecret(t, "web-tls", host, func(o *tlstest.Options) {
				o.NotBefore, o.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
			})
		},
		"NotYetValid": func(t *testing.T) *corev1.Secret {
			return tlsSecret(t, "web-tls", host, func(o *tlstest.Options) {
				o.NotBefore, o.NotAfter = time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
			})
		},
		"NameNotCovered": func(t *testing.T) *corev1.Secret { return tlsSecret(t, "web-tls", "other.example.com", nil) },
		"MissingData":    func(*testing.T) *corev1.Secret { return newSecret("web-tls", nil, nil) },
		"BadPEM":         func(*testing.T) *corev1.Secret { return newSecret("web-tls", []byte("not PEM"), []byte("not PEM")) },
		"WrongType": func(t *testing.T) *corev1.Secret {
			s := tlsSecret(t, "web-tls", host, nil)
			s.Type = corev1.SecretTypeOpaque
			return s
		},
	} {
		t.Run(reason, func(t *testing.T) {
			s := shared.space(t)
			s.create(fakeNode("node", price("0.1")))
			bad := secret(t)
			s.create(bad)
			s.create(workload("web", requireTLS("web-tls"), requireNames("web-tls", host)))
			t.Logf("message: %s", s.waitHeld("web", reason).Message)

			// Repairing the Secret releases the pod.
			if reason == "WrongType" {
				if err := s.client.Delete(t.Context(), bad); err != nil {
					t.Fatal(err)
				}
				s.create(tlsSecret(t, "web-tls", host, nil))
			} else {
				bad.Data = tlsSecret(t, "web-tls", host, nil).Data
				if err := s.client.Update(t.Context(), bad); err != nil {
					t.Fatal(err)
				}
			}
			s.waitBound("web")
		})
	}
}

func TestAutoIgnoresSecretsThatAreNotTLS(t *testing.T) {
	s := shared.space(t)
	s.create(fakeNode("node", price("0.1")))
	s.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "database"}, Data: map[string][]byte{"password": []byte("x")}})
	s.create(workload("web", requireTLS("auto"), mounting("database")))
	s.waitBound("web")
}

func TestSecretDeletedWhileThePodWaitsForRoom(t *testing.T) {
	s := shared.space(t)
	s.create(tlsSecret(t, "web-tls", "www.example.com", nil))
	s.create(workload("web", requireTLS("web-tls")))
	s.waitUnschedulable("web")
	secret := newSecret("web-tls", nil, nil)
	secret.Namespace = s.ns
	if err := s.client.Delete(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	s.waitHeld("web", "SecretNotFound")
	// The scheduler learns of nodes and of pods over two watches. When it has looked at a later pod, it knows that web is held.
	s.create(workload("plain"))
	s.waitUnschedulable("plain")
	s.create(fakeNode("node", price("0.1")))
	s.waitBound("plain")
	s.waitHeld("web", "SecretNotFound")
	s.create(tlsSecret(t, "web-tls", "www.example.com", nil))
	s.waitBound("web")
}

func (s *space) waitUnschedulable(name string) {
	s.t.Helper()
	eventually(s.t, "pod "+name+" is found unschedulable for want of a node", func(context.Context) (bool, string) {
		pod := s.pod(name)
		c := podCondition(pod, string(corev1.PodScheduled))
		return c != nil && c.Reason == corev1.PodReasonUnschedulable, describe(pod)
	})
}
