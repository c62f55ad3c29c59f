// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	internalcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/nodevolumelimits"
	fwkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	schedmetrics "k8s.io/kubernetes/pkg/scheduler/metrics"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	_ "github.com/tollgate-dev/tollgate/pkg/apis/config/scheme"
)

func init() {
	schedmetrics.Register()
}

var testNow = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

// cluster is a scheduler's framework with the shipped tollgate profile, all of
// upstream's plugins and a snapshot of some nodes and pods.
type cluster struct {
	framework.Framework
	plugin   *CostScore
	snapshot *internalcache.Snapshot
	recorder *events.FakeRecorder
	client   *fake.Clientset
	clock    *clocktesting.FakePassiveClock
	// activator counts what the plugin activates.
	activator fakeActivator
	nominator fakeNominator
}

// fakeNominator has pods that are nominated to nodes, by node.
type fakeNominator struct {
	fwk.PodNominator
	pods map[string][]fwk.PodInfo
}

func (n *fakeNominator) NominatedPodsForNode(node string) []fwk.PodInfo { return n.pods[node] }

type fakeActivator struct {
	mu   sync.Mutex
	pods []string
}

func (a *fakeActivator) Activate(_ klog.Logger, pods map[string]*v1.Pod) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range pods {
		a.pods = append(a.pods, p.Name)
	}
}

func (a *fakeActivator) activated() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.pods)
}

// newCluster builds the framework; changes to the arguments of CostScore may
// be given. Its informers do not run: their stores have the nodes, which the
// plugin has heard of.
func newCluster(t testing.TB, nodes []*v1.Node, pods []*v1.Pod, change ...func(*config.CostScoreArgs)) *cluster {
	t.Helper()
	return newClusterOf(t, nodes, pods, func(*schedconfig.KubeSchedulerProfile) {}, change...)
}

// newClusterOf is newCluster with a change to the profile.
func newClusterOf(t testing.TB, nodes []*v1.Node, pods []*v1.Pod, changeProfile func(*schedconfig.KubeSchedulerProfile), change ...func(*config.CostScoreArgs)) *cluster {
	t.Helper()
	profile := tollgateProfile(t, change...)
	changeProfile(profile)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)

	c := &cluster{
		snapshot: internalcache.NewSnapshot(pods, nodes),
		recorder: events.NewFakeRecorder(100),
		client:   fake.NewClientset(),
		clock:    clocktesting.NewFakePassiveClock(testNow),
	}
	registry := plugins.NewInTreeRegistry()
	if err := registry.Register(Name, func(ctx context.Context, args runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
		plugin, err := NewWithClock(c.clock)(ctx, args, h)
		if err != nil {
			return nil, err
		}
		c.plugin = plugin.(*CostScore)
		c.plugin.activator = &c.activator
		return plugin, nil
	}); err != nil {
		t.Fatalf("registering: %v", err)
	}

	informerFactory := informers.NewSharedInformerFactory(c.client, 0)
	feedStorage(informerFactory)
	f, err := fwkruntime.NewFramework(ctx, registry, profile,
		fwkruntime.WithClientSet(c.client),
		fwkruntime.WithInformerFactory(informerFactory),
		fwkruntime.WithEventRecorder(c.recorder),
		fwkruntime.WithSnapshotSharedLister(c.snapshot),
		fwkruntime.WithPodNominator(&c.nominator),
		fwkruntime.WithSharedDRAManager(newDRAManager(ctx, t, informerFactory)),
		fwkruntime.WithSharedCSIManager(nodevolumelimits.NewCSIManager(informerFactory.Storage().V1().CSINodes().Lister())),
	)
	if err != nil {
		t.Fatalf("creating the framework: %v", err)
	}
	c.Framework = f
	for _, n := range nodes {
		c.add(t, n)
	}
	return c
}

// add has the informer's store and the plugin know a node. The snapshot stays.
func (c *cluster) add(t testing.TB, n *v1.Node) {
	t.Helper()
	informer := c.SharedInformerFactory().Core().V1().Nodes()
	if err := informer.Informer().GetStore().Add(n); err != nil {
		t.Fatal(err)
	}
	if c.plugin != nil {
		c.plugin.nodeHandler().OnAdd(n, false)
	}
}

// update is add for a node that has changed.
func (c *cluster) update(t testing.TB, oldNode, newNode *v1.Node) {
	t.Helper()
	informer := c.SharedInformerFactory().Core().V1().Nodes()
	if err := informer.Informer().GetStore().Update(newNode); err != nil {
		t.Fatal(err)
	}
	c.plugin.nodeHandler().OnUpdate(oldNode, newNode)
}

// remove tells the plugin of a deletion by an event of the informer.
func (c *cluster) remove(t testing.TB, n *v1.Node, event any) {
	t.Helper()
	informer := c.SharedInformerFactory().Core().V1().Nodes()
	if err := informer.Informer().GetStore().Delete(n); err != nil {
		t.Fatal(err)
	}
	c.plugin.nodeHandler().OnDelete(event)
}

// tollgateProfile is the shipped one without CertGate, which holds pods before
// they reach any of the extension points of this plugin.
func tollgateProfile(t testing.TB, change ...func(*config.CostScoreArgs)) *schedconfig.KubeSchedulerProfile {
	t.Helper()
	cfg, err := options.LoadConfigFromFile(klog.Background(), "../../../config/scheduler/beside.yaml")
	if err != nil {
		t.Fatalf("loading the configuration: %v", err)
	}
	profile := &cfg.Profiles[0]
	profile.Plugins.MultiPoint.Enabled = slices.DeleteFunc(profile.Plugins.MultiPoint.Enabled, func(p schedconfig.Plugin) bool { return p.Name == "CertGate" })
	profile.PluginConfig = slices.DeleteFunc(profile.PluginConfig, func(c schedconfig.PluginConfig) bool { return c.Name == "CertGate" })
	for _, c := range profile.PluginConfig {
		if args, ok := c.Args.(*config.CostScoreArgs); ok {
			for _, f := range change {
				f(args)
			}
		}
	}
	return profile
}

// placement is what the framework says about one pod.
type placement struct {
	// best are the nodes with the highest total, sorted by name.
	best []string
	// costScores are CostScore's normalized scores; nil if it was skipped.
	costScores map[string]int64
	// rejected are the reasons by node.
	rejected map[string]string
	// found is the node that the index has for the pod; "" if all have to be
	// compared. It is always one of best.
	found string
}

// place runs one scheduling cycle up to the choice of the node, with all nodes
// even if PreFilter leaves one only, and checks that this is one of the best.
// order puts the feasible nodes in the order in which they are scored.
func (c *cluster) place(t testing.TB, pod *v1.Pod, order ...func([]fwk.NodeInfo)) placement {
	t.Helper()
	ctx := context.Background()
	state := framework.NewCycleState()
	result := placement{rejected: map[string]string{}}
	all, err := c.snapshot.List()
	if err != nil {
		t.Fatalf("listing nodes: %v", err)
	}
	prefiltered, status, _ := c.RunPreFilterPlugins(ctx, state, pod)
	if c.plugin != nil && c.plugin.handed.pod.Load() != nil { // until Filter is called
		if result.found = c.plugin.handed.node; !prefiltered.NodeNames.Equal(sets.New(result.found)) {
			t.Errorf("the index has node %s, PreFilter leaves %v", result.found, prefiltered.NodeNames)
		}
	}
	if !status.IsSuccess() {
		for _, n := range all {
			result.rejected[n.Node().Name] = status.Message()
		}
		return result
	}
	var feasible []fwk.NodeInfo
	for _, n := range all {
		if status := c.RunFilterPlugins(ctx, state, pod, n); !status.IsSuccess() {
			result.rejected[n.Node().Name] = status.Message()
			continue
		}
		feasible = append(feasible, n)
	}
	for _, f := range order {
		f(feasible)
	}
	if status := c.RunPreScorePlugins(ctx, state, pod, feasible); !status.IsSuccess() {
		t.Fatalf("PreScore: %v", status.AsError())
	}
	scores, status := c.RunScorePlugins(ctx, state, pod, feasible)
	if !status.IsSuccess() {
		t.Fatalf("Score: %v", status.AsError())
	}
	highest := int64(-1)
	for _, node := range scores {
		if node.TotalScore > highest {
			highest, result.best = node.TotalScore, nil
		}
		if node.TotalScore == highest {
			result.best = append(result.best, node.Name)
		}
		for _, s := range node.Scores {
			if s.Name == Name {
				if result.costScores == nil {
					result.costScores = map[string]int64{}
				}
				result.costScores[node.Name] = s.Score / 1000 // its weight
			}
		}
	}
	slices.Sort(result.best)
	if result.found != "" && !slices.Contains(result.best, result.found) {
		t.Errorf("the index has node %s, the best are %v", result.found, result.best)
	}
	return result
}

// snapshotOf replaces the snapshot by one of these nodes and pods.
func (c *cluster) snapshotOf(pods []*v1.Pod, nodes ...*v1.Node) {
	*c.snapshot = *internalcache.NewSnapshot(pods, nodes)
}

func lifetimeStrategy(args *config.CostScoreArgs) {
	args.Strategy = config.StrategyDominantShareLifetimes
}

func nodePriceStrategy(args *config.CostScoreArgs) { args.Strategy = config.StrategyNodePrice }

func noEstimates(args *config.CostScoreArgs) { args.Estimate = new(bool) }
