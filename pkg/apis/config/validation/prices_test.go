// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
)

func TestValidatePrices(t *testing.T) {
	good := metav1.LabelSelector{MatchLabels: map[string]string{"rack": "a"}}
	bad := metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "rack", Operator: "Is"}}}
	tests := []struct {
		name string
		args config.CostScoreArgs
		want []string // one part of each fault's text; empty: valid
	}{
		{name: "everything set", args: config.CostScoreArgs{
			TrustAnnotations: true,
			Prices:           []config.NodePrice{{NodeSelector: good, HourlyPrice: "0.45"}, {HourlyPrice: "0"}},
			Adjustments:      []config.PriceAdjustment{{NodeSelector: good, Adjustment: "-10%"}, {Adjustment: "+0.05"}},
			NodeFee:          "0.03",
			Prepaid:          []config.PrepaidNodes{{NodeSelector: good, Count: 1}},
			MaxPriceAge:      metav1.Duration{Duration: time.Hour},
		}},
		{
			name: "all faults at once",
			args: config.CostScoreArgs{
				Prices: []config.NodePrice{
					{NodeSelector: bad, HourlyPrice: "0,45"},
					{NodeSelector: metav1.LabelSelector{MatchLabels: map[string]string{"a b": "c d"}}},
				},
				Adjustments: []config.PriceAdjustment{{NodeSelector: bad, Adjustment: "10%"}, {}},
				NodeFee:     "-1",
				Prepaid:     []config.PrepaidNodes{{NodeSelector: bad}, {Count: -1}, {Count: maxPrepaid + 1}},
				MaxPriceAge: metav1.Duration{Duration: -time.Hour},
			},
			want: []string{
				`prices[0].nodeSelector.matchExpressions[0].operator: Invalid value: "Is"`,
				`prices[0].hourlyPrice: Invalid value: "0,45": it is not a plain decimal number of dollars per hour`,
				`prices[1].nodeSelector.matchLabels: Invalid value: "a b"`,
				`prices[1].nodeSelector.matchLabels: Invalid value: "c d"`,
				`prices[1].hourlyPrice: Required value`,
				`adjustments[0].nodeSelector.matchExpressions[0].operator`,
				`adjustments[0].adjustment: Invalid value: "10%": it has no sign`,
				`adjustments[1].adjustment: Required value`,
				`nodeFee: Invalid value: "-1"`,
				`prepaid[0].nodeSelector.matchExpressions[0].operator`,
				`prepaid[0].count: Invalid value: 0: must be between 1 and 1000000`,
				`prepaid[1].count: Invalid value: -1`,
				`prepaid[2].count: Invalid value: 1000001`,
				`maxPriceAge: Invalid value: "-1h0m0s": must not be negative`,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.args.Strategy = config.StrategyDominantShareLifetimes
			err := ValidateCostScoreArgs(nil, &tt.args)
			checkFaults(t, err, tt.want)
			if err != nil && strings.Count(err.Error(), "Invalid value")+strings.Count(err.Error(), "Required value") != len(tt.want) {
				t.Errorf("got %v, want %d faults", err, len(tt.want))
			}
		})
	}
}
