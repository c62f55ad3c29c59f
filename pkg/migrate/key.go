// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// Algorithms of keys, whose names both have in common.
const (
	algorithmRSA     = "RSA"
	algorithmECDSA   = "ECDSA"
	algorithmEd25519 = "Ed25519"
)

// sizes that Tollgate makes, the default first. cert-manager's defaults are the same.
var sizes = map[string][]int64{algorithmRSA: {2048, 3072, 4096}, algorithmECDSA: {256, 384}}

// readKey reads spec.privateKey. The algorithm is always written, since the defaults differ: RSA there, ECDSA here; another
// algorithm would have the certificate issued again.
func (cert *certificate) readKey(spec *fields) {
	key := spec.object("privateKey")
	to := &v1alpha1.PrivateKeySpec{Algorithm: key.str("algorithm"), RotationPolicy: key.str("rotationPolicy")}
	cert.to.Spec.PrivateKey = to
	if to.Algorithm == "" {
		to.Algorithm = algorithmRSA
	}
	size, given := key.integer("size")
	known := sizes[to.Algorithm]
	switch {
	case to.Algorithm == algorithmEd25519:
	case known == nil:
		cert.fault("spec.privateKey.algorithm", "want RSA, ECDSA or Ed25519, found %s", quote(to.Algorithm))
	case !given || size == 0:
		to.Size = int32(known[0])
	case slices.Contains(known, size):
		to.Size = int32(size)
	default:
		to.Size = int32(known[len(known)-1])
		cert.loss("spec.privateKey.size", "Tollgate makes no %s keys of %d bits; the next certificate has one of %d.", to.Algorithm, size, to.Size)
	}
	switch to.RotationPolicy {
	case "", "Always", "Never":
	default:
		cert.fault("spec.privateKey.rotationPolicy", "want Always or Never, found %s", quote(to.RotationPolicy))
	}
	if encoding := key.str("encoding"); encoding == "PKCS1" {
		cert.loss("spec.privateKey.encoding", "Tollgate writes keys as PKCS #8 (BEGIN PRIVATE KEY). What reads PKCS #1 only can convert it: openssl pkey -traditional.")
	}
	key.rest()
	if algorithm := spec.str("signatureAlgorithm"); algorithm != "" {
		cert.loss("spec.signatureAlgorithm", "the CA chooses the signature by its own key.")
	}
}

// minDuration of a TLSCertificate, and defaultDuration where nothing is said: both as in cert-manager.
const (
	minDuration     = time.Hour
	defaultDuration = 90 * 24 * time.Hour
)

// readTimes reads how long the certificate is valid, and when it is renewed.
func (cert *certificate) readTimes(spec *fields) {
	to := &cert.to.Spec
	duration := spec.duration("duration")
	switch {
	case duration == 0:
	case duration < minDuration:
		cert.loss("spec.duration", "%s is shorter than %s, the least of Tollgate; the default of 90 days is used.", duration, minDuration)
		duration = 0
	default:
		to.Duration = &metav1.Duration{Duration: duration}
	}
	if duration == 0 {
		duration = defaultDuration
	}
	before := spec.duration("renewBefore")
	percentage, hasPercentage := spec.integer("renewBeforePercentage")
	switch {
	case before < 0:
		cert.loss("spec.renewBefore", "%s is not positive; the default of a third of the lifetime is used.", before)
	case before >= duration && to.Duration != nil: // the API server refuses the two together
		cert.loss("spec.renewBefore", "%s is not shorter than the duration of %s; the default of a third of the lifetime is used.", before, duration)
	case before > 0:
		to.RenewBefore = &metav1.Duration{Duration: before}
		if !cert.issuer.isACME() && before > duration/2 {
			cert.loss("spec.renewBefore", "%s is more than half of the lifetime of %s; half is used, so that no certificate is due when it is born.", before, duration)
		}
		if hasPercentage {
			cert.loss("spec.renewBeforePercentage", "renewBefore is set too, and is used.")
		}
	case hasPercentage && (percentage < 1 || percentage > 99):
		cert.loss("spec.renewBeforePercentage", "%d is not between 1 and 99; the default of a third of the lifetime is used.", percentage)
	case hasPercentage:
		p := int32(percentage)
		to.RenewBeforePercentage = &p
	}
	cert.readRenewal(spec.object("renewal"))
}

// readRenewal reads the renewal policy of cert-manager 1.21.
func (cert *certificate) readRenewal(renewal *fields) {
	if renewal.str("policy") == "Disabled" {
		cert.loss("spec.renewal.policy", "Tollgate renews every certificate. Set spec.suspend to true once it is issued, and nothing is issued any more.")
	}
	if len(renewal.objects("windows")) > 0 {
		cert.loss("spec.renewal.windows", "Tollgate renews when it is due, at any hour: pods are not restarted by it.")
	}
	renewal.rest()
}
