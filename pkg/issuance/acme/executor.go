// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mholt/acmez/v3/acme"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01"
	"github.com/tollgate-dev/tollgate/pkg/issuance/http01"
)

const (
	// maxSteps bounds how many steps one call of Run takes before it lets others have the worker.
	maxSteps = 25
	// maxOrders bounds how many orders one record may place before the attempt counts as failed.
	maxOrders = 3
	// shortly is when to come back for something that this process itself is about to do.
	shortly = 500 * time.Millisecond
	// firstPoll is when to ask the CA for the first time what came of something. Each time after that is twice as long, until it is as
	// long as Decide says.
	firstPoll = 150 * time.Millisecond
	// dnsFirst and dnsLater are when to ask name servers again: at first, and after patience.
	dnsFirst, dnsLater = 2 * time.Second, 10 * time.Second
	// presentPoll is when to look again whether what leads here is written; mostly the Presenter tells earlier.
	presentPoll = 3 * time.Second
	// reachPoll is when to ask a name again that did not answer.
	reachPoll = 2 * time.Second
	// slotPoll is when to ask again for names that another TLSCertificate is having issued.
	slotPoll = time.Second
)

// Responder answers the CA's requests.
type Responder interface {
	// Serves reports whether the token would be answered now.
	Serves(token string) bool
}

// Presenter leads the CA's requests to the Responder.
type Presenter interface {
	// CheckSolver returns why a solver could not be used, or nil.
	CheckSolver(solver *v1alpha1.HTTP01Solver) error
	// Present leads all challenges to the Responder. http01.ErrNotYet says that it will in a moment.
	Present(ctx context.Context, cert *v1alpha1.TLSCertificate, challenges []http01.Challenge) error
	// Remove ends that.
	Remove(ctx context.Context, cert *v1alpha1.TLSCertificate) error
}

// Reach asks a name for its answer as the CA will.
type Reach interface {
	Probe(ctx context.Context, host, token, keyAuthorization string) error
}

// Executor does what Decide says.
type Executor struct {
	// Reader reads from the API server itself, never from a cache.
	Reader    client.Reader
	Writer    client.Writer
	Clients   *Clients
	Accounts  *Accounts
	Responder Responder
	Presenter Presenter
	Clock     clock.PassiveClock
	// Reach is asked before the CA is, until ReachTimeout after the start of the issuance: from then on the CA is asked
	// all the same, since a cluster may not reach its own names. Nil asks the CA at once.
	Reach        Reach
	ReachTimeout time.Duration
	// DNS01 returns the solver for a spec. Of the issuer, only kind, namespace and name are sure to be there: TXT records are
	// removed also after the issuer is gone. Nil: there is no dns-01.
	DNS01 func(spec *v1alpha1.DNS01Solver, issuer v1alpha1.Issuer, secretNamespace string) (dns01.Solver, error)
	// Checker finds zones, and is asked before the CA is. Nil asks the CA at once.
	Checker Checker
	// Namespace is the controller's own, where the Secrets of ClusterCertIssuers are.
	Namespace string
	// Recorder writes the events of TXT records whose TLSCertificate no longer asks for anything. Nil writes none.
	Recorder events.EventRecorder

	slots slots
	// crash, set by tests, stops the executor after the effect that the argument names.
	crash func(effect string) error
}

// Request is one certificate to be had.
type Request struct {
	Certificate *v1alpha1.TLSCertificate
	Issuer      v1alpha1.Issuer
	// SecretNamespace is where the issuer's Secrets are.
	SecretNamespace string
	// Secret is the target Secret as it was just read from the API server; nil if there is none.
	Secret *corev1.Secret
	// Begun says that a watch knows of an issuance Secret of the certificate, which may be that of an earlier spec.
	Begun bool
	// Notify is told of orders placed and challenges answered; nil tells nobody.
	Notify func(reason, action, message string)
	// Warn is told of what went wrong and does not end the issuance; nil: Notify is.
	Warn func(reason, action, message string)
}

// Reasons that Request.Notify and Request.Warn are told.
const (
	OrderPlaced         = "OrderPlaced"
	ChallengeAnswered   = "ChallengeAnswered"
	PropagationTimedOut = "PropagationTimedOut"
	TXTRecordLeft       = "TXTRecordLeft"
	ChainNotOffered     = "ChainNotOffered"
)

// Progress is how far an issuance has come.
type Progress struct {
	// Issued is the target Secret as written; nil while the issuance goes on.
	Issued *corev1.Secret
	// Reason and Message for condition Issuing.
	Reason, Message string
	// After is when to call Run again.
	After time.Duration
	// Told: OnPresented tells when it is of use to call Run earlier.
	Told bool
	// ACME is the state of the order.
	ACME *v1alpha1.ACMECertificateStatus
}

// task is one call of Run.
type task struct {
	Request
	*Executor
	spec    *v1alpha1.ACMEIssuer
	profile string
	client  *acme.Client
	account acme.Account
	record  *Record
	journal *journal
	live    Live
	run     *run
	status  *v1alpha1.ACMECertificateStatus
	// looked says that live is what the server has said since the last step.
	looked bool
}

// Run takes as many steps as it can without waiting. A refusal or silence of the CA is a *Failure; other errors come
// from the Kubernetes API.
func (e *Executor) Run(ctx context.Context, req Request) (Progress, error) {
	t := &task{Request: req, Executor: e, spec: req.Issuer.GetSpec().ACME, status: &v1alpha1.ACMECertificateStatus{}}
	t.profile = req.Certificate.Spec.Profile
	if t.profile == "" {
		t.profile = t.spec.Profile
	}
	p, err := t.steps(ctx)
	p.ACME = t.status
	var f *Failure
	if p.Issued != nil || errors.As(err, &f) && !f.Transient && (f.unplaced || f.Reason != v1alpha1.ReasonRateLimited) {
		e.Release(client.ObjectKeyFromObject(req.Certificate))
	}
	return p, err
}

// OnPresented has wake called with each TLSCertificate whose issuance may go on since the CA's requests are led here, if the Presenter
// tells of it.
func (e *Executor) OnPresented(wake func(namespace, name string)) {
	if p, ok := e.Presenter.(interface {
		OnPresented(wake func(namespace, name string))
	}); ok {
		p.OnPresented(wake)
	}
}

// Release lets other TLSCertificates order the names that cert held.
func (e *Executor) Release(cert types.NamespacedName) { e.slots.release(cert) }

func (t *task) steps(ctx context.Context) (Progress, error) {
	var err error
	if t.client, err = t.Clients.For(ctx, t.spec); err != nil {
		return Progress{}, err
	}
	if t.account, err = t.Accounts.Get(ctx, t.Issuer, t.SecretNamespace, false); err != nil {
		return Progress{}, err
	}
	holder := client.ObjectKeyFromObject(t.Certificate)
	key := strings.Join(append(identifierStrings(t.Certificate), t.account.Location, t.profile), "\x00")
	var other types.NamespacedName
	if t.run, other = t.slots.acquire(key, holder); t.run == nil {
		return Progress{
			Reason:  v1alpha1.ReasonCreatingOrder,
			Message: fmt.Sprintf("waiting until TLSCertificate %s, which has the same names, has its certificate", other),
			After:   slotPoll,
		}, nil
	}
	if err := t.load(ctx); err != nil {
		return Progress{}, err
	}
	if t.record != nil {
		if err := t.readJournal(ctx); err != nil {
			return Progress{}, err
		}
	}
	log := klog.FromContext(ctx)
	for range maxSteps {
		if !t.looked {
			if err := t.look(ctx); err != nil {
				return Progress{}, err
			}
		}
		t.looked = false
		d := Decide(t.record, t.live, t.Clock.Now())
		log.V(4).Info("Issuing", "step", d.Step, "message", d.Message)
		p, err := t.do(ctx, d)
		if err != nil || p.Issued != nil || p.After > 0 {
			return p, err
		}
	}
	return Progress{Reason: v1alpha1.ReasonCreatingOrder, Message: "going on shortly", After: shortly}, nil
}

// load reads the record, and deletes one that is of no use.
func (t *task) load(ctx context.Context) error {
	s := &corev1.Secret{}
	name := client.ObjectKey{Namespace: t.Certificate.Namespace, Name: RecordName(t.Certificate, t.profile)}
	err := t.Reader.Get(ctx, name, s)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading issuance Secret %s: %w", name, err)
	}
	if s.Type != v1alpha1.IssuanceSecretType {
		return &Failure{Reason: v1alpha1.ReasonFailed, Message: fmt.Sprintf(
			"writing issuance Secret %s: a Secret of that name and of type %q exists and is left alone; delete or rename it", name, s.Type)}
	}
	t.record, err = readRecord(s, t.Certificate)
	if err == nil && t.record.OrderURL != "" && !t.record.sealedBy(t.account.PrivateKey) {
		klog.FromContext(ctx).Info("Not going on with an order that was not placed with the issuer's account key", "secret", name.String())
		t.record.AccountURI = ""
	}
	if err != nil {
		klog.FromContext(ctx).Info("Replacing an issuance Secret that cannot be used", "secret", name.String(), "reason", err.Error())
		return client.IgnoreNotFound(t.Writer.Delete(ctx, s, preconditions(s)))
	}
	return nil
}

// readJournal reads which TXT records there are. Where none can be needed it reads nothing: those that are there were made by solvers
// that the issuer no longer has, and are Sweep's to remove.
func (t *task) readJournal(ctx context.Context) (err error) {
	if !usesDNS(t.spec) {
		return nil
	}
	t.journal, err = readJournal(ctx, t.Reader, t.SecretNamespace, t.Certificate)
	if err == nil && t.record != nil {
		t.record.DNS = t.journal.inUse(t.Issuer, t.account.PrivateKey)
	}
	return err
}

// unknown is what is known before the server is asked.
func (t *task) unknown() Live {
	return Live{Account: t.account.Location, Initiated: t.run.initiated, Solvers: t.spec.Solvers, Labels: t.Certificate.Labels}
}

// look asks the server about the order and, while they matter, its authorizations.
func (t *task) look(ctx context.Context) error {
	t.live = t.unknown()
	if t.record == nil || t.record.OrderURL == "" || t.record.AccountURI != t.account.Location {
		return nil
	}
	t.status.OrderURL = t.record.OrderURL
	var order acme.Order
	err := t.call(ctx, "reading the order", func(ctx context.Context) (err error) {
		order, err = t.client.GetOrder(ctx, t.account, acme.Order{Location: t.record.OrderURL})
		return err
	})
	var f *Failure
	if errors.As(err, &f) && f.Missing {
		return nil
	}
	if err != nil {
		return err
	}
	t.live.Order = &order
	if order.Status != acme.StatusPending && order.Status != acme.StatusInvalid {
		return nil
	}
	return t.lookAtNames(ctx)
}

// lookAtNames asks the server about the authorizations of the order.
func (t *task) lookAtNames(ctx context.Context) error {
	for _, url := range t.live.Order.Authorizations {
		var authz acme.Authorization
		err := t.call(ctx, "reading an authorization", func(ctx context.Context) (err error) {
			authz, err = t.client.GetAuthorization(ctx, t.account, url)
			return err
		})
		if err != nil {
			return err
		}
		t.live.Authorizations = append(t.live.Authorizations, authz)
	}
	t.status.Authorizations = authorizationStatus(t.live)
	return nil
}

// call bounds and classifies one exchange with the server. An account that the server does not know is forgotten, so
// that the next attempt registers it.
func (t *task) call(ctx context.Context, doing string, f func(ctx context.Context) error) error {
	ctx, h, cancel := withHint(ctx)
	defer cancel()
	err := withNonces(ctx, f)
	if err == nil {
		return nil
	}
	failure := classify(t.spec.Server, doing, err, h, t.Clock.Now())
	if failure.UnknownAccount {
		t.Accounts.Forget(t.Issuer, t.account)
		failure.Transient, failure.Reason = true, v1alpha1.ReasonWaitingForIssuer
		failure.Message += "; the account will be registered again"
	}
	return failure
}

func authorizationStatus(live Live) []v1alpha1.AuthorizationStatus {
	var out []v1alpha1.AuthorizationStatus
	for _, a := range live.Authorizations {
		// The API refuses a list with the same key twice.
		if slices.ContainsFunc(out, func(s v1alpha1.AuthorizationStatus) bool { return s.Identifier == a.IdentifierValue() }) {
			continue
		}
		status := v1alpha1.AuthorizationStatus{Identifier: a.IdentifierValue(), State: a.Status, Message: authzError(a)}
		if i, err := Choose(live.Solvers, live.Labels, status.Identifier); err == nil {
			status.Type = challengeType(live.Solvers[i])
		}
		out = append(out, status)
	}
	return out
}
