// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// readTest is a case of a kind's read function.
type readTest struct {
	name, object string
	want         []claim
}

func runReadTests(t *testing.T, k kind, tests []readTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := k.read(parse(t, test.object))
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(claim{})); diff != "" {
				t.Errorf("claims differ (-want +got):\n%s", diff)
			}
		})
	}
}

// parse reads an object in YAML, with integers as an API server's answer is decoded.
func parse(tb testing.TB, object string) *unstructured.Unstructured {
	tb.Helper()
	json, err := yaml.YAMLToJSON([]byte(object))
	if err != nil {
		tb.Fatalf("reading the object: %v", err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(json); err != nil {
		tb.Fatalf("reading the object: %v", err)
	}
	return u
}
