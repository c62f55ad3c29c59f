// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/utils/ptr"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/costmodel"
)

func TestNewRejectsArgs(t *testing.T) {
	tests := []struct {
		name string
		args runtime.Object
		want []string
	}{
		{"nil", nil, []string{"want args to be of type *config.CostScoreArgs, got <nil>"}},
		{"another type", &config.CertGateArgs{}, []string{"got *config.CertGateArgs"}},
		{
			"all faults at once",
			&config.CostScoreArgs{Strategy: "NodePrise", AgeExponent: ptr.To(2.0)},
			[]string{"validating CostScoreArgs", `did you mean "NodePrice"?`, "ageExponent"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(context.Background(), tt.args, nil)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not contain %q", err, want)
				}
			}
		})
	}
}

// A scheduler builds the plugin once for every profile.
func TestNewTwice(t *testing.T) {
	newCluster(t, nil, nil)
	newCluster(t, nil, nil)
}

// The same number is documented in two packages that do not know each other.
func TestDefaultAgeExponent(t *testing.T) {
	if config.DefaultAgeExponent != costmodel.DefaultAgeExponent {
		t.Errorf("config has %v, costmodel %v", config.DefaultAgeExponent, costmodel.DefaultAgeExponent)
	}
}

func names(set schedconfig.PluginSet) []string {
	var all []string
	for _, p := range set.Enabled {
		all = append(all, p.Name)
	}
	return all
}

func contains(all []string, name string) bool {
	return slices.Contains(all, name)
}
