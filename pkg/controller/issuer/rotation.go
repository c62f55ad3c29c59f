// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/ca"
)

// kept is the state of a CA with the Secret that it is kept in.
type kept struct {
	state  *ca.State
	secret *corev1.Secret
}

// rotation is one look at the CA of an issuer.
type rotation struct {
	*Reconciler
	issuer v1alpha1.Issuer
	// secret is the CA's, wanted the CA in it.
	secret *corev1.Secret
	wanted *ca.CA
	kept   *kept
	policy ca.Policy
	// published is where the anchors are.
	published string
}

// readState reads the state; one that was never written is empty.
func (r *Reconciler) readState(ctx context.Context, issuer v1alpha1.Issuer) (*kept, *verdict, error) {
	name := ca.StateKey(issuer, r.Namespace)
	s := &corev1.Secret{}
	err := r.Reader.Get(ctx, name, s)
	if apierrors.IsNotFound(err) {
		return &kept{state: &ca.State{}, secret: &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: name.Namespace, Name: name.Name,
				Labels:      map[string]string{v1alpha1.ManagedLabel: "true"},
				Annotations: map[string]string{v1alpha1.IssuerAnnotation: ca.IssuerName(issuer)},
			},
			Type: ca.StateSecretType,
		}}, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading the state of the CA from Secret %s: %w", name, err)
	}
	if owner := s.Annotations[v1alpha1.IssuerAnnotation]; s.Type == ca.StateSecretType && owner != ca.IssuerName(issuer) {
		v := no(v1alpha1.ReasonCAUnusable, fmt.Sprintf("Secret %s is the state of %s; delete one of the two issuers, or give it another name", name, owner))
		return nil, &v, nil
	}
	state, err := ca.ReadState(s)
	if err != nil {
		v := no(v1alpha1.ReasonCAUnusable, fmt.Sprintf("%v; restore Secret %s, or delete it to begin with the CA in Secret %s at once",
			err, name, issuer.GetSpec().CA.SecretName))
		return nil, &v, nil
	}
	return &kept{state: state, secret: s}, nil, nil
}

// run takes the steps that are due and returns the decision to wait, or to refuse.
func (t *rotation) run(ctx context.Context) (ca.Decision, error) {
	for range maxSteps {
		d := ca.Decide(t.kept.state, t.wanted, t.policy, t.Clock.Now())
		if d.Step != ca.Wait {
			if d.Step == ca.Refuse {
				return d, nil
			}
			if err := t.take(ctx, d.Step); err != nil {
				return d, err
			}
			continue
		}
		lost, err := t.publish(ctx)
		if err != nil || !lost {
			return d, err
		}
	}
	return ca.Decision{}, fmt.Errorf("rotating the CA of %s: no end after %d steps", ca.IssuerName(t.issuer), maxSteps)
}

// publish repairs what is published. If the next CA was not, its time begins anew: that is what lost says.
func (t *rotation) publish(ctx context.Context) (lost bool, err error) {
	p, err := t.Reconciler.publish(ctx, t.issuer, t.kept.state.Bundle())
	if err != nil {
		return false, err
	}
	t.published = p.where
	next := t.kept.state.Next
	if next == nil || t.kept.state.Signing == nil || p.held(next) {
		return false, nil
	}
	return true, t.save(ctx, t.kept.state.Apply(ca.Publish, t.wanted, nil, t.policy, t.Clock.Now()))
}

// take takes one step: what it does to the world first, then what it does to the state. Nothing begins to sign unless it is
// still published.
func (t *rotation) take(ctx context.Context, step ca.Step) error {
	said(ctx, t.issuer, step, t.kept.state)
	var made *ca.CA
	var err error
	if step == ca.Replace || step == ca.Switch {
		if lost, err := t.publish(ctx); lost || err != nil {
			return err
		}
	}
	switch step {
	case ca.Make:
		if made, err = t.newCA(t.issuer); err != nil {
			return err
		}
	case ca.Publish:
		p, err := t.Reconciler.publish(ctx, t.issuer, t.kept.state.Bundle())
		if err != nil {
			return err
		}
		t.published = p.where
	case ca.Replace:
		s := t.secret.DeepCopy()
		if err := fill(s, t.issuer, t.kept.state.Next); err != nil {
			return err
		}
		if err := t.Writer.Update(ctx, s); err != nil {
			return fmt.Errorf("writing the new CA to Secret %s: %w", client.ObjectKeyFromObject(s), err)
		}
		t.secret, t.wanted = s, t.kept.state.Next
		return nil
	}
	return t.save(ctx, t.kept.state.Apply(step, t.wanted, made, t.policy, t.Clock.Now()))
}

// save writes the state, on condition that nobody has changed it since it was read.
func (t *rotation) save(ctx context.Context, state *ca.State) error {
	s := t.kept.secret.DeepCopy()
	data, err := state.Data()
	if err != nil {
		return err
	}
	s.Data = data
	if s.ResourceVersion == "" {
		err = t.Writer.Create(ctx, s)
	} else {
		err = t.Writer.Update(ctx, s)
	}
	if err != nil {
		return fmt.Errorf("writing the state of the CA to Secret %s: %w", client.ObjectKeyFromObject(s), err)
	}
	t.kept.state, t.kept.secret = state, s
	return nil
}
