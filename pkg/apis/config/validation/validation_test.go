// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"math"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
)

func TestValidateCostScoreArgs(t *testing.T) {
	tests := []struct {
		name string
		args config.CostScoreArgs
		want []string // one part of each fault's text; empty: valid
	}{
		{name: "only the strategy is required", args: config.CostScoreArgs{Strategy: "NodePrice"}},
		{name: "everything set", args: config.CostScoreArgs{
			Strategy:         "DominantShare",
			AgeExponent:      ptr.To(1.0),
			PriceAnnotations: []string{"hightower.com/cost", "tollgate.dev/hourly-price"},
			Search:           "Full",
			Estimate:         ptr.To(false),
		}},
		{
			name: "misspelled search",
			args: config.CostScoreArgs{Strategy: "NodePrice", Search: "Ful"},
			want: []string{`search: Unsupported value: "Ful": supported values: "Index", "Full"; did you mean "Full"?`},
		},
		{
			name: "misspelled strategy",
			args: config.CostScoreArgs{Strategy: "NodePrise"},
			want: []string{`strategy: Unsupported value: "NodePrise": supported values: "DominantShare", "DominantShareLifetimes", "NodePrice"; did you mean "NodePrice"?`},
		},
		{
			name: "strategy in the wrong case",
			args: config.CostScoreArgs{Strategy: "dominantshare"},
			want: []string{`did you mean "DominantShare"?`},
		},
		{
			name: "strategy that resembles none",
			args: config.CostScoreArgs{Strategy: "Random"},
			want: []string{`strategy: Unsupported value: "Random": supported values: "DominantShare", "DominantShareLifetimes", "NodePrice"`},
		},
		{
			name: "all faults at once",
			args: config.CostScoreArgs{
				Strategy:         "",
				AgeExponent:      ptr.To(-0.1),
				PriceAnnotations: []string{"a/b/c", "x", "x", ""},
			},
			want: []string{
				`strategy: Unsupported value: ""`,
				`ageExponent: Invalid value: -0.1: must be between 0 (age does not count) and 1`,
				`priceAnnotations[0]: Invalid value: "a/b/c"`,
				`priceAnnotations[2]: Duplicate value: "x"`,
				`priceAnnotations[3]: Invalid value: ""`,
			},
		},
		{
			name: "exponent that is not a number",
			args: config.CostScoreArgs{Strategy: "NodePrice", AgeExponent: ptr.To(math.NaN())},
			want: []string{"ageExponent: Invalid value"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkFaults(t, ValidateCostScoreArgs(nil, &tt.args), tt.want)
		})
	}
}

func TestValidateCertGateArgs(t *testing.T) {
	label := `Invalid value: "Shop": a lowercase RFC 1123 label must consist of`
	tests := []struct {
		name string
		args config.CertGateArgs
		want []string // one part of each fault's text; empty: valid
	}{
		{name: "only the source is required", args: config.CertGateArgs{Source: "Secrets"}},
		{name: "everything set", args: config.CertGateArgs{
			Source:                "Secrets",
			Namespaces:            []string{"shop", "api"},
			ExemptNamespaces:      []string{"shop", "kube-system"},
			ExemptPriorityClasses: []string{"system-node-critical", "corp.high"},
		}},
		{name: "nobody is exempt", args: config.CertGateArgs{Source: "PodCondition", ExemptNamespaces: []string{}, ExemptPriorityClasses: []string{}}},
		{name: "no namespaces for a condition", args: config.CertGateArgs{Source: "PodCondition", Namespaces: []string{}}},
		{
			name: "misspelled source",
			args: config.CertGateArgs{Source: "secret"},
			want: []string{`args.source: Unsupported value: "secret": supported values: "Secrets", "PodCondition"; did you mean "Secrets"?`},
		},
		{
			name: "source in the wrong case",
			args: config.CertGateArgs{Source: "podcondition"},
			want: []string{`did you mean "PodCondition"?`},
		},
		{
			name: "source that resembles none",
			args: config.CertGateArgs{Source: "TLSCertificate"},
			want: []string{`args.source: Unsupported value: "TLSCertificate": supported values: "Secrets", "PodCondition"`},
		},
		{
			name: "namespaces that no one reads",
			args: config.CertGateArgs{Source: "PodCondition", Namespaces: []string{"shop"}},
			want: []string{"args.namespaces: Forbidden: source PodCondition reads no Secrets; leave it out, or set source: Secrets"},
		},
		{
			name: "all faults at once",
			args: config.CertGateArgs{
				Source:                "",
				Namespaces:            []string{"shop", "Shop", "shop"},
				ExemptNamespaces:      []string{"", "a.b", "a", "a"},
				ExemptPriorityClasses: []string{"system_node", "b", "b"},
			},
			want: []string{
				`args.source: Unsupported value: ""`,
				"args.namespaces[1]: " + label,
				`args.namespaces[2]: Duplicate value: "shop"`,
				`args.exemptNamespaces[0]: Invalid value: ""`,
				`args.exemptNamespaces[1]: Invalid value: "a.b": must not contain dots`,
				`args.exemptNamespaces[3]: Duplicate value: "a"`,
				`args.exemptPriorityClasses[0]: Invalid value: "system_node"`,
				`args.exemptPriorityClasses[2]: Duplicate value: "b"`,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := ValidateCertGateArgs(field.NewPath("args"), &tt.args)
			checkFaults(t, err, tt.want)
			if err != nil && strings.Count(err.Error(), "args.") != len(tt.want) {
				t.Errorf("got %v, want %d faults", err, len(tt.want))
			}
		})
	}
}

func checkFaults(t *testing.T, err error, want []string) {
	t.Helper()
	if len(want) == 0 {
		if err != nil {
			t.Errorf("unexpected error: %v", err)
		}
		return
	}
	if err == nil {
		t.Fatalf("got no error, want %q", want)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not contain %q", err, w)
		}
	}
}
