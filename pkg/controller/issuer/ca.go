// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/ca"
)

// maxSteps bounds how many steps of a rotation one look takes. A whole rotation has five.
const maxSteps = 20

// prepareCA checks the CA's Secret, makes it if it is absent and the spec says so, publishes the CA, and takes the steps of a
// rotation that are due.
func (r *Reconciler) prepareCA(ctx context.Context, issuer v1alpha1.Issuer) (verdict, error) {
	status := issuer.GetStatus()
	status.NotAfter, status.FingerprintSHA256, status.NextCA = nil, "", nil
	secret, v, err := r.wanted(ctx, issuer)
	if err != nil || v != nil {
		return deref(v), err
	}
	wanted, err := ca.Parse(secret)
	if err != nil {
		return no(v1alpha1.ReasonCAUnusable, fmt.Sprintf("Secret %s/%s: %v; put the CA's certificate and its key there, in PEM", secret.Namespace, secret.Name, err)), nil
	}
	kept, v, err := r.readState(ctx, issuer)
	if err != nil || v != nil {
		return deref(v), err
	}
	t := &rotation{Reconciler: r, issuer: issuer, secret: secret, wanted: wanted, kept: kept, policy: policyOf(issuer, secret, wanted)}
	decision, err := t.run(ctx)
	if t.published != "" {
		status.TrustBundle = t.published
	}
	status.NextCA = nextCA(kept.state, t.policy)
	var unpublished *publishError
	switch {
	case errors.As(err, &unpublished) && kept.state.Signing != nil:
		// What signs was published before; nothing else begins to sign.
		v := r.judge(kept.state, t.policy, decision, secret.Namespace+"/"+secret.Name, status)
		v.Message += "; " + unpublished.Error()
		return v, nil
	case errors.As(err, &unpublished):
		return no(v1alpha1.ReasonCAUnusable, unpublished.Error()), nil
	case err != nil:
		return verdict{}, err
	case decision.Step == ca.Refuse:
		return no(unusable(decision.Err), fmt.Sprintf("Secret %s/%s: %v", secret.Namespace, secret.Name, decision.Err)), nil
	}
	return r.judge(kept.state, t.policy, decision, secret.Namespace+"/"+secret.Name, status), nil
}

// judge says whether the CA that signs can.
func (r *Reconciler) judge(state *ca.State, p ca.Policy, d ca.Decision, name string, status *v1alpha1.IssuerStatus) verdict {
	now, signing := r.Clock.Now(), state.Signing
	end := signing.End()
	status.NotAfter = &metav1.Time{Time: end}
	status.FingerprintSHA256 = signing.Fingerprint()
	next := ""
	if from := state.SignsFrom(p); !from.IsZero() {
		next = fmt.Sprintf("; the next CA signs from %s on", stamp(from))
	}
	v := yes(v1alpha1.ReasonCAReady, fmt.Sprintf("the CA %q can sign until %s%s", signing.Certificate().Subject, stamp(end), next))
	if err := signing.Usable(now); err != nil {
		v = no(unusable(err), fmt.Sprintf("Secret %s: %v%s", name, err, next))
	} else if last := end.Add(-ca.MinDuration).Add(time.Second); last.Before(now.Add(recheckReady)) {
		v.at = last
	}
	if d.At.After(now) && (v.at.IsZero() || d.At.Before(v.at)) && d.At.Before(now.Add(recheckReady)) {
		v.at = d.At
	}
	return v
}

func unusable(err error) string {
	if errors.Is(err, ca.ErrExpiresTooSoon) {
		return v1alpha1.ReasonCAExpiresTooSoon
	}
	return v1alpha1.ReasonCAUnusable
}

func nextCA(state *ca.State, p ca.Policy) *v1alpha1.NextCA {
	from := state.SignsFrom(p)
	if from.IsZero() || state.Signing == nil {
		return nil
	}
	return &v1alpha1.NextCA{
		FingerprintSHA256: state.Next.Fingerprint(),
		// The API keeps whole seconds; never promise too much.
		SignsFrom: metav1.Time{Time: from.Add(time.Second - time.Nanosecond).Truncate(time.Second)},
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func deref(v *verdict) verdict {
	if v == nil {
		return verdict{}
	}
	return *v
}

// said logs a step of a rotation.
func said(ctx context.Context, issuer v1alpha1.Issuer, step ca.Step, state *ca.State) {
	log := klog.FromContext(ctx)
	if state.Next != nil {
		log = log.WithValues("nextFingerprint", state.Next.Fingerprint())
	}
	if state.Signing != nil {
		log = log.WithValues("signingFingerprint", state.Signing.Fingerprint())
	}
	log.Info("Rotating the CA", "issuer", issuer.Kind()+"/"+issuer.GetName(), "step", step)
}
