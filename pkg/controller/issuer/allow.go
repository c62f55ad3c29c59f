// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"fmt"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/allow"
)

// maxFaults bounds how many faults of spec.allow a message has.
const maxFaults = 3

// withFaults adds to a message what of spec.allow permits nothing because it is malformed. The rest of the rules count, so that
// one wrong rule does not take the issuer from everybody.
func withFaults(message string, issuer v1alpha1.Issuer) string {
	cluster, ok := issuer.(*v1alpha1.ClusterCertIssuer)
	if !ok {
		return message
	}
	faults := allow.Faults(cluster.Spec.Allow)
	if len(faults) == 0 {
		return message
	}
	added := "; " + strings.Join(faults[:min(len(faults), maxFaults)], "; ")
	if more := len(faults) - maxFaults; more > 0 {
		added += fmt.Sprintf("; and %d more", more)
	}
	// A message that is kept from before has them already.
	return strings.TrimSuffix(message, added) + added
}
