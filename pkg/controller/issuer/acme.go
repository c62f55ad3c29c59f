// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
)

const (
	// directoryTimeout bounds reading the directory, which is mostly known already.
	directoryTimeout = 10 * time.Second
	// maxProfiles and maxDescription, in bytes, bound what a server gets into the status.
	maxProfiles    = 32
	maxDescription = 256
)

// prepareACME registers the account.
func (r *Reconciler) prepareACME(ctx context.Context, issuer v1alpha1.Issuer) (verdict, error) {
	account, err := r.Accounts.Get(ctx, issuer, v1alpha1.SecretNamespace(issuer, r.Namespace), true)
	var f *acme.Failure
	switch {
	case err == nil:
		issuer.GetStatus().AccountURI = account.Location
		r.profiles(ctx, issuer)
		return yes(v1alpha1.ReasonAccountReady, "the account is registered at "+issuer.GetSpec().ACME.Server), nil
	case !errors.As(err, &f):
		return verdict{}, err
	}
	// An account that was confirmed stays good while the server is away: orders say themselves that it is.
	before := meta.FindStatusCondition(issuer.GetStatus().Conditions, v1alpha1.ConditionReady)
	if (f.Transient || f.Reason == v1alpha1.ReasonRateLimited) && before != nil && before.Status == metav1.ConditionTrue &&
		before.ObservedGeneration == issuer.GetGeneration() {
		v := yes(before.Reason, before.Message)
		v.at = r.Clock.Now().Add(maxRecheck)
		return v, nil
	}
	v := no(v1alpha1.ReasonAccountFailed, f.Message)
	if f.Transient {
		v.Reason = v1alpha1.ReasonServerUnreachable
	}
	v.at = f.RetryAt
	return v, nil
}

// profiles notes which profiles the server offers. An answer that fails changes nothing: orders say themselves what is wrong.
func (r *Reconciler) profiles(ctx context.Context, issuer v1alpha1.Issuer) {
	ctx, cancel := context.WithTimeout(ctx, directoryTimeout)
	defer cancel()
	client, err := r.Accounts.Clients.For(ctx, issuer.GetSpec().ACME)
	if err != nil {
		return
	}
	directory, err := client.GetDirectory(ctx)
	if err != nil {
		klog.FromContext(ctx).V(2).Info("Not reading the profiles of the ACME server", "issuer", issuer.GetName(), "reason", err.Error())
		return
	}
	issuer.GetStatus().Profiles = nil
	if directory.Meta != nil {
		issuer.GetStatus().Profiles = bounded(directory.Meta.Profiles)
	}
}

// bounded keeps the first profiles in the order of their names, with descriptions of a bounded length.
func bounded(profiles map[string]string) map[string]string {
	if len(profiles) == 0 {
		return nil
	}
	out := map[string]string{}
	names := slices.Sorted(maps.Keys(profiles))
	for _, name := range names[:min(len(names), maxProfiles)] {
		text := strings.ToValidUTF8(profiles[name], "")
		if len(text) > maxDescription {
			text = strings.ToValidUTF8(text[:maxDescription], "")
		}
		out[name] = text
	}
	return out
}
