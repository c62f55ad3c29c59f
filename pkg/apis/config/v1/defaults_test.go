// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

func TestSetDefaultsCertGateArgs(t *testing.T) {
	defaults := CertGateArgs{
		Source:                "Secrets",
		ExemptNamespaces:      []string{"kube-system", "tollgate-system"},
		ExemptPriorityClasses: []string{"system-cluster-critical", "system-node-critical"},
	}
	tests := map[string]struct{ args, want CertGateArgs }{
		"nothing set": {CertGateArgs{}, defaults},
		"explicit [] is kept": {
			CertGateArgs{ExemptNamespaces: []string{}, ExemptPriorityClasses: []string{}},
			CertGateArgs{Source: "Secrets", ExemptNamespaces: []string{}, ExemptPriorityClasses: []string{}},
		},
		"what is set is kept": {
			CertGateArgs{Source: "PodCondition", Namespaces: []string{"a"}, ExemptNamespaces: []string{"b"}, ExemptPriorityClasses: []string{"c"}},
			CertGateArgs{Source: "PodCondition", Namespaces: []string{"a"}, ExemptNamespaces: []string{"b"}, ExemptPriorityClasses: []string{"c"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			SetDefaults_CertGateArgs(&tt.args)
			if diff := cmp.Diff(tt.want, tt.args); diff != "" {
				t.Errorf("unexpected args (-want, +got):\n%s", diff)
			}
		})
	}
}

// Two profiles must not share a list.
func TestDefaultsAreCopies(t *testing.T) {
	want := slices.Clone(declare.DefaultExemptNamespaces)
	var args CertGateArgs
	SetDefaults_CertGateArgs(&args)
	args.ExemptNamespaces[0], args.ExemptPriorityClasses[0] = "x", "x"
	if diff := cmp.Diff(want, declare.DefaultExemptNamespaces); diff != "" || declare.DefaultExemptPriorityClasses[0] == "x" {
		t.Errorf("a change of the args changes the defaults (-want, +got):\n%s", diff)
	}
}
