// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/ca"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
	"github.com/tollgate-dev/tollgate/pkg/issuance/target"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// subject is what policies look at.
type subject struct {
	cert *v1alpha1.TLSCertificate
	s    *corev1.Secret
	by   origin
	i    inspection
	now  time.Time
}

// policy returns why a certificate has to be issued although the Secret is owned and usable, or "".
type policy func(subject) string

// policies in the order in which they are asked.
var policies = []policy{
	issuerMatches,      // spec.issuerRef was changed
	fingerprintMatches, // somebody replaced the certificate
	keyMatches,         // spec.privateKey was changed
	usagesMatch,        // spec.usages was changed
	notDue,             // it ends soon, the CA wants it to be renewed, or another CA signs now
}

// asTheIssuerMadeIt are the faults of a certificate, or of its chain, that the issuer would
// repeat: issuing at once again would go on for ever. The next renewal may mend them.
var asTheIssuerMadeIt = map[tlsready.Reason]bool{
	tlsready.NotALeaf:            true,
	tlsready.ExpiresTooSoon:      true,
	tlsready.BrokenChain:         true,
	tlsready.IntermediateExpired: true,
	tlsready.WeakKey:             true,
	tlsready.WeakSignature:       true,
	tlsready.WrongUsage:          true,
}

func issuerMatches(x subject) string {
	got, want := x.s.Annotations[v1alpha1.IssuerAnnotation], target.IssuerRef(x.cert)
	if got == want {
		return ""
	}
	return fmt.Sprintf("the certificate is from %q, spec.issuerRef is %s", got, want)
}

func fingerprintMatches(x subject) string {
	if x.s.Annotations[v1alpha1.FingerprintAnnotation] == x.i.facts.FingerprintSHA256 {
		return ""
	}
	return "the certificate is not the one that was issued"
}

func keyMatches(x subject) string {
	want, err := pki.KeySpecFor(x.cert.Spec.PrivateKey)
	if err != nil {
		return err.Error()
	}
	key, err := pki.ParseKey(x.s.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return err.Error()
	}
	if got := pki.KeySpecOf(key.Public()); got != want {
		return fmt.Sprintf("the key is %s, spec.privateKey asks for %s", got, want)
	}
	return ""
}

// usagesMatch is about internal CAs: ACME servers choose the usages.
func usagesMatch(x subject) string {
	leaf := leafOf(x.s)
	if leaf == nil || x.by.issuer == nil || x.by.issuer.GetSpec().CA == nil {
		return ""
	}
	want, err := ca.ExtKeyUsages(x.cert.Spec.Usages)
	if err != nil {
		return err.Error()
	}
	got := slices.Clone(leaf.ExtKeyUsage)
	slices.Sort(got)
	slices.Sort(want)
	if slices.Equal(got, want) {
		return ""
	}
	usages := x.cert.Spec.Usages
	if len(usages) == 0 {
		usages = []string{ca.ServerAuth}
	}
	return "the certificate has other usages than spec.usages asks for: " + strings.Join(usages, ", ")
}

func notDue(x subject) string {
	if x.now.Before(x.i.renewal) {
		return ""
	}
	return fmt.Sprintf("renewal is due since %s", x.i.renewal.UTC().Format(time.RFC3339))
}
