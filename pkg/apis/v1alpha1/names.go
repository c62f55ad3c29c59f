// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Names that objects of other groups carry.
const (
	// TLSReadyCondition is the pod condition that says whether the Secrets a pod declares are usable.
	TLSReadyCondition = "tollgate.dev/TLSReady"

	// CertificateNameAnnotation names the TLSCertificate that a Secret was issued for.
	CertificateNameAnnotation = "tollgate.dev/certificate-name"
	// IssuerAnnotation names the issuer (kind/name) of the certificate in a Secret.
	IssuerAnnotation = "tollgate.dev/issuer"
	// FingerprintAnnotation is the SHA-256 of the leaf certificate in a Secret, in lower-case hex.
	FingerprintAnnotation = "tollgate.dev/fingerprint-sha256"
	// IssuedAtAnnotation is when the certificate in a Secret was obtained, in RFC 3339; renewal is reckoned from it.
	IssuedAtAnnotation = "tollgate.dev/issued-at"
	// IssuanceLabel is the UID of the TLSCertificate on the objects that exist while its certificate is being obtained.
	IssuanceLabel = "tollgate.dev/issuance"
	// ManagedLabel is "true" on every object that the controller made.
	ManagedLabel = "tollgate.dev/managed"

	// IssuanceSecretType is the type of the write-ahead Secrets of running ACME orders.
	IssuanceSecretType = "tollgate.dev/issuance"

	// KindCertIssuer and KindClusterCertIssuer are the kinds an IssuerReference may name.
	KindCertIssuer        = "CertIssuer"
	KindClusterCertIssuer = "ClusterCertIssuer"
)

// Condition types of TLSCertificate and of the issuers.
const (
	// ConditionReady is True while the Secret (or the issuer) can be used.
	ConditionReady = "Ready"
	// ConditionIssuing is True while a certificate is being obtained; its reason names the step.
	ConditionIssuing = "Issuing"
)

// Reasons of condition Ready of a TLSCertificate, beside those of package tlsready.
const (
	// ReasonIssued says that the Secret holds a valid certificate.
	ReasonIssued = "Issued"
	// ReasonNotAllowed says that spec.allow of the ClusterCertIssuer does not permit the names in this namespace.
	ReasonNotAllowed = "NotAllowed"
	// ReasonOwnedByOther says that the Secret belongs to somebody else and is left alone.
	ReasonOwnedByOther = "OwnedByOther"
	// ReasonCAExpiresTooSoon says that the CA ends before any leaf of it could be used.
	ReasonCAExpiresTooSoon = "CAExpiresTooSoon"
)

// Reasons of condition Ready of an issuer, beside ReasonCAExpiresTooSoon and ReasonServerUnreachable.
const (
	// ReasonAccountReady says that the ACME account is registered.
	ReasonAccountReady = "AccountReady"
	// ReasonAccountFailed says that the ACME server refused the account; message says why.
	ReasonAccountFailed = "AccountFailed"
	// ReasonCAReady says that the CA's key pair can sign.
	ReasonCAReady = "CAReady"
	// ReasonCAUnusable says that the CA's Secret is absent or cannot sign; message says why.
	ReasonCAUnusable = "CAUnusable"
)

// Reasons of condition Issuing.
const (
	// ReasonIdle says that nothing has to be issued now.
	ReasonIdle = "Idle"
	// ReasonWaitingForIssuer says that the issuer is absent or not Ready.
	ReasonWaitingForIssuer = "WaitingForIssuer"
	// ReasonCreatingOrder says that an ACME order is about to be placed.
	ReasonCreatingOrder = "CreatingOrder"
	// ReasonPresenting says that answers to the challenges are being put in place.
	ReasonPresenting = "Presenting"
	// ReasonWaitingForPropagation says that a name server does not have a TXT record yet; message names it.
	ReasonWaitingForPropagation = "WaitingForPropagation"
	// ReasonValidating says that the CA checks the challenges.
	ReasonValidating = "Validating"
	// ReasonFinalizing says that the CA signs.
	ReasonFinalizing = "Finalizing"
	// ReasonChallengeFailed says that the CA refused a challenge; message and nextAttemptTime say more.
	ReasonChallengeFailed = "ChallengeFailed"
	// ReasonRateLimited says that the CA asked to wait until nextAttemptTime.
	ReasonRateLimited = "RateLimited"
	// ReasonFailed says that an attempt failed for another cause; message and nextAttemptTime say more.
	ReasonFailed = "Failed"
	// ReasonServerUnreachable says that the ACME server does not answer; it is asked again at nextAttemptTime.
	ReasonServerUnreachable = "ServerUnreachable"
	// ReasonBadDNSCredentials says that a dns01 solver's Secret is absent, or what it holds was refused; message says which.
	ReasonBadDNSCredentials = "BadDNSCredentials"
	// ReasonProfileUnsupported says that the ACME server does not offer the profile; message lists those that it offers.
	ReasonProfileUnsupported = "ProfileUnsupported"
	// ReasonSuspended says that spec.suspend is true.
	ReasonSuspended = "Suspended"
)
