// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/component-base/metrics/testutil"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// exactDecisions is how many decisions TestSearchIsExact compares; a tenth of
// them with -short.
const exactDecisions = 100_000

// podsPerCluster is how many pods each random cluster is asked about.
const podsPerCluster = 200

// On random clusters, each a frozen snapshot, the node of the index is the one
// that comparing all nodes chooses: the one with the highest total score, or one
// of those if several have it, of which the scheduler then takes any. The clusters
// reach every reason to compare all nodes that a pod or a node can give.
func TestSearchIsExact(t *testing.T) {
	decisions := exactDecisions
	if testing.Short() {
		decisions /= 10
	}
	reasons := []string{
		reasonNominated, reasonResourceClaims, reasonNodeFields, reasonOtherFilter, reasonNoPrice, reasonNoNode, reasonGaveUp, reasonFailed,
	}
	before := map[string]float64{}
	for _, reason := range reasons {
		before[reason] = searchesFor(t, reason)
	}
	var found, alone atomic.Int64
	t.Run("clusters", func(t *testing.T) {
		const shards = 8
		for shard := range uint64(shards) {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				for i := range decisions / podsPerCluster / shards {
					exactOn(t, shard, uint64(i), &found, &alone)
				}
			})
		}
	})
	for _, reason := range reasons {
		if searchesFor(t, reason) == before[reason] && !testing.Short() {
			t.Errorf("no pod was compared with all nodes because of %s", reason)
		}
	}
	t.Logf("%d decisions: %d by the index, in %d of which no other node was as good", decisions, found.Load(), alone.Load())
	if found.Load() < int64(decisions)/2 || alone.Load() < found.Load()/3 {
		t.Error("too few of them say something")
	}
}

func exactOn(t *testing.T, shard, i uint64, found, alone *atomic.Int64) {
	r := random{Rand: rand.New(rand.NewPCG(shard, i))}
	r.rarely = pick(r, 0, 0.05, 0.05, 0.3, 1)
	nodes := r.nodes()
	c := newCluster(t, nodes, r.running(nodes), r.args)
	c.store(t, r.storage(nodes)...)
	c.store(t, r.devices(nodes)...)
	c.plugin.mostRefused, c.plugin.mostTime = pick(r, mostRefused, 3), time.Hour // on any machine
	for n := range podsPerCluster {
		if c.nominator.pods = nil; r.chance(0.02) {
			c.nominator.pods = map[string][]fwk.PodInfo{pick(r, nodes...).Name: {&framework.PodInfo{}}}
		}
		p := r.pending("p", nodes)
		result := c.place(t, p)
		if result.found != "" {
			found.Add(1)
			if len(result.best) == 1 {
				alone.Add(1)
			}
		}
		if t.Failed() {
			t.Fatalf("cluster %d of shard %d, pod %d:\n%+v\n%d nodes", i, shard, n, p.Spec, len(nodes))
		}
	}
}

func searchesFor(t *testing.T, reason string) float64 {
	t.Helper()
	n, err := testutil.GetCounterMetricValue(searches.WithLabelValues(reason))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
