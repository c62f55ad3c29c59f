// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package placer

import (
	"context"
	"errors"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/features"
	"k8s.io/kubernetes/pkg/scheduler"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/plugins/costscore"
)

// Options are what a Placer works with.
type Options struct {
	// Clock is the time that ages of pods are measured by; nil for the real one.
	Clock clock.PassiveClock
	// Client and Informers are what plugins read other objects from, such as
	// volume claims. The caller starts the informers after New. nil stands for a
	// cluster that has none of these objects.
	Client    kubernetes.Interface
	Informers informers.SharedInformerFactory
}

// Placer is a scheduler for one profile.
type Placer struct {
	clock     clock.PassiveClock
	logger    klog.Logger
	scheduler *scheduler.Scheduler
	framework framework.Framework
	nodes     *nodeInformer
	costScore *costscore.CostScore // nil if the profile does not use it
}

// New builds the scheduler of the first profile of config. It ends with ctx.
func New(ctx context.Context, config *schedconfig.KubeSchedulerConfiguration, o Options) (*Placer, error) {
	if len(config.Profiles) == 0 {
		return nil, errors.New("building the scheduler: the configuration has no profile")
	}
	disableBatching()
	p := &Placer{clock: o.Clock, logger: klog.FromContext(ctx)}
	if p.clock == nil {
		p.clock = clock.RealClock{}
	}
	if o.Client == nil {
		o.Client = fake.NewClientset()
	}
	if o.Informers == nil {
		o.Informers = informers.NewSharedInformerFactory(o.Client, 0)
	}
	factory := newFactory(o.Informers)
	p.nodes = factory.nodes

	profile := config.Profiles[0]
	s, err := scheduler.New(ctx, o.Client, factory, nil,
		func(string) events.EventRecorder { return noEvents{} },
		scheduler.WithProfiles(profile),
		scheduler.WithParallelism(1), // several goroutines would find nodes in any order
		scheduler.WithPercentageOfNodesToScore(config.PercentageOfNodesToScore),
		scheduler.WithFrameworkOutOfTreeRegistry(p.registry()),
	)
	if err != nil {
		return nil, fmt.Errorf("building the scheduler of profile %s: %w", profile.SchedulerName, err)
	}
	p.scheduler = s
	p.framework = s.Profiles[profile.SchedulerName]
	return p, nil
}

// Results of opportunistic batching are kept for half a second of real time,
// which has no meaning here. The gate belongs to the process.
var disableBatching = sync.OnceFunc(func() {
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(map[string]bool{string(features.OpportunisticBatching): false}); err != nil {
		panic(fmt.Sprintf("turning %s off: %v", features.OpportunisticBatching, err)) // a gate that does not exist
	}
})

// AddNode makes a node known. The caller must not change it any more.
func (p *Placer) AddNode(node *corev1.Node) error { return p.nodes.add(node) }

// UpdateNode replaces a node by another of the same name.
func (p *Placer) UpdateNode(node *corev1.Node) error { return p.nodes.update(node) }

// RemoveNode forgets a node. Its pods have to be removed before.
func (p *Placer) RemoveNode(name string) error { return p.nodes.remove(name) }

// AddPod adds a pod that is bound to a node. The caller must not change it any
// more.
func (p *Placer) AddPod(pod *corev1.Pod) error {
	if err := p.scheduler.Cache.AddPod(p.logger, pod); err != nil {
		return fmt.Errorf("adding pod %s: %w", klog.KObj(pod), err)
	}
	return nil
}

// RemovePod removes a pod that was added.
func (p *Placer) RemovePod(pod *corev1.Pod) error {
	if err := p.scheduler.Cache.RemovePod(p.logger, pod); err != nil {
		return fmt.Errorf("removing pod %s: %w", klog.KObj(pod), err)
	}
	return nil
}

// Place returns the node that the scheduler chooses for a pod, without adding
// the pod; "" and the scheduler's reason if there is none.
func (p *Placer) Place(ctx context.Context, pod *corev1.Pod) (node string, reason error, err error) {
	result, err := p.scheduler.SchedulePod(ctx, p.framework, framework.NewCycleState(), pod)
	var fit *framework.FitError
	switch {
	case err == nil:
		return result.SuggestedHost, nil, nil
	case errors.As(err, &fit), errors.Is(err, scheduler.ErrNoNodesAvailable):
		return "", err, nil
	default:
		return "", nil, fmt.Errorf("scheduling pod %s: %w", klog.KObj(pod), err)
	}
}

// Bind returns a copy of the pod as it is once it is bound to the node now. It
// shares with the pod what binding does not change.
func (p *Placer) Bind(pod *corev1.Pod, node string) *corev1.Pod {
	bound := *pod
	bound.Spec.NodeName = node
	now := metav1.NewTime(p.clock.Now())
	bound.Status.Conditions = []corev1.PodCondition{{
		Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: now,
	}}
	bound.Status.StartTime = &now
	return &bound
}
