// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

// Reason is a machine-readable cause in CamelCase, used alike in conditions, events and metrics.
type Reason string

// Reasons that Evaluate and Inspect return, in the order in which they are checked.
const (
	// Ready: the Secret can serve.
	Ready Reason = "Ready"
	// SecretNotFound: no Secret of that name exists.
	SecretNotFound Reason = "SecretNotFound"
	// WrongType: the Secret is not of type kubernetes.io/tls.
	WrongType Reason = "WrongType"
	// MissingData: tls.crt or tls.key is absent or empty.
	MissingData Reason = "MissingData"
	// TooLarge: tls.crt or tls.key exceeds the limits for parsing.
	TooLarge Reason = "TooLarge"
	// BadPEM: tls.crt is not a clean sequence of PEM certificates.
	BadPEM Reason = "BadPEM"
	// BadCertificate: a certificate in tls.crt cannot be parsed.
	BadCertificate Reason = "BadCertificate"
	// BadKey: tls.key is not an unencrypted private key.
	BadKey Reason = "BadKey"
	// KeyMismatch: tls.key does not belong to the first certificate.
	KeyMismatch Reason = "KeyMismatch"
	// NotYetValid: notBefore is in the future.
	NotYetValid Reason = "NotYetValid"
	// Expired: notAfter has passed.
	Expired Reason = "Expired"
	// NameNotCovered: a declared name is not among the certificate's SANs.
	NameNotCovered Reason = "NameNotCovered"
)

// Reasons that stand for faults outside the Secret.
const (
	// InvalidDeclaration: the pod's annotation is malformed.
	InvalidDeclaration Reason = "InvalidDeclaration"
	// SecretsForbidden: the permission to read Secrets is missing.
	SecretsForbidden Reason = "SecretsForbidden"
	// NotSynced: the TLS Secrets have not been listed yet.
	NotSynced Reason = "NotSynced"
	// LookupPending: the Secret is not among the TLS Secrets and is being looked up.
	LookupPending Reason = "LookupPending"
)
