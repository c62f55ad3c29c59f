// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package declare reads what a pod declares about the TLS Secrets it needs.
// It is pure: a pod goes in, a Declaration or an error comes out.
package declare

import "time"

// Annotations with which a pod declares the TLS Secrets it needs.
const (
	// RequireTLSAnnotation holds "auto" or a comma-separated list of Secret names.
	RequireTLSAnnotation = "tollgate.dev/require-tls"
	// RequirementsAnnotation holds a YAML or JSON list of requirements.
	RequirementsAnnotation = "tollgate.dev/tls-requirements"
)

// Annotations that change how a declaration is judged. Alone they declare nothing.
const (
	// OnExpiredAnnotation holds "block" or "warn": whether an expired certificate holds the pod.
	OnExpiredAnnotation = "tollgate.dev/on-expired"
	// AllowTemporaryAnnotation holds "true" or "false": whether a temporary self-signed
	// certificate is good enough.
	AllowTemporaryAnnotation = "tollgate.dev/allow-temporary"
	// MaxWaitAnnotation holds a duration such as "15m", reckoned from the creation of the
	// pod, after which the pod goes on with what there is.
	MaxWaitAnnotation = "tollgate.dev/max-wait"
)

// Auto is the value of RequireTLSAnnotation that takes the Secret names from the pod's spec.
const Auto = "auto"

// SchedulingGate is the name of the scheduling gate that holds a declared pod where the
// scheduler has no CertGate. The controller removes it.
const SchedulingGate = "tollgate.dev/tls-ready"

// Limits of a declaration.
const (
	// MaxSecrets is the largest number of different Secrets that one pod may declare.
	MaxSecrets = 50
	// MaxDNSNames is the largest number of names that one requirement may list.
	MaxDNSNames = 100
	// MaxAnnotationBytes is the largest size of one annotation value, in bytes. A value is
	// parsed with the scheduling queue's lock held, which takes some 4 ms at this size.
	MaxAnnotationBytes = 16 << 10
)

// Usage is what a process does with a certificate.
type Usage string

// Usages of a certificate.
const (
	// UsageServer authenticates a server; it is the default.
	UsageServer Usage = "server"
	// UsageClient authenticates a client.
	UsageClient Usage = "client"
)

// TrustKind says where the certificates of trusted authorities are.
type TrustKind string

// Kinds of trust.
const (
	// TrustSecret is the key ca.crt of the Secret itself.
	TrustSecret TrustKind = "ca.crt"
	// TrustConfigMap is a ConfigMap in the pod's namespace.
	TrustConfigMap TrustKind = "configMap"
	// TrustClusterTrustBundle is a ClusterTrustBundle.
	TrustClusterTrustBundle TrustKind = "clusterTrustBundle"
)

// Trust names the authorities by one of which the certificate must be signed. The zero
// value asks for none. It is comparable.
type Trust struct {
	Kind TrustKind
	// Name of the ConfigMap or ClusterTrustBundle.
	Name string
	// Key of the ConfigMap; never empty for that kind, "ca.crt" by default.
	Key string
}

// Requirement is one Secret that must be usable before the pod may be scheduled.
type Requirement struct {
	// SecretName is the name of a Secret in the pod's namespace.
	SecretName string
	// DNSNames are the DNS names and IP addresses that the certificate must cover, in the form
	// that NormalizeName returns, sorted and unique. Empty accepts any name.
	DNSNames []string
	// URIs are the URI names that the certificate must hold, such as spiffe://example.org/web,
	// sorted and unique. They are compared byte by byte.
	URIs []string
	// MinRemaining is for how long the certificate must still be valid; 0 asks for the default,
	// the smaller of five minutes and a twentieth of its lifetime.
	MinRemaining time.Duration
	// Trust names the authorities that must have signed the certificate; zero accepts any.
	Trust Trust
	// Usage is what the certificate must be allowed for; empty is UsageServer.
	Usage Usage
	// RequireChain refuses a certificate whose intermediates are missing.
	RequireChain bool
	// Allow lists reasons of package tlsready that shall not hold the pod: some of NotALeaf,
	// BrokenChain, WeakKey, WeakSignature and WrongUsage; sorted and unique.
	Allow []string
	// AllowTemporary accepts a temporary self-signed certificate; of the whole pod.
	AllowTemporary bool
	// WarnExpired accepts an expired certificate; of the whole pod.
	WarnExpired bool
	// Auto is true if the name was found in the pod's spec and not listed by the user.
	Auto bool
}

// Declaration is everything that a pod declares.
type Declaration struct {
	// Requirements are sorted by SecretName; every SecretName occurs once.
	Requirements []Requirement
	// Deadline is when the pod goes on whatever its Secrets are; zero means never.
	Deadline time.Time
}
