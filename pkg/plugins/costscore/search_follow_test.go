// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
)

// change is something that happens to a node. The cache hears of it and so does
// the plugin, in any order.
type change struct {
	node        string
	apply, tell func()
	// toldAt is when the plugin heard of it.
	toldAt time.Time
}

// world is a cluster to which things happen at random.
type world struct {
	*live
	t      testing.TB
	random *rand.Rand
	nodes  []*v1.Node
	gone   []string  // the names of former nodes
	pods   []*v1.Pod // that are bound
	// bound and named are how many pods and nodes there were.
	bound, named int
	// unapplied and untold are what the cache and the plugin have not heard of
	// yet. Both hear of things in the order in which they happened.
	unapplied, untold []*change
	applied           map[*change]bool
}

func newWorld(t testing.TB, seed uint64) *world {
	w := &world{t: t, random: rand.New(rand.NewPCG(seed, 1)), applied: map[*change]bool{}}
	for range 20 {
		w.named++
		w.nodes = append(w.nodes, w.node(fmt.Sprintf("n%02d", w.named)))
	}
	arguments := []func(*config.CostScoreArgs){prepaid(2, config.StrategyDominantShare)}
	if seed%2 == 1 {
		arguments = append(arguments, noEstimates)
	}
	if seed%5 == 1 {
		arguments = append(arguments, nodePriceStrategy)
	}
	w.live = newLive(t, slices.Clone(w.nodes), arguments...)
	return w
}

func (w *world) one(of ...string) string { return of[w.random.IntN(len(of))] }

// node returns a node as it might be.
func (w *world) node(name string) *v1.Node {
	n := node(name, w.one("", "0.10", "0.20", "0.20", "0.40"), capacity(resources{"cpu": w.one("2", "4", "4"), "memory": "16Gi", "pods": "8"}))
	n.UID = "1"
	n.CreationTimestamp = metav1.NewTime(testNow.Add(-time.Duration(w.random.IntN(5)) * time.Hour))
	label("zone", w.one("a", "b"))(n)
	label("reserved", w.one("yes", "no", "no", "no"))(n)
	switch w.random.IntN(8) {
	case 0:
		n.Spec.Unschedulable = true
	case 1:
		n.Spec.Taints = []v1.Taint{{Key: "team", Effect: v1.TaintEffectNoSchedule}}
	}
	return n
}

// pod returns a pod to be placed.
func (w *world) pod() *v1.Pod {
	w.bound++
	p := pod(fmt.Sprint("p", w.bound)).Obj()
	requests := p.Spec.Containers[0].Resources.Requests
	requests[v1.ResourceCPU] = *resourceQuantity(v1.ResourceCPU, []int64{100, 500, 500, 1000, 3000}[w.random.IntN(5)])
	if w.random.IntN(3) == 0 {
		p.Spec.NodeSelector = map[string]string{"zone": w.one("a", "b")}
	}
	if w.random.IntN(3) == 0 {
		p.Spec.Tolerations = []v1.Toleration{{Key: "team", Operator: v1.TolerationOpExists}}
	}
	if w.random.IntN(5) == 0 {
		p.Annotations = map[string]string{MaxHourlyPriceAnnotation: "0.20"}
	}
	return p
}

// started is a pod's state once its node runs it.
func (w *world) started(p *v1.Pod) *v1.Pod {
	p = p.DeepCopy()
	p.Status.Conditions = []v1.PodCondition{{
		Type: v1.PodScheduled, Status: v1.ConditionTrue,
		LastTransitionTime: metav1.NewTime(testNow.Add(-time.Duration(w.random.IntN(4)) * time.Hour)),
	}}
	return p
}

// happens has the cache and the plugin hear of something in a while.
func (w *world) happens(node string, apply, tell func()) {
	c := &change{node: node, apply: apply, tell: tell}
	w.unapplied, w.untold = append(w.unapplied, c), append(w.untold, c)
}

// step has one thing happen, or be heard of.
func (w *world) step() {
	switch i := w.random.IntN(len(w.pods) + 1); w.random.IntN(13) {
	case 0, 1, 2:
		w.apply()
	case 3, 4, 5:
		w.tell()
	case 6: // a pod that something else has bound
		p := w.started(w.pod())
		p.Spec.NodeName = w.nodes[w.random.IntN(len(w.nodes))].Name
		if w.random.IntN(5) == 0 {
			p = ofDaemonSet(p)
		}
		w.bind(p)
	case 7: // a pod starts
		if i < len(w.pods) {
			before, after := w.pods[i], w.started(w.pods[i])
			w.pods[i] = after
			w.happens(after.Spec.NodeName, func() { w.must(w.t, w.cache.UpdatePod(w.logger, before, after)) }, func() { w.plugin.assignedPodHandler().OnUpdate(before, after) })
		}
	case 8: // a pod goes
		if i < len(w.pods) {
			w.removePod(i)
		}
	case 9: // a node changes
		i := w.random.IntN(len(w.nodes))
		before := w.nodes[i]
		after := w.node(before.Name)
		after.CreationTimestamp = before.CreationTimestamp
		w.named++
		annotation("change", fmt.Sprint(w.named))(after) // else it may be none
		w.nodes[i] = after
		w.must(w.t, w.store().Update(after))
		w.happens(after.Name, func() { w.cache.UpdateNode(w.logger, before, after) }, func() { w.plugin.nodeHandler().OnUpdate(before, after) })
	case 10: // a node comes or goes
		if w.random.IntN(2) == 0 {
			w.addNode()
		} else if len(w.nodes) > 10 {
			w.removeNode(w.random.IntN(len(w.nodes)))
		}
	default:
		w.schedule()
	}
}

func (w *world) addNode() {
	w.named++
	name := fmt.Sprintf("n%02d", w.named)
	if len(w.gone) > 0 && w.random.IntN(2) == 0 { // another node of the same name
		name, w.gone = w.gone[0], w.gone[1:]
	}
	n := w.node(name)
	n.UID = types.UID(fmt.Sprint(w.named))
	w.nodes = append(w.nodes, n)
	w.must(w.t, w.store().Add(n))
	w.happens(n.Name, func() { w.cache.AddNode(w.logger, n) }, func() { w.plugin.nodeHandler().OnAdd(n, false) })
}

// removeNode removes a node and then its pods.
func (w *world) removeNode(i int) {
	n := w.nodes[i]
	w.nodes, w.gone = slices.Delete(w.nodes, i, i+1), append(w.gone, n.Name)
	w.must(w.t, w.store().Delete(n))
	w.happens(n.Name, func() { w.must(w.t, w.cache.RemoveNode(w.logger, n)) }, func() { w.plugin.nodeHandler().OnDelete(n) })
	for i := len(w.pods) - 1; i >= 0; i-- {
		if w.pods[i].Spec.NodeName == n.Name {
			w.removePod(i)
		}
	}
}

func (w *world) removePod(i int) {
	p := w.pods[i]
	w.pods = slices.Delete(w.pods, i, i+1)
	w.happens(p.Spec.NodeName, func() { w.must(w.t, w.cache.RemovePod(w.logger, p)) }, func() { w.plugin.assignedPodHandler().OnDelete(p) })
}

func (w *world) store() cache.Store {
	return w.SharedInformerFactory().Core().V1().Nodes().Informer().GetStore()
}

func (w *world) bind(p *v1.Pod) {
	w.pods = append(w.pods, p)
	w.happens(p.Spec.NodeName, func() { w.must(w.t, w.cache.AddPod(w.logger, p)) }, func() { w.plugin.assignedPodHandler().OnAdd(p, false) })
}

// schedule places a pod, which is then bound or not.
func (w *world) schedule() {
	p := w.pod()
	found := w.check(p)
	if found == "" {
		return
	}
	w.assume(w.t, p, found)
	switch w.random.IntN(4) {
	case 0:
		w.happens(found, func() { w.must(w.t, w.cache.ForgetPod(w.logger, p)) },
			func() { w.plugin.Unreserve(w.t.Context(), framework.NewCycleState(), p, found) })
		// This is one goroutine: the plugin is told first.
		w.tellAll()
	default:
		w.must(w.t, w.cache.FinishBinding(w.logger, p))
		w.bind(p.DeepCopy())
	}
}

func (w *world) apply() {
	if len(w.unapplied) > 0 {
		c := w.unapplied[0]
		w.unapplied = w.unapplied[1:]
		c.apply()
		w.applied[c] = true
	}
}

func (w *world) tell() {
	if len(w.untold) > 0 {
		c := w.untold[0]
		w.untold = w.untold[1:]
		c.tell()
		c.toldAt = w.clock.Now()
	}
}

func (w *world) tellAll() {
	for len(w.untold) > 0 {
		w.tell()
	}
}

// pause has time pass, but not so much that the plugin loses its patience with
// what the cache has not heard of, or looks at many nodes because it was idle.
func (w *world) pause() {
	d := time.Duration(w.random.IntN(int(around / 50)))
	for len(w.unapplied) > 0 && !w.unapplied[0].toldAt.IsZero() && w.clock.Now().Add(d).Sub(w.unapplied[0].toldAt) > patience {
		w.apply()
	}
	w.pass(d)
}

// check places a pod and compares, as far as the plugin was told of everything
// that the cache knows.
func (w *world) check(p *v1.Pod) (found string) {
	w.t.Helper()
	w.update(w.t)
	allTold := true
	for _, c := range w.untold {
		allTold = allTold && !w.applied[c]
	}
	if allTold {
		found = w.place(w.t, p).found
		if stale := w.stale(); len(stale) > 0 {
			w.t.Errorf("the index has former states of the nodes %v", stale)
		}
		w.wantAsAnew(w.t, w.pod(), w.pod())
	} else {
		found = w.findOnly(w.t, p)
	}
	w.pause()
	return found
}

// A node that the index finds passes, and is the one that an index would find
// that was built from this snapshot, and that comparing all nodes finds.
func TestFollower(t *testing.T) {
	found := 0
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			w.check(w.pod()) // from here on it follows
			for range 200 {
				w.step()
				if t.Failed() {
					return
				}
			}
			w.tellAll()
			for len(w.unapplied) > 0 {
				w.apply()
			}
			for range 5 {
				if w.check(w.pod()) != "" {
					found++
				}
			}
		})
	}
	if found < 100 {
		t.Errorf("the index found %d nodes, want more for a test", found)
	}
}
