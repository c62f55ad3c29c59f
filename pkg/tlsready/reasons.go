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
	// NotALeaf: the first certificate is that of a CA.
	NotALeaf Reason = "NotALeaf"
	// Temporary: the certificate stands in until the real one is issued.
	Temporary Reason = "Temporary"
	// NotYetValid: notBefore is in the future.
	NotYetValid Reason = "NotYetValid"
	// Expired: notAfter has passed.
	Expired Reason = "Expired"
	// ExpiresTooSoon: notAfter is nearer than the pod allows.
	ExpiresTooSoon Reason = "ExpiresTooSoon"
	// NameNotCovered: a declared name is not among the certificate's SANs.
	NameNotCovered Reason = "NameNotCovered"
	// BrokenChain: a certificate did not sign the one before it.
	BrokenChain Reason = "BrokenChain"
	// IncompleteChain: intermediates are missing and the pod asks for them.
	IncompleteChain Reason = "IncompleteChain"
	// IntermediateExpired: a certificate of the chain, not the first, is not valid now.
	IntermediateExpired Reason = "IntermediateExpired"
	// WeakKey: the public key is too weak.
	WeakKey Reason = "WeakKey"
	// WeakSignature: a certificate is signed with MD5 or SHA-1.
	WeakSignature Reason = "WeakSignature"
	// WrongUsage: the certificate is not allowed for what the pod uses it for.
	WrongUsage Reason = "WrongUsage"
	// Untrusted: none of the declared authorities has signed the certificate.
	Untrusted Reason = "Untrusted"
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
	// TrustNotFound: the ConfigMap or ClusterTrustBundle of declared authorities cannot be used.
	TrustNotFound Reason = "TrustNotFound"
	// WaitTimedOut: the pod goes on since it has waited for as long as it asked to.
	WaitTimedOut Reason = "WaitTimedOut"
	// Deadlock: the pod waits for a certificate that cannot be issued without the pod.
	Deadlock Reason = "Deadlock"
	// NoReport: the gate relies on a condition of the pod that nobody writes.
	NoReport Reason = "NoReport"
	// ReportStale: the condition of the pod speaks of another declaration or of the past.
	ReportStale Reason = "ReportStale"
)
