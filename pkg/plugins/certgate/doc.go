// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package certgate keeps a pod out of the scheduling queue until the TLS Secrets
// that it declares can serve.
//
// # Extension points
//
// PreEnqueue is the gate: a held pod costs no scheduling cycle and gets no
// Unschedulable condition, so that autoscalers buy no node for it. Nothing runs
// between PreEnqueue and the cycle, so PreFilter judges again, and Filter where a
// profile has left PreFilter out. The last look is just before the binding: in
// PreBindPreFlight if nothing can come between the two, else in PreBind. A PreBind plugin
// of others that takes its time should come before CertGate in the profile. All of them ask
// the same function, judge.
//
// # Sources
//
// With source Secrets the plugin watches the Secrets itself, through package
// tlssecrets. With source PodCondition it has no access to Secrets: it trusts the pod
// condition that tollgate-controller writes by the same rules; see package podcondition.
//
// # Waking up
//
// EventsToRegister returns none: a held pod moves only by Activate, or by the
// queue's own flush after five minutes. Three things lead to Activate: new facts
// about a Secret, a changed annotation or TLSReady condition of the pod, and a point in
// time at which a verdict changes by itself. They all go through waker, which calls Activate
// from its own goroutine, or from the pod informer's for a pod that no longer
// declares anything: never with a lock of this package held and never from an
// extension point, since those run under the lock that Activate takes.
//
// # Why no wake-up is lost
//
// judge puts the pod into the waiting index, then reads the pod from the lister,
// then lists its Secrets in the index, then reads their facts. A change that comes
// before a read is seen by the read. A change that comes after it finds the pod in
// the index, and the Activate that follows waits for the queue's lock, that is,
// until the pod is parked where Activate finds it. A pod that is in flight at that
// time is requeued by the queue when it comes back.
//
// A pod that the lister no longer has, or that is bound, is taken out of the index
// again, so that a deletion that overtook PreEnqueue leaves nothing behind.
//
// The framework sets the handle's activator only after New, while the Secrets are
// watched from New on. waker therefore activates only pods from the index, which
// the queue alone fills, and the queue starts after the activator is set.
//
// # Start-up
//
// New waits for nothing. Until the Secrets are listed, declared pods are held with
// the reason NotSynced or SecretsForbidden, and all others flow.
//
// # Telling people
//
// The controller tells people why a pod is held. The plugin itself tells only faults of
// the scheduler's own, and everything about pods on which no controller reports: those
// without a TLSReady condition after ten seconds. Standby replicas run PreEnqueue too, so
// the names of the Events are deterministic and collide; see package podevent.
//
// Each profile that enables the plugin has its own instance, with its own index and
// its own watch of Secrets: profiles share nothing but the metrics.
package certgate
