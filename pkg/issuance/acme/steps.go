// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mholt/acmez/v3/acme"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/http01"
)

// do takes one step. Progress with neither Issued nor After means: go on at once.
func (t *task) do(ctx context.Context, d Decision) (Progress, error) {
	p := Progress{Reason: d.Reason, Message: d.Message}
	switch d.Step {
	case StepRecord:
		return p, t.writeRecord(ctx)
	case StepOrder:
		return p, t.placeOrder(ctx)
	case StepPresent:
		return p, t.present(ctx, d.Challenges)
	case StepAnswer:
		waiting, after, err := t.answer(ctx, d.Challenges)
		if waiting != "" {
			p.Reason, p.Message, p.After = v1alpha1.ReasonPresenting, waiting, after
		}
		return p, err
	case StepWait:
		p.After = d.After
		return p, nil
	case StepWithdraw:
		return p, t.withdraw(ctx)
	case StepFinalize:
		return p, t.finalize(ctx)
	case StepDownload:
		s, err := t.download(ctx)
		if errors.Is(err, errOtherKey) {
			return p, t.restart(ctx, err.Error())
		}
		p.Issued = s
		return p, err
	case StepRestart:
		return p, t.restart(ctx, d.Message)
	case StepAbandon:
		if err := t.discard(ctx); err != nil {
			return p, err
		}
		return p, &Failure{Reason: d.Reason, Message: fmt.Sprintf("ACME server %s: %s", t.spec.Server, d.Message)}
	}
	return p, fmt.Errorf("issuing: unknown step %q", d.Step)
}

// writeRecord starts an issuance: whatever is left of an earlier one goes first.
func (t *task) writeRecord(ctx context.Context) error {
	if err := t.Presenter.Check(); err != nil {
		return &Failure{Reason: v1alpha1.ReasonFailed, Message: err.Error()}
	}
	if err := t.Cleanup(ctx, t.Certificate); err != nil {
		return err
	}
	r, err := newRecord(t.Certificate, t.profile, t.Clock.Now())
	if err != nil {
		return &Failure{Reason: v1alpha1.ReasonFailed, Message: err.Error()}
	}
	if err := r.save(ctx, t.Writer, t.account.PrivateKey); err != nil {
		return err
	}
	t.record = r
	return t.effect("record written")
}

func (t *task) placeOrder(ctx context.Context) error {
	if t.record.Attempt >= maxOrders {
		if err := t.discard(ctx); err != nil {
			return err
		}
		return &Failure{Reason: v1alpha1.ReasonFailed, Message: fmt.Sprintf(
			"ACME server %s: none of %d orders led to a certificate for our key; see the controller's log", t.spec.Server, maxOrders)}
	}
	order := acme.Order{Profile: t.profile}
	for _, name := range t.Certificate.Spec.DNSNames {
		order.Identifiers = append(order.Identifiers, acme.Identifier{Type: "dns", Value: name})
	}
	for _, ip := range t.Certificate.Spec.IPAddresses {
		order.Identifiers = append(order.Identifiers, acme.Identifier{Type: "ip", Value: ip})
	}
	err := t.call(ctx, "placing the order", func(ctx context.Context) (err error) {
		order, err = t.client.NewOrder(ctx, t.account, order)
		return err
	})
	if err != nil {
		return err
	}
	if err := t.effect("order placed"); err != nil {
		return err
	}
	t.record.OrderURL, t.record.AccountURI = order.Location, t.account.Location
	t.record.Attempt++
	t.record.Challenges = nil
	if err := t.record.save(ctx, t.Writer, t.account.PrivateKey); err != nil {
		return err
	}
	t.notify(OrderPlaced, "Order", fmt.Sprintf("Placed order %s at %s", order.Location, t.spec.Server))
	return t.effect("order URL written")
}

// present writes the answers into the record, from which every replica's listener takes them.
func (t *task) present(ctx context.Context, challenges []acme.Challenge) error {
	t.record.Challenges = map[string]string{}
	for _, c := range challenges {
		t.record.Challenges[c.Token] = c.KeyAuthorization
	}
	if err := t.record.save(ctx, t.Writer, t.account.PrivateKey); err != nil {
		return err
	}
	return t.effect("challenges written")
}

// answer leads the CA to the answers and, once our own listener has them and the names lead to it, asks it to look. If that is
// not so yet, it returns what it is waiting for, and when to come back.
func (t *task) answer(ctx context.Context, challenges []acme.Challenge) (waiting string, after time.Duration, err error) {
	var paths []http01.Challenge
	for _, c := range challenges {
		paths = append(paths, http01.Challenge{Host: c.Identifier.Value, Token: c.Token})
	}
	if err := t.Presenter.Ensure(ctx, t.Certificate, t.ingressClass(), paths); err != nil {
		return "", 0, err
	}
	if err := t.effect("objects written"); err != nil {
		return "", 0, err
	}
	for _, c := range challenges {
		if !t.Responder.Serves(c.Token) {
			return "waiting until this controller serves the answers", shortly, nil
		}
	}
	if err := t.unreached(ctx, challenges); err != nil {
		return "waiting until the answers can be reached: " + err.Error(), reachPoll, nil
	}
	return "", 0, t.initiate(ctx, challenges)
}

// unreached returns why a name does not lead to our answer yet; nil when the CA can be asked.
func (t *task) unreached(ctx context.Context, challenges []acme.Challenge) error {
	if t.Reach == nil || t.Clock.Since(t.record.Started) >= t.ReachTimeout {
		return nil
	}
	for _, c := range challenges {
		if c.Status != acme.StatusPending || t.run.initiated[c.URL] {
			continue
		}
		if err := t.Reach.Probe(ctx, c.Identifier.Value, c.Token, c.KeyAuthorization); err != nil {
			return err
		}
	}
	return nil
}

// initiate asks the CA to look at the challenges that it was not asked about before.
func (t *task) initiate(ctx context.Context, challenges []acme.Challenge) error {
	for _, c := range challenges {
		if c.Status != acme.StatusPending || t.run.initiated[c.URL] {
			continue
		}
		err := t.call(ctx, "asking for validation of "+c.Identifier.Value, func(ctx context.Context) error {
			_, err := t.client.InitiateChallenge(ctx, t.account, c)
			return err
		})
		if err != nil {
			return err
		}
		t.run.initiated[c.URL] = true
		t.notify(ChallengeAnswered, "Validate", "Asked the CA to validate "+c.Identifier.Value)
		if err := t.effect("challenge initiated"); err != nil {
			return err
		}
	}
	return nil
}

// ingressClass is that of the first solver.
func (t *task) ingressClass() *string {
	for _, s := range t.spec.Solvers {
		if s.HTTP01 != nil && s.HTTP01.Ingress != nil {
			return s.HTTP01.Ingress.IngressClassName
		}
	}
	return nil
}

// withdraw removes the objects, then the answers.
func (t *task) withdraw(ctx context.Context) error {
	if err := t.Presenter.Remove(ctx, t.Certificate); err != nil {
		return err
	}
	if err := t.effect("objects removed"); err != nil {
		return err
	}
	t.record.Challenges = nil
	if err := t.record.save(ctx, t.Writer, t.account.PrivateKey); err != nil {
		return err
	}
	return t.effect("challenges removed")
}

// finalize sends the signing request. What came of it is decided by what the server says of the order next; an error
// counts only if the order is still as it was.
func (t *task) finalize(ctx context.Context) error {
	order := *t.live.Order
	order.Location = t.record.OrderURL
	failure := t.call(ctx, "sending the signing request", func(ctx context.Context) error {
		_, err := t.client.FinalizeOrder(ctx, t.account, order, t.record.csr)
		return err
	})
	if err := t.effect("finalized"); err != nil {
		return err
	}
	if failure == nil {
		return nil
	}
	var now acme.Order
	err := t.call(ctx, "reading the order", func(ctx context.Context) (err error) {
		now, err = t.client.GetOrder(ctx, t.account, acme.Order{Location: t.record.OrderURL})
		return err
	})
	if err != nil {
		return err
	}
	if now.Status != acme.StatusReady {
		return nil // processing, valid or invalid: Decide knows
	}
	var f *Failure
	if errors.As(failure, &f) && !f.Transient && f.Reason != v1alpha1.ReasonRateLimited {
		if err := t.discard(ctx); err != nil {
			return err
		}
	}
	return failure
}

// restart forgets the order but keeps key and request.
func (t *task) restart(ctx context.Context, why string) error {
	klog.FromContext(ctx).Info("Placing another order", "order", t.record.OrderURL, "reason", why)
	if err := t.Presenter.Remove(ctx, t.Certificate); err != nil {
		return err
	}
	t.record.OrderURL, t.record.AccountURI, t.record.Challenges = "", "", nil
	clear(t.run.initiated)
	t.status.OrderURL, t.status.Authorizations = "", nil
	if err := t.record.save(ctx, t.Writer, t.account.PrivateKey); err != nil {
		return err
	}
	return t.effect("order forgotten")
}

// discard ends the issuance: objects first, then the record, so that what is left behind is found by the record.
func (t *task) discard(ctx context.Context) error {
	if err := t.Presenter.Remove(ctx, t.Certificate); err != nil {
		return err
	}
	if err := client.IgnoreNotFound(t.Writer.Delete(ctx, t.record.secret)); err != nil {
		return fmt.Errorf("deleting issuance Secret %s: %w", t.record.secret.Name, err)
	}
	t.status.OrderURL = ""
	return t.effect("record deleted")
}

// Cleanup deletes all that an issuance for cert may have left behind.
func (e *Executor) Cleanup(ctx context.Context, cert *v1alpha1.TLSCertificate) error {
	var records corev1.SecretList
	err := e.Reader.List(ctx, &records, client.InNamespace(cert.Namespace), client.MatchingLabels{v1alpha1.IssuanceLabel: string(cert.UID)})
	if err != nil {
		return fmt.Errorf("listing issuance Secrets: %w", err)
	}
	for i := range records.Items {
		s := &records.Items[i]
		if s.Type != v1alpha1.IssuanceSecretType || !metav1.IsControlledBy(s, cert) {
			continue
		}
		if err := client.IgnoreNotFound(e.Writer.Delete(ctx, s, preconditions(s))); err != nil {
			return fmt.Errorf("deleting issuance Secret %s: %w", s.Name, err)
		}
	}
	return e.Presenter.Remove(ctx, cert)
}

func preconditions(s *corev1.Secret) client.Preconditions {
	return client.Preconditions{UID: &s.UID, ResourceVersion: &s.ResourceVersion}
}

func (t *task) notify(reason, action, message string) {
	if t.Notify != nil {
		t.Notify(reason, action, message)
	}
}

func (e *Executor) effect(name string) error {
	if e.crash == nil {
		return nil
	}
	return e.crash(name)
}
