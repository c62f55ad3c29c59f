// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// Step is what has to be done next.
type Step string

// Steps of an issuance, in the order of a run without trouble.
const (
	// StepRecord makes key and signing request.
	StepRecord Step = "Record"
	// StepOrder places the order and writes the record: key, signing request, the order's URL and, if there are few names, the answers.
	StepOrder Step = "Order"
	// StepPresent writes the answers to pending challenges into the record.
	StepPresent Step = "Present"
	// StepAnswer leads the CA to the answers and asks it to look.
	StepAnswer Step = "Answer"
	// StepWait comes back later.
	StepWait Step = "Wait"
	// StepWithdraw removes TXT records that nobody needs any more.
	StepWithdraw Step = "Withdraw"
	// StepFinalize sends the signing request.
	StepFinalize Step = "Finalize"
	// StepDownload fetches the certificate, verifies it and writes the target Secret.
	StepDownload Step = "Download"
	// StepRestart forgets the order, which can no longer lead to a certificate of ours, and places another.
	StepRestart Step = "Restart"
	// StepAbandon gives up: the CA refused.
	StepAbandon Step = "Abandon"
)

// Decision is a step, and why.
type Decision struct {
	Step Step
	// Reason for condition Issuing.
	Reason string
	// Message for people.
	Message string
	// After is how long StepWait waits.
	After time.Duration
	// Challenges that StepPresent, StepAnswer and StepWait are about: those of pending authorizations.
	Challenges []Pending
}

// Pending is the challenge of a name that the CA has not validated yet.
type Pending struct {
	acme.Challenge
	// Name that is validated: a DNS name, "*." and a DNS name, or an IP address.
	Name string
	// Solver that answers.
	Solver v1alpha1.Solver
}

// Live is what the server said just now.
type Live struct {
	// Account that asks.
	Account string
	// Order as the server has it; nil if the server does not know it.
	Order *acme.Order
	// Authorizations of a pending or invalid order.
	Authorizations []acme.Authorization
	// Initiated are the URLs of challenges that this process has asked the CA to look at.
	Initiated map[string]bool
	// Solvers of the issuer, and the labels of the TLSCertificate by which they may select.
	Solvers []v1alpha1.Solver
	Labels  map[string]string
}

// patience is for how long after the start of an issuance the CA is asked every second, and not every ten.
const patience = 30 * time.Second

// Decide is pure: it returns what to do next for a record (nil: there is none) and what the server says.
func Decide(r *Record, live Live, now time.Time) Decision {
	switch {
	case r == nil:
		return Decision{Step: StepRecord, Reason: v1alpha1.ReasonCreatingOrder, Message: "making the key and the signing request"}
	case r.OrderURL == "":
		return Decision{Step: StepOrder, Reason: v1alpha1.ReasonCreatingOrder, Message: "placing the order"}
	case r.AccountURI == "":
		return Decision{Step: StepRestart, Message: "the order in the issuance Secret was not placed with the issuer's account key"}
	case r.AccountURI != live.Account:
		return Decision{Step: StepRestart, Message: fmt.Sprintf("the order was placed by account %s, the issuer's is %s now", r.AccountURI, live.Account)}
	case live.Order == nil:
		return Decision{Step: StepRestart, Message: "the CA no longer knows the order"}
	}
	order := live.Order
	wait := Decision{Step: StepWait, Reason: v1alpha1.ReasonValidating, After: time.Second}
	if now.Sub(r.Started) > patience {
		wait.After = 10 * time.Second
	}
	if order.Status == acme.StatusPending {
		return decidePending(r, live, wait, now)
	}
	if order.Status == acme.StatusInvalid {
		return Decision{Step: StepAbandon, Reason: v1alpha1.ReasonChallengeFailed, Message: invalidMessage(live)}
	}
	if len(r.DNS) > 0 {
		return Decision{Step: StepWithdraw, Reason: v1alpha1.ReasonFinalizing, Message: "all names are validated"}
	}
	switch order.Status {
	case acme.StatusReady:
		if expired(order, now) {
			return Decision{Step: StepRestart, Message: "the order has expired"}
		}
		return Decision{Step: StepFinalize, Reason: v1alpha1.ReasonFinalizing, Message: "sending the signing request"}
	case acme.StatusProcessing:
		wait.Reason, wait.Message = v1alpha1.ReasonFinalizing, "the CA is signing"
		return wait
	case acme.StatusValid:
		return Decision{Step: StepDownload, Reason: v1alpha1.ReasonFinalizing, Message: "fetching the certificate"}
	}
	return Decision{Step: StepAbandon, Reason: v1alpha1.ReasonFailed, Message: fmt.Sprintf("the CA gave the order the unknown status %q", order.Status)}
}

// decidePending handles an order that waits for authorizations.
func decidePending(r *Record, live Live, wait Decision, now time.Time) Decision {
	if expired(live.Order, now) {
		return Decision{Step: StepRestart, Message: "the order has expired"}
	}
	var pending []Pending
	var names []string
	absent, unasked := false, false
	for _, authz := range live.Authorizations {
		switch authz.Status {
		case acme.StatusValid:
			continue
		case acme.StatusPending:
		default:
			return Decision{Step: StepAbandon, Reason: v1alpha1.ReasonChallengeFailed, Message: invalidMessage(live)}
		}
		c, err := choose(live, authz)
		if err != nil {
			return Decision{Step: StepAbandon, Reason: v1alpha1.ReasonFailed, Message: err.Error()}
		}
		pending = append(pending, c)
		names = append(names, authz.IdentifierValue())
		absent = absent || !r.answers(c)
		unasked = unasked || c.Status == acme.StatusPending && !live.Initiated[c.URL]
	}
	switch {
	case len(pending) == 0:
		wait.Message = "all names are validated; waiting for the CA to say that the order is ready"
		return wait
	case absent:
		return Decision{Step: StepPresent, Reason: v1alpha1.ReasonPresenting, Message: "preparing the answers for " + list(names), Challenges: pending}
	case unasked:
		return Decision{Step: StepAnswer, Reason: v1alpha1.ReasonPresenting, Message: "putting the answers for " + list(names) + " in place", Challenges: pending}
	}
	wait.Message, wait.Challenges = "waiting for the CA to validate "+list(names), pending
	return wait
}

// validToken is what RFC 8555 section 8.3 allows. The token becomes a path of an Ingress, so nothing else gets there.
var validToken = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// Types of challenges that are answered.
const (
	challengeHTTP01 = acme.ChallengeTypeHTTP01
	challengeDNS01  = acme.ChallengeTypeDNS01
)

// choose returns the challenge of an authorization that is to be answered, and by which solver.
func choose(live Live, authz acme.Authorization) (Pending, error) {
	name := authz.IdentifierValue()
	i, err := Choose(live.Solvers, live.Labels, name)
	if err != nil {
		return Pending{}, err
	}
	kind := challengeType(live.Solvers[i])
	for _, c := range authz.Challenges {
		if c.Type == kind && validToken.MatchString(c.Token) {
			return Pending{Challenge: c, Name: name, Solver: live.Solvers[i]}, nil
		}
	}
	return Pending{}, fmt.Errorf("the CA offers no %s challenge for %s, which is what solver %d of the issuer answers; "+
		"add a solver of another kind for the name, or remove it from the TLSCertificate", kind, name, i+1)
}

func challengeType(s v1alpha1.Solver) string {
	if s.DNS01 != nil {
		return challengeDNS01
	}
	return challengeHTTP01
}

// authzError returns what the CA said about an authorization that failed.
func authzError(authz acme.Authorization) string {
	for _, c := range authz.Challenges {
		if c.Error != nil {
			return bound(fmt.Sprintf("%s: %s", c.Type, c.Error.Detail))
		}
	}
	return ""
}

func invalidMessage(live Live) string {
	var failed []string
	for _, authz := range live.Authorizations {
		if authz.Status == acme.StatusValid || authz.Status == acme.StatusPending {
			continue
		}
		text := authz.IdentifierValue() + " is " + authz.Status
		if e := authzError(authz); e != "" {
			text += " (" + e + ")"
		}
		failed = append(failed, text)
	}
	switch {
	case len(failed) > 0:
		return "the CA did not validate all names: " + strings.Join(failed, "; ")
	case live.Order.Error != nil:
		return "the CA refused the order: " + bound(live.Order.Error.Detail)
	}
	return "the CA refused the order without saying why"
}

func expired(order *acme.Order, now time.Time) bool {
	return !order.Expires.IsZero() && !now.Before(order.Expires)
}

// list shows up to three names.
func list(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
