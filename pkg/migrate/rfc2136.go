// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// algorithms of TSIG keys (RFC 8945) that Tollgate knows.
var algorithms = []string{"HMACSHA1", "HMACSHA224", "HMACSHA256", "HMACSHA384", "HMACSHA512"}

// readRFC2136 reads a solver that updates a name server; false if it has no equivalent.
func readRFC2136(i *issuer, f *fields, to *v1alpha1.DNS01Solver) bool {
	defer f.rest()
	r := &v1alpha1.RFC2136Solver{Nameserver: f.limited("nameserver", 261), TSIGKeyName: f.limited("tsigKeyName", 253)}
	to.RFC2136 = r
	if r.Nameserver == "" {
		f.fault(f.at("nameserver"), "want a host or host:port, found nothing")
	}
	algorithm := strings.ToUpper(f.str("tsigAlgorithm"))
	var ref *secretKey
	if f.has("tsigSecretSecretRef") {
		ref = f.secret("tsigSecretSecretRef", "")
	}
	if protocol := f.str("protocol"); protocol != "" && !strings.EqualFold(protocol, "udp") {
		f.info(f.at("protocol"), "Tollgate chooses between UDP and TCP itself.")
	}
	if (ref == nil) != (r.TSIGKeyName == "") {
		f.fault(f.path, "want both tsigKeyName and tsigSecretSecretRef, or neither")
		return false
	}
	if ref == nil {
		return true
	}
	i.needs(ref.name)
	r.TSIGSecretRef = &v1alpha1.SecretKeyReference{Name: ref.name, Key: ref.key}
	switch {
	case slices.Contains(algorithms, algorithm):
		r.TSIGAlgorithm = algorithm
	case algorithm == "" || algorithm == "HMACMD5":
		f.loss(f.at("tsigAlgorithm"), "cert-manager's default, HMACMD5, is too weak to be offered. Make a key of algorithm hmac-sha256 at the name server, put it into Secret %s, and set tsigKeyName to its name.", ref.name)
		r.TSIGAlgorithm = "HMACSHA256"
	default:
		f.fault(f.at("tsigAlgorithm"), "want one of %s, found %s", join(algorithms), quote(algorithm))
	}
	return true
}
