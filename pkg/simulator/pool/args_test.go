// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/apis/config/prices"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

func TestArgs(t *testing.T) {
	pools, err := ReadPools("p.yaml", strings.NewReader(`
pools:
- {name: a, instanceType: m6i.large, hourlyPrice: 0.001, prepaid: 3, labels: {team: web}}
- {name: b, instanceType: m6i.large, labels: {team: db}}
- {name: c, instanceType: m6i.xlarge, prepaid: 1}
`))
	if err != nil {
		t.Fatal(err)
	}
	AddFee(pools, NodeFee)
	args := &config.CostScoreArgs{}
	Args(pools, NodeFee)(args)
	want := &config.CostScoreArgs{
		NodeFee:          "0.03",
		TrustAnnotations: true,
		Prepaid: []config.PrepaidNodes{
			{NodeSelector: metav1.LabelSelector{MatchLabels: pools[0].Template.Labels}, Count: 3}, // b has the same type
			{NodeSelector: metav1.LabelSelector{MatchLabels: map[string]string{instanceTypeLabel: "m6i.xlarge", "karpenter.sh/capacity-type": "on-demand"}}, Count: 1},
		},
	}
	if diff := cmp.Diff(want, args); diff != "" {
		t.Errorf("unexpected args (-want, +got):\n%s", diff)
	}
	o, err := prices.OptionsOf(args)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pools {
		if got := pricing.NewResolver(o).Price(p.Template).PerHour; got != p.Price {
			t.Errorf("CostScore sees pool %s at %v, it costs %v", p.Name, got, p.Price)
		}
	}
}

func TestArgsOfNothing(t *testing.T) {
	pools, err := Catalog("aws", "")
	if err != nil {
		t.Fatal(err)
	}
	args := &config.CostScoreArgs{NodeFee: "0"}
	Args(pools, 0)(args)
	if diff := cmp.Diff(&config.CostScoreArgs{NodeFee: "0"}, args); diff != "" {
		t.Errorf("unexpected args (-want, +got):\n%s", diff)
	}
}
