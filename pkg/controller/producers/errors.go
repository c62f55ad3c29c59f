// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"cmp"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tollgate-dev/tollgate/pkg/refusal"
)

// grant says what the administrator has to grant to whom after a refusal.
func grant(resource schema.GroupResource, err error) string {
	return fmt.Sprintf("grant list and watch on %s to %s", resource, cmp.Or(refusal.Who(err.Error()), "tollgate-controller"))
}

// reason is a stable word for an error: its text may differ at every try.
func reason(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Reason != "" {
		return clean(string(status.Status().Reason), maxReason)
	}
	return "no answer from the API server"
}
