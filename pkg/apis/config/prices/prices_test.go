// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package prices

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/apis/config/validation"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// bySelector compares selectors by what they are written as.
var bySelector = cmp.Transformer("selector", func(s labels.Selector) string { return s.String() })

func TestOptionsOf(t *testing.T) {
	rack := metav1.LabelSelector{MatchLabels: map[string]string{"rack": "a"}}
	rackSelector := labels.SelectorFromSet(labels.Set{"rack": "a"})
	tests := []struct {
		name string
		args config.CostScoreArgs
		want pricing.Options
	}{
		{"not defaulted", config.CostScoreArgs{}, pricing.Options{Estimate: true}},
		{
			"everything set",
			config.CostScoreArgs{
				PriceAnnotations: []string{"example.com/cost"},
				TrustAnnotations: true,
				Prices:           []config.NodePrice{{NodeSelector: rack, HourlyPrice: "0.45"}, {HourlyPrice: "1"}},
				Estimate:         ptr.To(false),
				Adjustments:      []config.PriceAdjustment{{NodeSelector: rack, Adjustment: "-10%"}, {Adjustment: "+0.05"}},
				NodeFee:          "0.03",
				Prepaid:          []config.PrepaidNodes{{NodeSelector: rack, Count: 3}, {Count: 1}},
				MaxPriceAge:      metav1.Duration{Duration: time.Hour},
			},
			pricing.Options{
				Annotations:      []string{"example.com/cost"},
				TrustAnnotations: true,
				Rules:            []pricing.Rule{{Selector: rackSelector, PerHour: 450_000}, {Selector: labels.Everything(), PerHour: 1_000_000}},
				Adjustments:      []pricing.Adjustment{{Selector: rackSelector, MicroPercent: -10_000_000}, {Selector: labels.Everything(), Amount: 50_000}},
				NodeFee:          30_000,
				Prepaid:          []pricing.PrepaidRule{{Selector: rackSelector, Count: 3}, {Selector: labels.Everything(), Count: 1}},
				MaxAge:           time.Hour,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := OptionsOf(&tt.args)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, bySelector); diff != "" {
				t.Errorf("unexpected options (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestOptionsOfInvalidArgs(t *testing.T) {
	bad := metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "rack", Operator: "Is"}}}
	for want, args := range map[string]config.CostScoreArgs{
		`reading prices[0]: reading nodeSelector`:            {Prices: []config.NodePrice{{NodeSelector: bad, HourlyPrice: "1"}}},
		`reading prices[1]: reading hourlyPrice "x"`:         {Prices: []config.NodePrice{{HourlyPrice: "1"}, {HourlyPrice: "x"}}},
		`reading adjustments[0]: reading nodeSelector`:       {Adjustments: []config.PriceAdjustment{{NodeSelector: bad, Adjustment: "-1%"}}},
		`reading adjustments[0]: reading adjustment "1": it`: {Adjustments: []config.PriceAdjustment{{Adjustment: "1"}}},
		`reading prepaid[0]: reading nodeSelector`:           {Prepaid: []config.PrepaidNodes{{NodeSelector: bad, Count: 1}}},
		`reading nodeFee "-1"`:                               {NodeFee: "-1"},
	} {
		args.Strategy = config.StrategyDominantShare
		if _, err := OptionsOf(&args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
		if validation.ValidateCostScoreArgs(nil, &args) == nil {
			t.Errorf("the validation accepts what cannot be read: %s", want)
		}
	}
}
