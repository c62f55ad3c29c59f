// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"errors"
	"fmt"
	"regexp"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// anyUser finds the user in a refusal of the API server, serviceAccount what it is made of.
var (
	anyUser        = regexp.MustCompile(`User "([^"]+)"`)
	serviceAccount = regexp.MustCompile(`^system:serviceaccount:([^:]+):([^:]+)$`)
)

// grant says what the administrator has to grant to whom after a refusal.
func grant(resource schema.GroupResource, err error) string {
	who := "tollgate-controller"
	if m := anyUser.FindStringSubmatch(err.Error()); m != nil {
		who = "user " + quote(m[1])
		if m := serviceAccount.FindStringSubmatch(m[1]); m != nil {
			who = "ServiceAccount " + clean(m[1]+"/"+m[2], maxName)
		}
	}
	return fmt.Sprintf("grant list and watch on %s to %s", resource, who)
}

// reason is a stable word for an error: its text may differ at every try.
func reason(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Reason != "" {
		return clean(string(status.Status().Reason), maxReason)
	}
	return "no answer from the API server"
}
