// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

func TestSummarize(t *testing.T) {
	at := func(hours int) time.Time { return tlstest.Now.Add(time.Duration(hours) * time.Hour) }
	failing := func(reason tlsready.Reason, name string) tlsready.Verdict {
		return tlsready.Verdict{Reason: reason, Message: fmt.Sprintf("secret %q", name)}
	}
	ready := func(hours int) tlsready.Verdict {
		return tlsready.Verdict{Ready: true, Reason: tlsready.Ready, RecheckAt: at(hours)}
	}
	warned := func(name string) tlsready.Verdict {
		return tlsready.Verdict{Ready: true, Reason: tlsready.Ready, Warning: "warning " + name}
	}
	notYet := failing(tlsready.NotYetValid, "n")
	notYet.RecheckAt = at(1)
	tests := map[string]struct {
		in   []tlsready.Verdict
		want tlsready.Verdict
	}{
		"none":        {nil, tlsready.Verdict{Ready: true, Reason: tlsready.Ready}},
		"all ready":   {[]tlsready.Verdict{ready(3), ready(2), ready(4)}, ready(2)},
		"one failing": {[]tlsready.Verdict{ready(2), notYet, ready(3)}, notYet},
		"temporary passes by itself": {
			[]tlsready.Verdict{failing(tlsready.Temporary, "a"), failing(tlsready.WeakKey, "b")},
			tlsready.Verdict{Reason: tlsready.WeakKey, Message: `secret "b"; secret "a"`},
		},
		"one warning":           {[]tlsready.Verdict{ready(2), warned("a")}, tlsready.Verdict{Ready: true, Reason: tlsready.Ready, RecheckAt: at(2), Warning: "warning a"}},
		"warning of a held pod": {[]tlsready.Verdict{warned("a"), failing(tlsready.BadKey, "b")}, failing(tlsready.BadKey, "b")},
		"warnings, three of them": {
			[]tlsready.Verdict{warned("a"), warned("b"), warned("c"), warned("d"), warned("e")},
			tlsready.Verdict{Ready: true, Reason: tlsready.Ready, Warning: "warning a; warning b; warning c; and 2 more"},
		},
		"worst first, three shown": {
			[]tlsready.Verdict{notYet, failing(tlsready.SecretNotFound, "a"), ready(2), failing(tlsready.BadKey, "b"), failing(tlsready.Expired, "c")},
			tlsready.Verdict{Reason: tlsready.BadKey, Message: `secret "b"; secret "c"; secret "a"; and 1 more`, RecheckAt: at(1)},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tlsready.Summarize(tt.in)); diff != "" {
				t.Errorf("unexpected verdict (-want, +got):\n%s", diff)
			}
		})
	}
}
