// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
	"github.com/tollgate-dev/tollgate/test/faultproxy"
)

// wholeAttempt is how often the protocol client repeats a request before an attempt counts as failed.
const wholeAttempt = 3

// serverWaits is what the CA asks for in a Retry-After header. It is longer than the controller's own back-off after one failure.
const serverWaits = 8 * time.Second

// ownBackoff is how long the controller waits at least after one failure.
const ownBackoff = 5 * time.Second

// faultCase is one fault. It is switched on when the issuer is ready, before the TLSCertificate exists.
type faultCase struct {
	name     string
	endpoint faultproxy.Endpoint
	fault    faultproxy.Fault
	times    int
	// waits says that the fault makes an attempt fail, so that the next one has a time.
	waits bool
	// retryAt is what the CA asked for: status.nextAttemptTime is that, and not even the same attempt asks for more. It is given
	// when the request came, and when the test has seen status.nextAttemptTime: the controller reckons in between.
	retryAt func(fault, seen time.Time) (from, to time.Time)
	// onDate has the CA ask to wait until a date, so long after the fault is switched on.
	onDate time.Duration
	// second has another TLSCertificate for the same names, made once the first is ready, suffer the fault.
	second bool
	// until ends a fault that goes on until then.
	until func(*faultproxy.Proxy) bool
	// acme is the CA; nil is the sandbox's.
	acme *sandbox.ACME
}

func afterSeconds(fault, seen time.Time) (from, to time.Time) {
	// The API keeps whole seconds, rounded up.
	return fault.Add(serverWaits), seen.Add(serverWaits + time.Second)
}

// faultCases are what can go wrong with each request of an order.
func faultCases(nonces *sandbox.ACME) []faultCase {
	seconds := fmt.Sprint(int(serverWaits.Seconds()))
	cases := []faultCase{
		{name: "lost-once-order", endpoint: faultproxy.NewOrder, fault: faultproxy.Drop(), times: 1},
		{name: "lost-once-finalize", endpoint: faultproxy.Finalize, fault: faultproxy.Drop(), times: 1},
		{name: "limited-order", endpoint: faultproxy.NewOrder, fault: faultproxy.RateLimited(seconds), times: 1, waits: true, retryAt: afterSeconds},
		{name: "limited-order-date", endpoint: faultproxy.NewOrder, times: 1, waits: true, onDate: 30 * time.Second},
		{name: "overloaded-authz", endpoint: faultproxy.Authorization, fault: faultproxy.Unavailable(seconds), times: 1, waits: true, retryAt: afterSeconds},
		{name: "overloaded-chall", endpoint: faultproxy.Challenge, fault: faultproxy.Unavailable(seconds), times: 1, waits: true, retryAt: afterSeconds},
		{name: "limited-finalize", endpoint: faultproxy.Finalize, fault: faultproxy.RateLimited(seconds), times: 1, waits: true, retryAt: afterSeconds},
		{name: "overloaded-cert", endpoint: faultproxy.Certificate, fault: faultproxy.Unavailable(seconds), times: 1, waits: true, retryAt: afterSeconds},
		{name: "down-order", endpoint: faultproxy.NewOrder, fault: faultproxy.Unavailable(""), times: wholeAttempt, waits: true},
		{name: "slow-signing", endpoint: faultproxy.Order, fault: faultproxy.Processing(), times: faultproxy.Always,
			until: func(p *faultproxy.Proxy) bool { return p.Faulted(faultproxy.Order) >= 3 }},
		{name: "replayed-order", endpoint: faultproxy.NewOrder, fault: faultproxy.Replay(), times: 1, second: true},
	}
	for _, e := range []faultproxy.Endpoint{faultproxy.NewOrder, faultproxy.Order, faultproxy.Authorization, faultproxy.Challenge,
		faultproxy.Finalize, faultproxy.Certificate} {
		// Finalize is looked up when its answer is lost: nothing has to wait.
		cases = append(cases, faultCase{name: "lost-" + strings.ToLower(string(e)), endpoint: e, fault: faultproxy.Drop(), times: wholeAttempt,
			waits: e != faultproxy.Finalize})
	}
	for _, e := range []faultproxy.Endpoint{faultproxy.NewOrder, faultproxy.Order, faultproxy.Authorization, faultproxy.Challenge, faultproxy.Finalize} {
		cases = append(cases, faultCase{name: "malformed-" + strings.ToLower(string(e)), endpoint: e, fault: faultproxy.Malformed(), times: 1,
			waits: e != faultproxy.Finalize})
	}
	return append(cases, faultCase{name: "bad-nonces", acme: nonces}) // this one takes longest
}

// TestFaults has everything go wrong between controller and CA that can, at the same time but each with an issuer of its own, and
// then kills the leading of two replicas: one certificate each, the right key, no request before its time, and no restart.
func TestFaults(t *testing.T) {
	c := newCluster(t, sandbox.Options{ACME: true, ControllerManager: true, ACMEEnv: []string{"PEBBLE_WFE_NONCEREJECT=0"}})
	if err := stack.Install(t.Context(), c.sb); err != nil {
		t.Fatal(err)
	}
	leader := startReplicas(t, c)
	f := &faults{space: c.space(t), attempts: watchAttempts(t, c), pairs: watchPairs(t, c)}
	running := f.begin(t, faultCases(startPebble(t, c, "pebble-nonces", "PEBBLE_WFE_NONCEREJECT=90"))...)
	for _, r := range running {
		t.Run(r.name, r.check)
	}
	t.Run("leader-killed", func(t *testing.T) { f.killLeader(t, leader) })
}

// killLeader has the leader hang in each kind of request, with the CA having done what it was asked for, and kills it there.
func (f *faults) killLeader(t *testing.T, leader *sandbox.Process) {
	var cases []faultCase
	for _, e := range []faultproxy.Endpoint{faultproxy.NewOrder, faultproxy.Authorization, faultproxy.Challenge, faultproxy.Finalize, faultproxy.Certificate} {
		cases = append(cases, faultCase{name: "killed-" + strings.ToLower(string(e)), endpoint: e, fault: faultproxy.Hang(), times: 1})
	}
	running := f.begin(t, cases...)
	for _, r := range running {
		eventually(t, "the leader hangs in "+r.name, func(context.Context) (bool, string) {
			return r.proxy.Faulted(r.endpoint) == 1, fmt.Sprint(r.proxy.Requests())
		})
	}
	if err := leader.Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	for _, r := range running {
		t.Run(r.name, r.check)
	}
	t.Logf("all certificates %s after the kill", time.Since(killed).Round(time.Second))
}

// check waits for the certificate of a case, and compares what has happened with what may.
func (r *faultRun) check(t *testing.T) {
	own := *r.space
	own.t, r.space = t, &own
	if r.until != nil {
		eventually(t, "it has gone wrong often enough", func(context.Context) (bool, string) {
			return r.until(r.proxy), fmt.Sprint(r.proxy.Requests())
		})
		r.proxy.Clear()
	}
	names := []string{r.name}
	r.waitReady(r.name)
	if r.second {
		r.proxy.Inject(r.endpoint, r.fault, r.times)
		names = append(names, r.name+"-2")
		r.order(names[1])
		r.waitReady(names[1])
	}
	for _, name := range names {
		r.checkSecret(name)
	}
	if got := issuedFor(t, r.log, r.proxy.Orders()); got != len(names) {
		t.Errorf("the CA issued %d certificates for %d TLSCertificates; orders %v", got, len(names), r.proxy.Orders())
	}
	if r.endpoint != "" && r.proxy.Faulted(r.endpoint) == 0 {
		t.Errorf("nothing went wrong: %v", r.proxy.Requests())
	}
	r.checkTimes(t, r.attemptsOf(r.name))
}

// checkTimes checks that nothing was asked for before status.nextAttemptTime.
func (r *faultRun) checkTimes(t *testing.T, attempts []attempt) {
	requests := r.proxy.Requests()
	if r.waits && len(attempts) == 0 {
		t.Error("status.nextAttemptTime was never set")
	}
	for _, a := range attempts {
		for _, request := range requests {
			if request.At.After(a.seen) && request.At.Before(a.next) {
				t.Errorf("%s was asked for at %s, before status.nextAttemptTime %s", request.Path, request.At.UTC().Format(time.RFC3339Nano), a.next.UTC())
				break
			}
		}
	}
	if r.retryAt == nil || len(attempts) == 0 {
		return
	}
	var fault time.Time
	for _, request := range requests {
		if request.Fault != "" {
			fault = request.At
		} else if !fault.IsZero() && request.At.Before(attempts[0].next) {
			t.Errorf("%s was asked for %s after the CA asked to wait until %s", request.Path, request.At.Sub(fault), attempts[0].next.UTC())
		}
	}
	if from, to := r.retryAt(fault, attempts[0].seen); attempts[0].next.Before(from) || attempts[0].next.After(to) {
		t.Errorf("status.nextAttemptTime is %s, want %s to %s", attempts[0].next.UTC(), from.UTC(), to.UTC())
	}
}
