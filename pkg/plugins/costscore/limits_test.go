// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
)

func TestLimits(t *testing.T) {
	nodes := []*v1.Node{
		node("spot", "0.05", label(spotLabel, "spot")),
		node("on-demand", "0.10", label(spotLabel, "on-demand")),
		node("dear", "0.11", label(spotLabel, "on-demand")),
		node("unpriced", "", label(spotLabel, "spot")),
		node("untyped", "0.01"),
	}
	tests := []struct {
		name     string
		maxPrice string
		spot     string
		estimate bool
		want     map[string]string
	}{
		{
			name: "no limit", want: map[string]string{},
		},
		{
			name: "price", maxPrice: "0.10",
			want: map[string]string{"dear": ErrReasonPriceTooHigh},
		},
		{
			name: "an estimate counts as a price", maxPrice: "0.06", estimate: true,
			want: map[string]string{"on-demand": ErrReasonPriceTooHigh, "dear": ErrReasonPriceTooHigh, "unpriced": ErrReasonPriceTooHigh},
		},
		{
			name: "never spot", spot: "never",
			want: map[string]string{"spot": ErrReasonSpot, "unpriced": ErrReasonSpot, "untyped": ErrReasonCapacityTypeUnknown},
		},
		{
			name: "only spot", spot: "only",
			want: map[string]string{"on-demand": ErrReasonNotSpot, "dear": ErrReasonNotSpot, "untyped": ErrReasonCapacityTypeUnknown},
		},
		{
			name: "both", maxPrice: "$0.04", spot: "only",
			want: map[string]string{
				"spot": ErrReasonPriceTooHigh, "on-demand": ErrReasonPriceTooHigh, "dear": ErrReasonPriceTooHigh,
				"untyped": ErrReasonCapacityTypeUnknown,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := limitedPod(tt.maxPrice, tt.spot)
			c := newCluster(t, nodes, nil, func(args *config.CostScoreArgs) { args.Estimate = &tt.estimate })
			if diff := cmp.Diff(tt.want, c.place(t, p).rejected); diff != "" {
				t.Errorf("unexpected rejections (-want, +got):\n%s", diff)
			}

			// The same where a profile leaves PreFilter out.
			got := map[string]string{}
			all, _ := c.snapshot.List()
			for _, n := range all {
				if status := c.plugin.Filter(context.Background(), framework.NewCycleState(), p, n); !status.IsSuccess() {
					got[n.Node().Name] = status.Message()
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("unexpected rejections without PreFilter (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestLimitWithoutAnyPrice(t *testing.T) {
	c := newCluster(t, []*v1.Node{node("a", ""), node("b", "")}, nil, noEstimates)
	want := map[string]string{"a": ErrReasonPriceUnknown, "b": ErrReasonPriceUnknown}
	if diff := cmp.Diff(want, c.place(t, limitedPod("0.10", "")).rejected); diff != "" {
		t.Errorf("unexpected rejections (-want, +got):\n%s", diff)
	}
}

// The limit is compared with what the node costs all in all.
func TestLimitCountsAdjustmentsAndFee(t *testing.T) {
	change := func(args *config.CostScoreArgs) {
		args.Adjustments = []config.PriceAdjustment{{Adjustment: "-10%"}}
		args.NodeFee = "0.01"
	}
	c := newCluster(t, []*v1.Node{node("n", "0.10")}, nil, change)
	for limit, want := range map[string]string{"0.10": "", "0.099999": ErrReasonPriceTooHigh} {
		if got := c.place(t, limitedPod(limit, "")).rejected["n"]; got != want {
			t.Errorf("limit %s: got reason %q, want %q", limit, got, want)
		}
	}
}

func TestPreFilter(t *testing.T) {
	const priceHint = "dollars per hour such as 0.096"
	tests := []struct {
		name     string
		pod      *v1.Pod
		wantCode fwk.Code
		want     []string
	}{
		{name: "no limits", pod: pod("p").Obj(), wantCode: fwk.Skip},
		{name: "limits", pod: limitedPod("0.5", "never"), wantCode: fwk.Success},
		{name: "bad price", pod: limitedPod("cheap", ""), wantCode: fwk.UnschedulableAndUnresolvable, want: []string{MaxHourlyPriceAnnotation, `"cheap"`, priceHint}},
		{name: "negative price", pod: limitedPod("-1", ""), wantCode: fwk.UnschedulableAndUnresolvable, want: []string{MaxHourlyPriceAnnotation, `"-1"`, priceHint}},
		{
			name: "bad spot", pod: limitedPod("", "maybe"), wantCode: fwk.UnschedulableAndUnresolvable,
			want: []string{`reading annotation tollgate.dev/spot "maybe": it is neither "never" nor "only"`},
		},
		{
			name: "both bad", pod: limitedPod("cheap", "maybe"), wantCode: fwk.UnschedulableAndUnresolvable,
			want: []string{MaxHourlyPriceAnnotation, SpotAnnotation},
		},
		{
			name:     "empty annotations are not the same as none",
			pod:      pod("p").Annotation(MaxHourlyPriceAnnotation, "").Annotation(SpotAnnotation, "").Obj(),
			wantCode: fwk.UnschedulableAndUnresolvable, want: []string{MaxHourlyPriceAnnotation, SpotAnnotation},
		},
	}
	c := newCluster(t, nil, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, status := c.plugin.PreFilter(context.Background(), framework.NewCycleState(), tt.pod, nil)
			if status.Code() != tt.wantCode {
				t.Errorf("got %v, want %v", status.Code(), tt.wantCode)
			}
			wantContains(t, status.Message(), tt.want...)
		})
	}
}

func TestIsSchedulableAfterNodeChange(t *testing.T) {
	dear, cheap := node("n", "1.00"), node("n", "0.10")
	tests := []struct {
		name     string
		pod      *v1.Pod
		old, new any
		want     fwk.QueueingHint
		wantErr  bool
	}{
		{name: "new node within the limits", pod: limitedPod("0.5", ""), new: cheap, want: fwk.Queue},
		{name: "new node outside the limits", pod: limitedPod("0.5", ""), new: dear, want: fwk.QueueSkip},
		{name: "cheaper now", pod: limitedPod("0.5", ""), old: dear, new: cheap, want: fwk.Queue},
		{name: "dearer now", pod: limitedPod("0.5", ""), old: cheap, new: dear, want: fwk.QueueSkip},
		{name: "cheap as before", pod: limitedPod("0.5", ""), old: cheap, new: cheap.DeepCopy(), want: fwk.QueueSkip},
		{name: "spot now", pod: limitedPod("", "only"), old: cheap, new: node("n", "0.10", label(spotLabel, "spot")), want: fwk.Queue},
		{name: "limits that cannot be read", pod: limitedPod("x", ""), new: cheap, want: fwk.QueueSkip},
		{name: "another type", pod: limitedPod("0.5", ""), new: pod("p").Obj(), want: fwk.Queue, wantErr: true},
	}
	c := newCluster(t, nil, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.plugin.isSchedulableAfterNodeChange(klog.Background(), tt.pod, tt.old, tt.new)
			if (err != nil) != tt.wantErr {
				t.Errorf("got error %v, want one: %v", err, tt.wantErr)
			}
			if got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestEventsToRegister(t *testing.T) {
	c := newCluster(t, nil, nil)
	got, err := c.plugin.EventsToRegister(context.Background())
	if err != nil || len(got) != 1 {
		t.Fatalf("got %v, %v; want one event", got, err)
	}
	want := fwk.ClusterEvent{Resource: fwk.Node, ActionType: fwk.Add | fwk.UpdateNodeLabel | fwk.UpdateNodeAnnotation | fwk.UpdateNodeAllocatable}
	if got[0].Event != want {
		t.Errorf("got %v, want %v", got[0].Event, want)
	}
}

// limitedPod leaves out annotations that would be empty.
func limitedPod(maxPrice, spot string) *v1.Pod {
	p := pod("p")
	if maxPrice != "" {
		p.Annotation(MaxHourlyPriceAnnotation, maxPrice)
	}
	if spot != "" {
		p.Annotation(SpotAnnotation, spot)
	}
	return p.Obj()
}

func wantContains(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%q does not contain %q", text, w)
		}
	}
}
