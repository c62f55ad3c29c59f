// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"crypto/x509"

	corev1 "k8s.io/api/core/v1"
)

// TemporaryAnnotation with the value "true" marks a Secret whose certificate only stands
// in until the real one is issued.
const TemporaryAnnotation = "tollgate.dev/temporary"

// Marks of the certificate that cert-manager puts into a Secret while the real one is
// being issued (annotation cert-manager.io/issue-temporary-certificate).
const (
	certManagerTemporaryIssuer = "cert-manager.local"
	certManagerTemporarySerial = "1234567890" // serialNumber in the subject
)

func temporaryMessage(s *corev1.Secret, leaf *x509.Certificate) string {
	switch {
	case s.Annotations[TemporaryAnnotation] == "true":
		return " holds a temporary self-signed certificate while the real one is being issued"
	case leaf.Issuer.CommonName == certManagerTemporaryIssuer && leaf.Subject.SerialNumber == certManagerTemporarySerial:
		return " holds cert-manager's temporary self-signed certificate while the real one is being issued"
	}
	return ""
}
