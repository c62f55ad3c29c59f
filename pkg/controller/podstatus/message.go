// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"context"
	"fmt"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// lookedAlways are the producers that are looked for in every cluster.
const lookedAlways = "TLSCertificates"

// maker is what is known about who makes a Secret.
type maker struct {
	// certs are the TLSCertificates that name the Secret, the oldest first.
	certs []v1alpha1.TLSCertificate
	// clause says who else makes it and how far that is; "" for nobody.
	clause string
	// owner is who made an existing Secret, by its own metadata; "" for nobody.
	owner string
	// looked are the kinds that were looked through beside TLSCertificates.
	looked []string
}

// explain adds to the verdict on one Secret which of three is the case: somebody is
// making it, somebody has tried and failed, or nobody is going to. known is false if
// somebody may still be found.
func (r *reconciler) explain(ctx context.Context, namespace, secret string, v *tlsready.Verdict) (known bool, err error) {
	if v.Ready || !needsMaker(v.Reason) {
		return true, nil
	}
	var m maker
	if m.certs, err = r.certificates(ctx, namespace, secret); err != nil {
		return false, err
	}
	known = true
	if r.producers != nil {
		m.clause, _ = r.producers.Of(namespace, secret)
		m.looked = r.producers.Looked()
		known = len(m.certs) > 0 || m.clause != "" || r.producers.Settled()
	}
	if facts, _ := r.secrets.Get(namespace, secret); facts != nil {
		m.owner = facts.Owner
	}
	v.Message += "; " + m.note(namespace, v.Reason != tlsready.SecretNotFound)
	return known, nil
}

// needsMaker reports whether somebody has to make or repair the Secret. The other reasons
// pass by themselves or are about something else.
func needsMaker(reason tlsready.Reason) bool {
	switch reason {
	case tlsready.NotYetValid, tlsready.LookupPending, tlsready.NotSynced, tlsready.SecretsForbidden, tlsready.TrustNotFound, tlsready.InvalidDeclaration:
		return false
	}
	return true
}

// note says in one clause who makes the Secret, or repairs it if it exists.
func (m *maker) note(namespace string, exists bool) string {
	switch {
	case len(m.certs) > 0:
		return progress(m.certs, exists)
	case m.clause != "":
		return m.clause
	case !exists:
		return fmt.Sprintf("nothing in namespace %q is configured to create it (%s)", namespace, m.lookedFor())
	case m.owner != "":
		return fmt.Sprintf("its metadata names %s as its maker: see why that does not repair it, since nothing else was found that would (%s)", m.owner, m.lookedFor())
	}
	return fmt.Sprintf("nobody is known to repair it (%s, and its metadata names no owner): whoever made it has to replace it", m.lookedFor())
}

func (m *maker) lookedFor() string {
	return "looked for " + strings.Join(append([]string{lookedAlways}, m.looked...), ", ")
}
