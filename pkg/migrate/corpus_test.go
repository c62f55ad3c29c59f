// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The corpora of the integration tests have something of every kind of result.
func TestCorpora(t *testing.T) {
	for file, want := range map[string]Summary{
		"cert-manager.yaml":      {Converted: 6, WithLosses: 4, LeftOut: 3},
		"kube-cert-manager.yaml": {Converted: 4, WithLosses: 1},
	} {
		f, err := os.Open("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		inputs, err := Parse(file, f)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, Convert(inputs, Options{}).Report().Summary); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", file, diff)
		}
	}
}
