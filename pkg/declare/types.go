// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package declare reads what a pod declares about the TLS Secrets it needs.
// It is pure: a pod goes in, a Declaration or an error comes out.
package declare

// Annotations with which a pod declares the TLS Secrets it needs.
const (
	// RequireTLSAnnotation holds "auto" or a comma-separated list of Secret names.
	RequireTLSAnnotation = "tollgate.dev/require-tls"
	// RequirementsAnnotation holds a YAML or JSON list of {secretName, dnsNames}.
	RequirementsAnnotation = "tollgate.dev/tls-requirements"
)

// Auto is the value of RequireTLSAnnotation that takes the Secret names from the pod's spec.
const Auto = "auto"

// Limits of a declaration.
const (
	// MaxSecrets is the largest number of different Secrets that one pod may declare.
	MaxSecrets = 50
	// MaxDNSNames is the largest number of names that one requirement may list.
	MaxDNSNames = 100
	// MaxAnnotationBytes is the largest size of one annotation value, in bytes.
	MaxAnnotationBytes = 64 << 10
)

// Requirement is one Secret that must be usable before the pod may be scheduled.
type Requirement struct {
	// SecretName is the name of a Secret in the pod's namespace.
	SecretName string
	// DNSNames are the names that the certificate must cover, in the form that
	// NormalizeName returns, sorted and unique. Empty accepts any name.
	DNSNames []string
	// Auto is true if the name was found in the pod's spec and not listed by the user.
	Auto bool
}

// Declaration is everything that a pod declares.
type Declaration struct {
	// Requirements are sorted by SecretName; every SecretName occurs once.
	Requirements []Requirement
}
