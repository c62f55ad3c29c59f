// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/mholt/acmez/v3/acme"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/http01"
	"github.com/tollgate-dev/tollgate/pkg/issuance/target"
)

// do takes one step. Progress with neither Issued nor After means: go on at once.
func (t *task) do(ctx context.Context, d Decision) (Progress, error) {
	p := Progress{Reason: d.Reason, Message: d.Message}
	switch d.Step {
	case StepRecord:
		return p, t.begin(ctx)
	case StepOrder:
		return p, t.placeOrder(ctx)
	case StepPresent:
		return p, t.present(ctx, d.Challenges)
	case StepAnswer:
		waiting, err := t.answer(ctx, d.Challenges)
		if waiting.Message != "" {
			p = waiting
		}
		return p, err
	case StepWait:
		// A CA that is quick is not waited for, and one that is not is asked less and less.
		p.After = min(d.After, firstPoll<<min(t.run.polls, 10))
		t.run.polls++
		// Who asked the CA may have been another process: what leads here shall stay until it has looked.
		if http := ofType(d.Challenges, challengeHTTP01); len(http) > 0 && !t.run.led {
			if err := t.ensure(ctx, http); err != nil && !errors.Is(err, http01.ErrNotYet) {
				return p, err
			}
		}
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

// begin starts an issuance: whatever is left of an earlier one goes first. The record is written when the order is placed.
func (t *task) begin(ctx context.Context) error {
	if err := t.check(ctx); err != nil {
		return err
	}
	if t.Begun || usesDNS(t.spec) {
		if err := t.Cleanup(ctx, t.Certificate); err != nil {
			return err
		}
	}
	if err := t.readJournal(ctx); err != nil {
		return err
	}
	r, err := newRecord(t.Certificate, t.profile, target.KeptKey(t.Certificate, t.Secret), t.Clock.Now())
	if err != nil {
		return &Failure{Reason: v1alpha1.ReasonFailed, Message: err.Error()}
	}
	t.record = r
	return nil
}

// present writes the answers down: those to http-01 into the record, from which every replica's listener takes them, and
// the TXT records that will be made for dns-01.
func (t *task) present(ctx context.Context, challenges []Pending) error {
	if err := t.recordDNS(ctx, challenges); err != nil {
		return err
	}
	http := ofType(challenges, challengeHTTP01)
	if len(http) == 0 && len(t.record.Challenges) == 0 {
		return nil
	}
	wanted := answersTo(http)
	if maps.Equal(t.record.Challenges, wanted) {
		return nil
	}
	t.record.Challenges = wanted
	if err := t.record.save(ctx, t.Writer, t.account.PrivateKey); err != nil {
		return err
	}
	return t.effect("challenges written")
}

// answersTo returns the key authorizations by their tokens.
func answersTo(challenges []Pending) map[string]string {
	out := map[string]string{}
	for _, c := range challenges {
		out[c.Token] = c.KeyAuthorization
	}
	return out
}

// answer puts the answers in place and, once all of them can be seen, asks the CA to look. If that is not so yet, it
// returns what it is waiting for, and when to come back.
func (t *task) answer(ctx context.Context, challenges []Pending) (Progress, error) {
	http := ofType(challenges, challengeHTTP01)
	if len(http) > 0 {
		err := t.ensure(ctx, http)
		if errors.Is(err, http01.ErrNotYet) {
			return Progress{Reason: v1alpha1.ReasonPresenting, Message: "waiting until what leads to the answers is written", After: presentPoll, Told: true}, nil
		}
		if err != nil {
			return Progress{}, err
		}
		if err := t.effect("objects written"); err != nil {
			return Progress{}, err
		}
	}
	if err := t.presentDNS(ctx, challenges); err != nil {
		return Progress{}, err
	}
	for _, c := range http {
		if !t.Responder.Serves(c.Token) {
			return Progress{Reason: v1alpha1.ReasonPresenting, Message: "waiting until this controller serves the answers", After: shortly}, nil
		}
	}
	if err := t.unreached(ctx, http); err != nil {
		return Progress{Reason: v1alpha1.ReasonPresenting, Message: "waiting until the answers can be reached: " + err.Error(), After: reachPoll}, nil
	}
	if lacking := t.unpropagated(ctx, challenges); lacking != "" {
		return Progress{Reason: v1alpha1.ReasonWaitingForPropagation, Message: lacking, After: t.dnsPoll()}, nil
	}
	return Progress{}, t.initiate(ctx, challenges)
}

// ensure leads the CA's requests to this controller.
func (t *task) ensure(ctx context.Context, challenges []Pending) error {
	var paths []http01.Challenge
	for _, c := range challenges {
		paths = append(paths, http01.Challenge{Host: c.Identifier.Value, Token: c.Token, Solver: c.Solver.HTTP01})
	}
	err := t.Presenter.Present(ctx, t.Certificate, paths)
	t.run.led = err == nil || errors.Is(err, http01.ErrNotYet)
	if errors.Is(err, http01.ErrNoGatewayAPI) {
		return &Failure{Reason: v1alpha1.ReasonFailed, Message: err.Error()}
	}
	return err
}

func ofType(challenges []Pending, kind string) []Pending {
	return slices.DeleteFunc(slices.Clone(challenges), func(c Pending) bool { return c.Type != kind })
}

// unasked reports whether the CA was not asked about the challenge, as far as this process knows.
func (t *task) unasked(c Pending) bool {
	return c.Status == acme.StatusPending && !t.run.initiated[c.URL]
}

// unreached returns why a name does not lead to our answer yet; nil when the CA can be asked.
func (t *task) unreached(ctx context.Context, challenges []Pending) error {
	if t.Reach == nil || t.Clock.Since(t.record.Started) >= t.ReachTimeout {
		return nil
	}
	for _, c := range challenges {
		if !t.unasked(c) {
			continue
		}
		if err := t.Reach.Probe(ctx, c.Identifier.Value, c.Token, c.KeyAuthorization); err != nil {
			return err
		}
	}
	return nil
}

// initiate asks the CA to look at the challenges that it was not asked about before.
func (t *task) initiate(ctx context.Context, challenges []Pending) error {
	for _, c := range challenges {
		if !t.unasked(c) {
			continue
		}
		err := t.call(ctx, "asking for validation of "+c.Name, func(ctx context.Context) error {
			_, err := t.client.InitiateChallenge(ctx, t.account, c.Challenge)
			return err
		})
		if err != nil {
			return err
		}
		t.run.initiated[c.URL] = true
		t.notify(ChallengeAnswered, "Validate", "Asked the CA to validate "+c.Name)
		if err := t.effect("challenge initiated"); err != nil {
			return err
		}
	}
	return nil
}

// withdraw removes the TXT records. What leads to the answers to http-01 goes with the record, at the end.
func (t *task) withdraw(ctx context.Context) error { return t.releaseDNS(ctx) }

// finalize sends the signing request. What came of it is decided by what the server says of the order next; an error
// counts only if the order is still as it was.
func (t *task) finalize(ctx context.Context) error {
	if t.record.Replaces == "" {
		if err := t.guard(ctx, t.record.OrderURL); err != nil {
			return err
		}
	}
	order := *t.live.Order
	order.Location = t.record.OrderURL
	failure := t.call(ctx, "sending the signing request", func(ctx context.Context) error {
		_, err := t.client.FinalizeOrder(ctx, t.account, order, t.record.csr)
		return err
	})
	if err := t.effect("finalized"); err != nil {
		return err
	}
	var f *Failure
	if failure == nil || errors.As(failure, &f) && !f.RetryAt.IsZero() {
		return failure // a server that asked to wait is not asked what came of it
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
	if f != nil && !f.Transient && f.Reason != v1alpha1.ReasonRateLimited {
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
	if err := t.releaseDNS(ctx); err != nil {
		return err
	}
	t.record.OrderURL, t.record.AccountURI, t.record.Replaces, t.record.Challenges = "", "", "", nil
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
	if err := t.effect("objects removed"); err != nil {
		return err
	}
	if err := t.releaseDNS(ctx); err != nil {
		return err
	}
	if err := client.IgnoreNotFound(t.Writer.Delete(ctx, t.record.secret)); err != nil {
		return fmt.Errorf("deleting issuance Secret %s: %w", t.record.secret.Name, err)
	}
	t.status.OrderURL = ""
	return t.effect("record deleted")
}
