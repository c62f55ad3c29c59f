// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
	"k8s.io/utils/ptr"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/costmodel"
)

// lasting declares a lifetime, "" for none.
func lasting(p *v1.Pod, lifetime string) *v1.Pod {
	if lifetime == "" {
		return p
	}
	if p.Annotations == nil {
		p.Annotations = map[string]string{}
	}
	p.Annotations[costmodel.LifetimeAnnotation] = lifetime
	return p
}

func TestLifetimePlacement(t *testing.T) {
	// short ends in 20 minutes, long in ten hours; both are of one price.
	nodes := []*v1.Node{node("empty", "0.10"), node("short", "0.10"), node("long", "0.10")}
	pods := []*v1.Pod{lasting(on("short", "s", 40*time.Minute), "1h"), lasting(on("long", "l", 2*time.Hour), "12h")}
	full := func(node string) *v1.Pod { // packing would choose this one
		return lasting(pod("full").Node(node).Req(resources{"cpu": "1"}).Obj(), "1s")
	}
	tests := []struct {
		name  string
		nodes []*v1.Node // nil: those above
		pods  []*v1.Pod  // nil: those above
		pod   *v1.Pod
		want  []string
	}{
		{name: "ends before both: packing decides", pod: lasting(pod("p").Obj(), "10m"), pods: append([]*v1.Pod{full("short")}, pods...), want: []string{"short"}},
		{name: "ends a little after short, still in its bucket", pod: lasting(pod("p").Obj(), "24m"), pods: append([]*v1.Pod{full("short")}, pods...), want: []string{"short"}},
		{name: "outlives short", pod: lasting(pod("p").Obj(), "2h"), pods: append([]*v1.Pod{full("short")}, pods...), want: []string{"long"}},
		{name: "by its deadline", pod: deadline(pod("p").Obj(), 7200), pods: append([]*v1.Pod{full("short")}, pods...), want: []string{"long"}},
		{name: "outlives both: the least extension", pod: lasting(pod("p").Obj(), "12h"), pods: append([]*v1.Pod{full("short")}, pods...), want: []string{"long"}},
		{name: "never ends: any, so packing", pod: pod("p").Obj(), pods: append([]*v1.Pod{full("short")}, pods...), want: []string{"short"}},
		{
			name: "never ends: where another never ends", pod: pod("p").Obj(),
			pods: append([]*v1.Pod{full("short"), pod("endless").Node("empty").Obj()}, pods...), want: []string{"empty"},
		},
		{
			name: "a cheaper node goes before", pod: lasting(pod("p").Obj(), "2h"),
			nodes: []*v1.Node{node("empty", "0.099999"), node("short", "0.10"), node("long", "0.10")}, want: []string{"empty"},
		},
		{
			name: "DaemonSets never end and do not count", pod: pod("p").Obj(),
			pods: []*v1.Pod{ofDaemonSet(st.MakePod().Name("d").Node("empty").Obj()), pod("endless").Node("short").Obj()}, want: []string{"short"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.nodes == nil {
				tt.nodes = nodes
			}
			if tt.pods == nil {
				tt.pods = pods
			}
			got := newCluster(t, tt.nodes, tt.pods, lifetimeStrategy).place(t, tt.pod)
			if diff := cmp.Diff(tt.want, got.best); diff != "" {
				t.Errorf("unexpected nodes (-want, +got):\n%s\nscores: %v", diff, got.costScores)
			}
		})
	}
}

// A lifetime that cannot be read holds nobody.
func TestMalformedLifetime(t *testing.T) {
	full := func(args *config.CostScoreArgs) { args.Search = config.SearchFull }
	c := newCluster(t, []*v1.Node{node("a", "0.10"), node("b", "0.20")}, nil, lifetimeStrategy, full)
	for _, p := range []*v1.Pod{lasting(pod("p").Obj(), "soon"), deadline(lasting(pod("q").Obj(), "-1h"), 60)} {
		if got := c.place(t, p); len(got.best) != 1 || got.best[0] != "a" {
			t.Errorf("got nodes %v, want a", got.best)
		}
	}
	wantEvents(t, c,
		`Warning InvalidLifetime reading annotation tollgate.dev/expected-lifetime: "soon" is not a duration above 0 such as 90m or 2h30m; counting the pod as one that never ends`,
		`Warning InvalidLifetime reading annotation tollgate.dev/expected-lifetime: "-1h" is not a duration above 0 such as 90m or 2h30m; using 1m0s from activeDeadlineSeconds`)

	// Scores of one node are not worked out, so the index has to say it.
	c = newCluster(t, []*v1.Node{node("a", "0.10"), node("b", "0.20")}, nil, lifetimeStrategy)
	if result, _, _ := c.RunPreFilterPlugins(t.Context(), framework.NewCycleState(), lasting(pod("p").Obj(), "soon")); !result.NodeNames.Equal(sets.New("a")) {
		t.Errorf("got nodes %v, want a", result.NodeNames)
	}
	wantEvents(t, c, `Warning InvalidLifetime reading annotation tollgate.dev/expected-lifetime: "soon" is not a duration above 0 such as 90m or 2h30m; counting the pod as one that never ends`)

	// Other strategies do not read it.
	c = newCluster(t, []*v1.Node{node("a", "0.10"), node("b", "0.20")}, nil)
	c.place(t, lasting(pod("p").Obj(), "soon"))
	wantEvents(t, c)
}

func deadline(p *v1.Pod, seconds int64) *v1.Pod {
	p.Spec.ActiveDeadlineSeconds = ptr.To(seconds)
	return p
}
