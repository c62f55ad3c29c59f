// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

func TestAllowableAreReasons(t *testing.T) {
	var want []string
	for _, r := range []tlsready.Reason{tlsready.NotALeaf, tlsready.BrokenChain, tlsready.WeakKey, tlsready.WeakSignature, tlsready.WrongUsage} {
		want = append(want, string(r))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, declare.Allowable); diff != "" {
		t.Errorf("unexpected reasons (-want, +got):\n%s", diff)
	}
}
