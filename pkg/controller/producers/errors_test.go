// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"errors"
	"fmt"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func TestGrantNamesTheUser(t *testing.T) {
	for text, want := range map[string]string{
		`User "system:serviceaccount:a:b" cannot list`: "ServiceAccount a/b",
		`User "jane" cannot list`:                      `user "jane"`,
		"User \"ja\nne\" cannot list":                  `user "ja\nne"`,
		`denied by policy`:                             "tollgate-controller",
	} {
		if got := grant(services.GroupResource(), errors.New(text)); got != "grant list and watch on services to "+want {
			t.Errorf("grant(%q) = %q, want the end %q", text, got, want)
		}
	}
}

func TestReason(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{errors.New("connection refused"), "no answer from the API server"},
		{&apierrors.StatusError{}, "no answer from the API server"},
		{fmt.Errorf("listing: %w", apierrors.NewTooManyRequestsError("slow down")), "TooManyRequests"},
	} {
		if got := reason(test.err); got != test.want {
			t.Errorf("reason(%v) = %q, want %q", test.err, got, test.want)
		}
	}
}
