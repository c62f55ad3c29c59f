// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package deadlock finds pods that are held for a certificate which cannot be issued without them: the pods of
// the ingress or Gateway through which the CA validates its names over http-01. It tells both sides.
package deadlock

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// period is the time between two looks. With patience it is within a minute that a deadlock is found.
const period = 15 * time.Second

// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=services,verbs=list
// +kubebuilder:rbac:groups=networking.k8s.io,resources=ingresses;ingressclasses,verbs=list
// +kubebuilder:rbac:groups=tollgate.dev,resources=tlscertificates;certissuers;clustercertissuers,verbs=list;watch
// +kubebuilder:rbac:groups=tollgate.dev,resources=tlscertificates/status,verbs=patch
// +kubebuilder:rbac:groups="";events.k8s.io,resources=events,verbs=create;patch

// Secrets judges the Secrets of a declaration; tlssecrets.Source does.
type Secrets interface {
	Evaluate(namespace string, d declare.Declaration, now time.Time) tlsready.Verdict
}

// Options of the detector.
type Options struct {
	// Secrets judges the Secrets that pods declare. Required.
	Secrets Secrets
	// Waiting returns, from the manager's cache, at least all pods that are held; they are not changed. Nil stands for
	// all pods, which costs more.
	Waiting func(ctx context.Context, reader client.Reader) ([]corev1.Pod, error)
	// Exempt are the pods that are never held.
	Exempt declare.Exemptions
	// Clock gives the times of looks and conditions. Required.
	Clock clock.WithTicker
}

// Detector looks for deadlocks every 15 seconds. Of and OnChange may be called by several goroutines.
type Detector struct {
	reader   *reader
	writer   client.StatusClient
	recorder events.EventRecorder
	clock    clock.WithTicker

	// The condition of the TLSCertificates that ever had it, as it was written last or else first seen; used by the
	// looking goroutine alone.
	known map[types.UID]metav1.Condition

	mu        sync.RWMutex
	pods      map[types.NamespacedName]string
	listeners []func(types.NamespacedName)
}

var (
	_ manager.Runnable               = (*Detector)(nil)
	_ manager.LeaderElectionRunnable = (*Detector)(nil)
)

// Add adds a detector to the manager. The manager's cache may hold pods trimmed to what package declare reads;
// what else is needed of them is read from the API server.
func Add(mgr manager.Manager, o Options) (*Detector, error) {
	if o.Secrets == nil || o.Clock == nil {
		return nil, errors.New("adding the deadlock detector: set Options.Secrets and Options.Clock")
	}
	d := newDetector(mgr.GetClient(), mgr.GetAPIReader(), mgr.GetEventRecorder("tollgate-controller"), o)
	if err := mgr.Add(d); err != nil {
		return nil, fmt.Errorf("adding the deadlock detector: %w", err)
	}
	return d, nil
}

func newDetector(cached client.Client, live client.Reader, recorder events.EventRecorder, o Options) *Detector {
	if o.Waiting == nil {
		o.Waiting = allPods
	}
	return &Detector{
		reader:   &reader{cache: cached, live: live, secrets: o.Secrets, waiting: o.Waiting, exempt: o.Exempt},
		writer:   cached,
		recorder: recorder,
		clock:    o.Clock,
		known:    map[types.UID]metav1.Condition{},
	}
}

// Of returns why the pod is part of a deadlock and what to do; empty if it is in none. The text is stable.
func (d *Detector) Of(pod types.NamespacedName) string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.pods[pod]
}

// OnChange registers a function that is called after each change of what Of returns for a pod. It is called
// without locks held and must return soon.
func (d *Detector) OnChange(f func(types.NamespacedName)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.listeners = append(d.listeners, f)
}

// NeedLeaderElection implements manager.LeaderElectionRunnable: one replica looks and writes.
func (*Detector) NeedLeaderElection() bool { return true }

// Start looks until ctx is done. What fails is logged and tried again at the next look; what was found stays.
func (d *Detector) Start(ctx context.Context) error {
	log := klog.LoggerWithName(klog.FromContext(ctx), "deadlock")
	ctx = klog.NewContext(ctx, log)
	ticker := d.clock.NewTicker(period)
	defer ticker.Stop()
	for {
		if err := d.look(ctx); err != nil && ctx.Err() == nil {
			log.Error(err, "Looking for deadlocks; trying again", "after", period)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C():
		}
	}
}

// look finds what is deadlocked now and tells it.
func (d *Detector) look(ctx context.Context) error {
	now := d.clock.Now()
	certs, waiting, err := d.reader.certificates(ctx, now, d.found)
	if err != nil {
		return err
	}
	in, err := d.reader.inputs(ctx, waiting, now)
	if err != nil {
		return err
	}
	result := Decide(in)
	err = d.write(ctx, certs, result)
	d.tell(result.Pods)
	return err
}

// tell makes Of return the new messages.
func (d *Detector) tell(pods map[types.NamespacedName]string) {
	d.mu.Lock()
	before, listeners := d.pods, d.listeners
	d.pods = pods
	d.mu.Unlock()
	changed := map[types.NamespacedName]bool{}
	for pod, message := range pods {
		changed[pod] = before[pod] != message
	}
	for pod := range before {
		changed[pod] = before[pod] != pods[pod]
	}
	for _, pod := range slices.SortedFunc(maps.Keys(changed), compareNames) {
		if !changed[pod] {
			continue
		}
		for _, f := range listeners {
			f(pod)
		}
	}
}
