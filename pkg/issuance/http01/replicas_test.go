// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

var start = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// fleet is a controller with several replicas and one API server.
type fleet struct {
	*testing.T
	client client.WithWatch
	clock  *clocktesting.FakeClock
}

func newFleet(t *testing.T) *fleet {
	return &fleet{T: t, client: fake.NewClientBuilder().Build(), clock: clocktesting.NewFakeClock(start)}
}

// replica is one whose clock is off by skew.
func (f *fleet) replica(addresses string, skew time.Duration) *Replicas {
	return &Replicas{
		Reader: f.client, Writer: f.client, Namespace: "tollgate-system", AdvertiseAddress: addresses,
		Port: func() int32 { return 8089 }, Clock: skewed{f.clock, skew},
	}
}

// skewed is a clock that is off.
type skewed struct {
	*clocktesting.FakeClock
	by time.Duration
}

func (s skewed) Now() time.Time { return s.FakeClock.Now().Add(s.by) }

func (f *fleet) beat(replicas ...*Replicas) {
	f.Helper()
	for _, r := range replicas {
		if err := r.beat(f.Context()); err != nil {
			f.Fatal(err)
		}
	}
}

// run lets time pass in heartbeats.
func (f *fleet) run(d time.Duration, replicas ...*Replicas) {
	f.Helper()
	for ; d > 0; d -= heartbeat {
		f.clock.Step(min(d, heartbeat))
		f.beat(replicas...)
	}
}

func (f *fleet) want(r *Replicas, addresses ...string) {
	f.Helper()
	live, err := r.Live(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	var got []string
	for _, l := range live {
		got = append(got, strings.Trim(fmt.Sprint(l.Addresses), "[]"))
	}
	if diff := cmp.Diff(addresses, got); diff != "" {
		f.Errorf("%s sees (-want, +got):\n%s", r.AdvertiseAddress, diff)
	}
}

// entries are those in the Lease, alive or not.
func (f *fleet) entries() []string {
	f.Helper()
	var lease coordinationv1.Lease
	if err := f.client.Get(f.Context(), client.ObjectKey{Namespace: "tollgate-system", Name: ReplicasLease}, &lease); err != nil {
		f.Fatal(err)
	}
	var got []string
	for _, e := range parseEntries(lease.Annotations[replicasAnnotation]) {
		got = append(got, e.Addresses)
	}
	return got
}

func TestReplicasSeeEachOther(t *testing.T) {
	f := newFleet(t)
	a, b := f.replica("192.0.2.1,2001:db8::1", 0), f.replica("192.0.2.2", 0)
	f.want(a) // no Lease yet
	f.beat(a)
	f.want(b, "192.0.2.1 2001:db8::1")
	f.beat(b)
	for range 2 {
		f.want(a, "192.0.2.1 2001:db8::1", "192.0.2.2")
		f.want(b, "192.0.2.1 2001:db8::1", "192.0.2.2")
		f.run(5*time.Minute, a, b)
	}
}

// TestOneReplicaDies and is forgotten by the other, which may take over at any time.
func TestOneReplicaDies(t *testing.T) {
	f := newFleet(t)
	a, b := f.replica("192.0.2.1", 0), f.replica("192.0.2.2", 0)
	f.beat(a, b)
	f.run(time.Minute, a, b)
	f.run(expiry-heartbeat, b) // a has died
	f.want(b, "192.0.2.1", "192.0.2.2")
	f.run(heartbeat, b)
	f.want(b, "192.0.2.2")
	f.run(heartbeat, b)
	if diff := cmp.Diff([]string{"192.0.2.2"}, f.entries()); diff != "" {
		t.Errorf("entries (-want, +got):\n%s", diff)
	}
	a = f.replica("192.0.2.1", 0) // it comes back
	f.beat(a)
	f.want(b, "192.0.2.1", "192.0.2.2")
}

// TestReplicaThatSawNobodyDie starts after the others have died.
func TestReplicaThatSawNobodyDie(t *testing.T) {
	f := newFleet(t)
	f.beat(f.replica("192.0.2.1", 0))
	f.clock.Step(expiry)
	b := f.replica("192.0.2.2", 0)
	f.want(b)
	f.beat(b)
	f.want(b, "192.0.2.2")
	f.run(expiry+heartbeat, b)
	if diff := cmp.Diff([]string{"192.0.2.2"}, f.entries()); diff != "" {
		t.Errorf("entries (-want, +got):\n%s", diff)
	}
}

func TestClocksMayDiffer(t *testing.T) {
	for _, skew := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		t.Run(skew.String(), func(t *testing.T) {
			f := newFleet(t)
			a, b := f.replica("192.0.2.1", skew), f.replica("192.0.2.2", 0)
			f.beat(a, b)
			f.run(heartbeat, a, b) // one sign of life is enough
			f.want(a, "192.0.2.1", "192.0.2.2")
			f.want(b, "192.0.2.1", "192.0.2.2")
			f.run(5*time.Minute, a, b)
			f.want(b, "192.0.2.1", "192.0.2.2")
			f.run(expiry+heartbeat, b)
			f.want(b, "192.0.2.2")
		})
	}
}

func TestReplicaThatDoesNotAnswer(t *testing.T) {
	f := newFleet(t)
	ready, port := false, int32(0)
	a := f.replica("192.0.2.1", 0)
	a.Ready, a.Port = func() bool { return ready }, func() int32 { return port }
	other := f.replica("192.0.2.2", 0)
	noAddress := f.replica("", 0)
	f.beat(a, other, noAddress)
	f.want(a, "192.0.2.2")
	port = 8089
	f.beat(a)
	f.want(other, "192.0.2.2")
	ready = true
	f.beat(a)
	f.want(noAddress, "192.0.2.1", "192.0.2.2")
}

// TestStartAndEnd runs a replica in real goroutines: it publishes itself once it listens, and leaves when it ends.
func TestStartAndEnd(t *testing.T) {
	f := newFleet(t)
	a := f.replica("192.0.2.1", 0)
	var mu sync.Mutex
	port := int32(0)
	a.Port = func() int32 { mu.Lock(); defer mu.Unlock(); return port }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Start(ctx) }()
	b := f.replica("192.0.2.2", 0)
	await := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal(what)
			}
		}
	}
	await("it waits for its listener", f.clock.HasWaiters)
	f.want(b)
	mu.Lock()
	port = 8089
	mu.Unlock()
	f.clock.Step(soon)
	await("it publishes itself", func() bool {
		live, err := b.Live(t.Context())
		return err == nil && len(live) == 1
	})
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Start: %v", err)
	}
	if got := f.entries(); len(got) > 0 {
		t.Errorf("entries after the end: %v", got)
	}
	f.want(b)
}

// TestConcurrentWrites has another replica write between each read and write.
func TestConcurrentWrites(t *testing.T) {
	f := newFleet(t)
	a, b := f.replica("192.0.2.1", 0), f.replica("192.0.2.2", 0)
	f.beat(b)
	once := sync.OnceFunc(func() { f.clock.Step(time.Second); f.beat(b) })
	a.Reader = interceptor.NewClient(f.client, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			err := c.Get(ctx, key, obj, opts...)
			once()
			return err
		},
	})
	f.beat(a)
	f.want(b, "192.0.2.1", "192.0.2.2")

	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "leases"}, ReplicasLease, errors.New("changed"))
	writes := 0
	a.Writer = interceptor.NewClient(f.client, interceptor.Funcs{
		Update: func(context.Context, client.WithWatch, client.Object, ...client.UpdateOption) error {
			writes++
			return conflict
		},
	})
	if err := a.beat(t.Context()); !errors.Is(err, conflict) || writes != maxTries {
		t.Errorf("%d writes, then %v", writes, err)
	}
}

func TestEntriesThatCannotBeRead(t *testing.T) {
	const good = `{"addresses":"192.0.2.1","port":8089,"renewed":"2026-11-20T10:00:00Z"}`
	for text, want := range map[string]int{
		"": 0, "x": 0, "{}": 0, "null": 0, "[]": 0,
		"[" + good + "]":        1,
		"[" + good + ",1,null]": 1,
		`[{"addresses":"127.0.0.1","port":8089,"renewed":"2026-11-20T10:00:00Z"},` + good + "]": 1,
		`[{"addresses":"192.0.2.1","port":0,"renewed":"2026-11-20T10:00:00Z"}]`:                 0,
		`[{"addresses":"192.0.2.1","port":70000,"renewed":"2026-11-20T10:00:00Z"}]`:             0,
		`[{"addresses":"192.0.2.1","port":8089,"renewed":"yesterday"}]`:                         0,
		"[" + strings.Join(slices.Repeat([]string{good}, maxReplicas+1), ",") + "]":             maxReplicas,
		`[{"addresses":"192.0.2.1,192.0.2.2","port":8089,"renewed":"2026-11-20T10:00:00Z"}]`:    0,
		`[{"addresses":"192.0.2.1,2001:db8::1","port":8089,"renewed":"2026-11-20T10:00:00Z"}]`:  1,
	} {
		if got := parseEntries(text); len(got) != want {
			t.Errorf("parseEntries(%s) = %v, want %d", text, got, want)
		}
	}
}

func FuzzParseEntries(f *testing.F) {
	f.Add(`[{"addresses":"192.0.2.1,2001:db8::1","port":8089,"renewed":"2026-11-20T10:00:00Z"}]`)
	f.Fuzz(func(t *testing.T, text string) {
		entries := parseEntries(text)
		for _, e := range entries {
			if r, err := e.replica(); err != nil || len(r.Addresses) == 0 {
				t.Errorf("entry %+v: %v", e, err)
			}
		}
		out, err := formatEntries(entries)
		if err != nil {
			t.Fatal(err)
		}
		if again := parseEntries(out); len(again) != len(entries) {
			t.Errorf("%s became %s", text, out)
		}
	})
}

// TestNothingIsToldForNothing: an idle controller writes nothing.
func TestNothingIsToldForNothing(t *testing.T) {
	f := newFleet(t)
	a, b := f.replica("10.0.0.7", 0), f.replica("10.0.0.8", 0)
	needed := false
	for _, r := range []*Replicas{a, b} {
		r.Needed = func() bool { return needed }
	}
	f.run(time.Hour, a, b)
	if err := f.client.Get(t.Context(), client.ObjectKey{Namespace: "tollgate-system", Name: ReplicasLease}, &coordinationv1.Lease{}); !apierrors.IsNotFound(err) {
		t.Errorf("the Lease was written for nothing: %v", err)
	}
	needed = true
	f.run(heartbeat, a, b)
	f.want(a, "10.0.0.7", "10.0.0.8")
	// What was told an hour ago says nothing of now.
	needed = false
	f.run(time.Hour, a, b)
	f.want(a)
	needed = true
	f.run(heartbeat, b, a)
	f.want(b, "10.0.0.7", "10.0.0.8")
}
