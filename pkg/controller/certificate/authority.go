// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/ca"
)

// authority reads the state of an internal CA, and its resourceVersion; nil if it has none that can be used.
func (r *Reconciler) authority(ctx context.Context, issuer v1alpha1.Issuer) (*ca.State, string, error) {
	s := &corev1.Secret{}
	name := ca.StateKey(issuer, r.Namespace)
	err := r.Reader.Get(ctx, name, s)
	if apierrors.IsNotFound(err) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading the state of the CA from Secret %s: %w", name, err)
	}
	state, err := ca.ReadState(s)
	if err != nil || state.Signing == nil || s.Annotations[v1alpha1.IssuerAnnotation] != ca.IssuerName(issuer) {
		return nil, "", nil // the issuer says so itself
	}
	return state, s.ResourceVersion, nil
}

// goodFor is for how long what is known of a CA is good enough to see that nothing has to be done. Changes of an issuer's
// status end it at once.
const goodFor = time.Minute

// authorities keeps of the CAs what tells whether they have changed: no key.
type authorities struct {
	mu sync.Mutex
	by map[client.ObjectKey]known
}

type known struct {
	issuer  string // its resourceVersion
	version string // of the state; "" if there is none that can be used
	since   time.Time
	at      time.Time
}

// version returns the resourceVersion of the state of the issuer's CA; "" if it is no CA, or is not known.
func (a *authorities) version(ctx context.Context, r *Reconciler, issuer v1alpha1.Issuer) string {
	if issuer.GetSpec().CA == nil {
		return ""
	}
	return a.get(ctx, r, issuer).version
}

// unchanged reports whether a leaf that is valid from notBefore on was issued by the CA that signs now, with the CAs beside it that
// are published now. An issuer that is no CA does not publish any.
func (a *authorities) unchanged(ctx context.Context, r *Reconciler, issuer v1alpha1.Issuer, notBefore time.Time) bool {
	if issuer.GetSpec().CA == nil {
		return true
	}
	k := a.get(ctx, r, issuer)
	return k.version != "" && !notBefore.Before(k.since)
}

func (a *authorities) get(ctx context.Context, r *Reconciler, issuer v1alpha1.Issuer) known {
	key, now := ca.StateKey(issuer, r.Namespace), r.Clock.Now()
	a.mu.Lock()
	defer a.mu.Unlock() // one reads, the others wait for it
	if k, ok := a.by[key]; ok && k.issuer == issuer.GetResourceVersion() && now.Sub(k.at) < goodFor {
		return k
	}
	state, version, err := r.authority(ctx, issuer)
	if err != nil {
		return known{}
	}
	k := known{issuer: issuer.GetResourceVersion(), version: version, at: now}
	if state != nil {
		k.since = state.UnchangedFor()
	}
	if a.by == nil {
		a.by = map[client.ObjectKey]known{}
	}
	a.by[key] = k
	return k
}
