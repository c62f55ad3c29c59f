// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cycle

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/events"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	kubeschedulerscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"

	_ "github.com/tollgate-dev/tollgate/pkg/apis/config/scheme" // CostScoreArgs and CertGateArgs
	"github.com/tollgate-dev/tollgate/pkg/plugins/certgate"
	"github.com/tollgate-dev/tollgate/pkg/plugins/costscore"
	"github.com/tollgate-dev/tollgate/test/perf/fleet"
)

// Cluster is a scheduler and what it knows of.
type Cluster struct {
	scheduler *scheduler.Scheduler
	feeds     *feeds
	client    *client

	algorithm []int64 // what SchedulePod took, in nanoseconds; see Sample
	evaluated int     // nodes
	judge     *judge
	costScore *costscore.CostScore // nil if the profile does not use it
	stop      context.CancelFunc
}

// maxBatch is how many pods may be scheduled before their bindings are read.
const maxBatch = 1000

// NewCluster starts the scheduler of a KubeSchedulerConfiguration, in YAML. It ends with ctx.
func NewCluster(ctx context.Context, configYAML []byte) (*Cluster, error) {
	obj, _, err := kubeschedulerscheme.Codecs.UniversalDecoder().Decode(configYAML, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the scheduler's configuration: %w", err)
	}
	config, ok := obj.(*schedconfig.KubeSchedulerConfiguration)
	if !ok {
		return nil, fmt.Errorf("reading the scheduler's configuration: it is a %T", obj)
	}
	ctx, stop := context.WithCancel(ctx)
	inner := fake.NewClientset()
	f := newFeeds(inner)
	c := &Cluster{
		feeds: f, stop: stop,
		client: &client{Interface: inner, outcomes: make(chan outcome, maxBatch)},
	}
	c.scheduler, err = scheduler.New(ctx, c.client, f, nil,
		func(string) events.EventRecorder { return noEvents{} },
		scheduler.WithProfiles(config.Profiles...),
		scheduler.WithParallelism(config.Parallelism),
		scheduler.WithPercentageOfNodesToScore(config.PercentageOfNodesToScore),
		scheduler.WithFrameworkOutOfTreeRegistry(frameworkruntime.Registry{certgate.Name: certgate.New, costscore.Name: c.newCostScore}),
	)
	if err != nil {
		stop()
		return nil, fmt.Errorf("building the scheduler: %w", err)
	}
	f.Start(ctx.Done())
	f.WaitForCacheSync(ctx.Done())
	c.observe()
	return c, nil
}

// newCostScore makes the plugin and keeps it, to be asked for costs.
func (c *Cluster) newCostScore(ctx context.Context, args runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
	plugin, err := costscore.New(ctx, args, h)
	if err != nil {
		return nil, err
	}
	c.costScore, _ = plugin.(*costscore.CostScore)
	return plugin, nil
}

// Close ends the scheduler.
func (c *Cluster) Close() { c.stop() }

// Load adds nodes and the pods that are bound to them.
func (c *Cluster) Load(f *fleet.Fleet) error {
	for _, node := range f.Nodes {
		if err := c.feeds.nodes.Add(node); err != nil {
			return fmt.Errorf("adding node %s: %w", node.Name, err)
		}
	}
	for _, pods := range [][]*corev1.Pod{f.Agents, f.Pods} {
		if err := c.Add(pods); err != nil {
			return err
		}
	}
	return nil
}

// Add adds pods. Those that are not bound to a node are queued, unless they are held.
func (c *Cluster) Add(pods []*corev1.Pod) error {
	for _, pod := range pods {
		if err := c.feeds.pods.Add(pod); err != nil {
			return fmt.Errorf("adding pod %s: %w", pod.Name, err)
		}
	}
	return nil
}

// AddStorage adds volumes and their claims, and what the nodes can have of them.
func (c *Cluster) AddStorage(s *fleet.Storage) error {
	for _, volume := range s.Volumes {
		if err := c.feeds.volumes.Add(volume); err != nil {
			return fmt.Errorf("adding volume %s: %w", volume.Name, err)
		}
	}
	for _, claim := range s.Claims {
		if err := c.feeds.claims.Add(claim); err != nil {
			return fmt.Errorf("adding claim %s: %w", claim.Name, err)
		}
	}
	// Nobody listens to these: they are read when they are needed.
	drivers := c.feeds.Storage().V1().CSINodes().Informer().GetStore()
	for _, driver := range s.Drivers {
		if err := drivers.Add(driver); err != nil {
			return fmt.Errorf("adding the drivers of node %s: %w", driver.Name, err)
		}
	}
	return nil
}

// Waiting returns how many pods the queue has ready, and how many it holds.
func (c *Cluster) Waiting() (ready, held int) {
	pending, _ := c.scheduler.SchedulingQueue.PendingPods()
	held = len(c.scheduler.SchedulingQueue.UnschedulablePods())
	return len(pending) - held, held
}

// observe has failures told to the caller, and the algorithm's time written down.
func (c *Cluster) observe() {
	c.scheduler.FailureHandler = func(_ context.Context, _ framework.Framework, info *framework.QueuedPodInfo, status *fwk.Status, _ *fwk.NominatingInfo, _ time.Time) {
		c.scheduler.SchedulingQueue.Done(info.Pod.UID)
		c.client.outcomes <- outcome{pod: info.Pod.Name, err: status.AsError()}
	}
	inner := c.scheduler.SchedulePod
	c.scheduler.SchedulePod = func(ctx context.Context, f framework.Framework, state fwk.CycleState, pod *corev1.Pod) (scheduler.ScheduleResult, error) {
		begin := time.Now()
		result, err := inner(ctx, f, state, pod)
		c.algorithm = append(c.algorithm, time.Since(begin).Nanoseconds())
		c.evaluated += result.EvaluatedNodes
		if c.judge != nil && err == nil {
			c.judge.judge(pod, result.SuggestedHost, f.SnapshotSharedLister())
		}
		return result, err
	}
}
