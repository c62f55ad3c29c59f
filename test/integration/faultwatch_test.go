// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// attempt is a value of status.nextAttemptTime, and when the test has seen it.
type attempt struct{ next, seen time.Time }

// attempts collects those of all TLSCertificates.
type attempts struct {
	mu       sync.Mutex
	by       map[types.NamespacedName][]attempt
	versions map[types.NamespacedName]string // the last resourceVersion that the watch told of
}

func watchAttempts(t *testing.T, c *cluster) *attempts {
	t.Helper()
	all := &attempts{by: map[types.NamespacedName][]attempt{}, versions: map[types.NamespacedName]string{}}
	events, err := c.client.Watch(t.Context(), &v1alpha1.TLSCertificateList{})
	if err != nil {
		t.Fatalf("watching TLSCertificates: %v", err)
	}
	t.Cleanup(events.Stop)
	go func() {
		for event := range events.ResultChan() {
			if c, ok := event.Object.(*v1alpha1.TLSCertificate); ok {
				all.saw(c, time.Now())
			}
		}
	}()
	return all
}

func (a *attempts) saw(c *v1alpha1.TLSCertificate, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := client.ObjectKeyFromObject(c)
	a.versions[key] = c.ResourceVersion
	if c.Status.NextAttemptTime == nil {
		return
	}
	next := c.Status.NextAttemptTime.Time
	if seen := a.by[key]; len(seen) == 0 || !seen[len(seen)-1].next.Equal(next) {
		a.by[key] = append(seen, attempt{next: next, seen: now})
	}
}

// attemptsOf returns those of a TLSCertificate; it waits until the watch has told of its last version.
func (r *faultRun) attemptsOf(name string) (all []attempt) {
	r.t.Helper()
	eventually(r.t, "the watch has told of all of TLSCertificate "+name, func(context.Context) (bool, string) {
		c := r.certificate(name)
		r.attempts.mu.Lock()
		defer r.attempts.mu.Unlock()
		key := client.ObjectKeyFromObject(c)
		all = slices.Clone(r.attempts.by[key])
		return r.attempts.versions[key] == c.ResourceVersion, fmt.Sprintf("version %q of %s", r.attempts.versions[key], c.ResourceVersion)
	})
	return all
}

// pairs says of all versions of all TLS Secrets whether the key fits the certificate.
type pairs struct {
	mu sync.Mutex
	by map[types.NamespacedName]map[string]error // by resourceVersion
}

func watchPairs(t *testing.T, c *cluster) *pairs {
	t.Helper()
	all := &pairs{by: map[types.NamespacedName]map[string]error{}}
	events, err := c.client.Watch(t.Context(), &corev1.SecretList{}, client.MatchingFields{"type": string(corev1.SecretTypeTLS)})
	if err != nil {
		t.Fatalf("watching Secrets: %v", err)
	}
	t.Cleanup(events.Stop)
	go func() {
		for event := range events.ResultChan() {
			if s, ok := event.Object.(*corev1.Secret); ok {
				all.saw(s)
			}
		}
	}()
	return all
}

func (p *pairs) saw(s *corev1.Secret) {
	_, err := tls.X509KeyPair(s.Data[corev1.TLSCertKey], s.Data[corev1.TLSPrivateKeyKey])
	p.mu.Lock()
	defer p.mu.Unlock()
	key := client.ObjectKeyFromObject(s)
	if p.by[key] == nil {
		p.by[key] = map[string]error{}
	}
	p.by[key][s.ResourceVersion] = err
}

// of returns what is wrong with each version of a Secret, in order; it waits until the watch has come to the given one.
func (p *pairs) of(t *testing.T, s *corev1.Secret) (faults []error) {
	t.Helper()
	key := client.ObjectKeyFromObject(s)
	eventually(t, "the watch has seen Secret "+s.Name, func(context.Context) (bool, string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		_, seen := p.by[key][s.ResourceVersion]
		return seen, fmt.Sprint(len(p.by[key]), " versions")
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, version := range slices.Sorted(maps.Keys(p.by[key])) {
		faults = append(faults, p.by[key][version])
	}
	return faults
}
