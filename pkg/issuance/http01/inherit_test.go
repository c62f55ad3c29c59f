// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// crashed is a process that ended while a, which shares its objects, and b had orders.
func crashed(t *testing.T) *sharing {
	t.Helper()
	s := newSharing(t)
	s.want("a", ErrNotYet)
	s.want("b", ErrNotYet)
	s.flushed(0)
	s.there("a: a b")
	s.start()
	return s
}

// TestNothingIsTakenAwayAfterACrash: what leads to the answers stays until everybody has said what they need, for a while.
func TestNothingIsTakenAwayAfterACrash(t *testing.T) {
	s := crashed(t)
	before := s.writes
	s.want("b", ErrNotYet)
	s.flushed(time.Second)
	s.there("a: a b")
	s.want("a", ErrNotYet)
	s.flushed(0)
	s.there("a: a b")
	s.want("a", nil)
	s.want("b", nil)
	if s.writes != before {
		t.Errorf("%d writes, want none: all was there", s.writes-before)
	}

	s = crashed(t)
	s.want("b", ErrNotYet)
	s.flushed(begun)
	s.want("b", nil) // a does not come back
}

// TestWhoIsDoneTakesNothingFromOthers: a ended before the crash, but b's answer is found by a's objects.
func TestWhoIsDoneTakesNothingFromOthers(t *testing.T) {
	s := crashed(t)
	delete(s.orders, "uid-a")
	k := &Keeper{Objects: s.Objects, Orders: s.orders, Clock: s.clk}
	lookOnce(t, k)
	s.there("a: a b")
	s.want("b", ErrNotYet)
	s.flushed(0)
	s.there("a: b")
	lookOnce(t, k)
	s.there("a: b")
	s.ended("b")
	s.flushed(together)
	s.there()
}

// TestSweepAfterTheLastAnswer: what was kept for others goes with them.
func TestSweepAfterTheLastAnswer(t *testing.T) {
	s := crashed(t)
	delete(s.orders, "uid-a")
	k := &Keeper{Objects: s.Objects, Orders: s.orders, Clock: s.clk}
	lookOnce(t, k)
	s.there("a: a b")
	delete(s.orders, "uid-b")
	s.clk.Step(heartbeat)
	lookOnce(t, k)
	s.there()
}

// TestOrdersThatEndAfterACrash were presented by the process of before.
func TestOrdersThatEndAfterACrash(t *testing.T) {
	s := crashed(t)
	s.ended("a")
	s.want("b", ErrNotYet)
	s.flushed(0)
	s.there("a: b")
	s.ended("b")
	s.flushed(2 * heartbeat)
	s.there()
}

// TestObjectsOfTheirOwn are not taken over from an issuance that has not said yet what it needs.
func TestObjectsOfTheirOwn(t *testing.T) {
	s := newSharing(t)
	held := s.certOf("held")
	if err := s.presentNow(t.Context(), held, []Challenge{{Host: "held.example.com", Token: "uid-held"}}); err != nil {
		t.Fatal(err)
	}
	s.want("a", ErrNotYet)
	s.flushed(begun)
	s.there("a: a", "held: held")
	var services corev1.ServiceList
	if err := s.c.List(t.Context(), &services, client.InNamespace("shop")); err != nil || len(services.Items) != 2 {
		t.Errorf("%d Services, %v", len(services.Items), err)
	}
}
