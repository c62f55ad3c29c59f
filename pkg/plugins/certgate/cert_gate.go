// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"context"
	"fmt"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/apis/config/validation"
	"github.com/tollgate-dev/tollgate/pkg/declare"
)

const (
	// Name of the plugin used in the plugin registry and configurations.
	Name = "CertGate"

	// preFilterStateKey is the key in CycleState under which PreFilter leaves its word.
	preFilterStateKey = "PreFilter" + Name
)

// CertGate holds pods until the TLS Secrets that they declare can serve.
type CertGate struct {
	logger  klog.Logger
	clock   clock.PassiveClock
	handle  fwk.Handle
	exempt  declare.Exemptions
	pods    corelisters.PodLister
	source  source
	waiting *waiting
	waker   *waker
	teller  *teller
	others  func() bool // see othersBeforeBinding
}

var (
	_ fwk.PreEnqueuePlugin  = &CertGate{}
	_ fwk.EnqueueExtensions = &CertGate{}
	_ fwk.PreFilterPlugin   = &CertGate{}
	_ fwk.FilterPlugin      = &CertGate{}
	_ fwk.PreBindPlugin     = &CertGate{}
	_ fwk.SignPlugin        = &CertGate{}
)

// Name returns the name of the plugin.
func (pl *CertGate) Name() string {
	return Name
}

// PreEnqueue holds a pod whose declared Secrets cannot serve. It runs under the queue's lock.
func (pl *CertGate) PreEnqueue(_ context.Context, pod *v1.Pod) *fwk.Status {
	if !pl.exempt.Gated(pod) {
		return nil
	}
	return pl.judge(pod, fwk.UnschedulableAndUnresolvable)
}

// EventsToRegister registers nothing: held pods are woken by Activate.
func (pl *CertGate) EventsToRegister(context.Context) ([]fwk.ClusterEventWithHint, error) {
	return nil, nil
}

// preFilterState says that PreFilter has judged the pod in this cycle.
type preFilterState struct{}

// Clone returns the state itself: it is immutable.
func (s preFilterState) Clone() fwk.StateData {
	return s
}

// PreFilter rejects a pod whose Secrets became unusable since PreEnqueue.
func (pl *CertGate) PreFilter(_ context.Context, state fwk.CycleState, pod *v1.Pod, _ []fwk.NodeInfo) (*fwk.PreFilterResult, *fwk.Status) {
	if !pl.exempt.Gated(pod) {
		return nil, fwk.NewStatus(fwk.Skip)
	}
	if status := pl.judge(pod, fwk.UnschedulableAndUnresolvable); status != nil {
		return nil, status
	}
	state.Write(preFilterStateKey, preFilterState{})
	return nil, nil
}

// PreFilterExtensions returns nil: the verdict does not depend on other pods.
func (pl *CertGate) PreFilterExtensions() fwk.PreFilterExtensions {
	return nil
}

// Filter judges the pod if PreFilter has not.
func (pl *CertGate) Filter(_ context.Context, state fwk.CycleState, pod *v1.Pod, _ fwk.NodeInfo) *fwk.Status {
	if !pl.exempt.Gated(pod) {
		return nil
	}
	if _, err := state.Read(preFilterStateKey); err == nil {
		return nil
	}
	return pl.judge(pod, fwk.UnschedulableAndUnresolvable)
}

// PreBindPreFlight judges the pod where nothing comes between it and the binding, so that
// PreBind need not: for each pod with a PreBind to come the framework writes the name of the
// node into the pod's status first. A pod that waits for volumes, claims, a permit or another
// plugin is left to PreBind, and so is one whose Secrets are not usable.
func (pl *CertGate) PreBindPreFlight(_ context.Context, _ fwk.CycleState, pod *v1.Pod, _ string) *fwk.Status {
	if !pl.exempt.Gated(pod) || !pl.waits(pod) && pl.judge(pod, fwk.Unschedulable) == nil {
		return fwk.NewStatus(fwk.Skip)
	}
	return nil
}

// PreBind judges the pod by the facts at the time of binding.
func (pl *CertGate) PreBind(_ context.Context, _ fwk.CycleState, pod *v1.Pod, _ string) *fwk.Status {
	if !pl.exempt.Gated(pod) {
		return nil
	}
	return pl.judge(pod, fwk.Unschedulable)
}

// New returns the plugin and starts watching Secrets until ctx ends. It waits for nothing,
// and fails only on invalid args.
func New(ctx context.Context, args runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
	pl, err := newPlugin(ctx, args, h, clock.RealClock{})
	if err != nil {
		return nil, err
	}
	return pl, nil
}

func newPlugin(ctx context.Context, obj runtime.Object, h fwk.Handle, clk clock.WithTicker) (*CertGate, error) {
	args, ok := obj.(*config.CertGateArgs)
	if !ok {
		return nil, fmt.Errorf("want args to be of type CertGateArgs, got %T", obj)
	}
	if err := validation.ValidateCertGateArgs(nil, args); err != nil {
		return nil, fmt.Errorf("validating CertGateArgs: %w", err)
	}
	registerMetrics()
	client, err := ownClient(h)
	if err != nil {
		return nil, err
	}
	logger := klog.LoggerWithName(klog.FromContext(ctx), Name)
	pl := &CertGate{
		logger:  logger,
		clock:   clk,
		handle:  h,
		exempt:  declare.Exemptions{Namespaces: args.ExemptNamespaces, PriorityClasses: args.ExemptPriorityClasses},
		waiting: newWaiting(observeHeld),
		others:  othersBeforeBinding(h),
	}
	pl.waker = newWaker(logger, clk, pl.waiting, h)
	pl.teller = newTeller(logger, clk, client, pl.untold)
	if err := pl.watch(klog.NewContext(ctx, logger), h.SharedInformerFactory(), client, clk, args); err != nil {
		return nil, err
	}
	return pl, nil
}
