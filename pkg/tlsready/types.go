// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tlsready decides whether a Secret can serve TLS for a declaration at a
// given time. It is pure: Inspect parses a Secret once, Evaluate only looks up.
package tlsready

import (
	"time"
	"unique"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Facts is what is kept of one version of one Secret. It holds no byte of tls.key.
// It implements metav1.Object, so that it can take the place of the Secret in an
// informer's store. Facts are immutable once Inspect has returned them.
type Facts struct {
	// ObjectMeta holds name, namespace, UID and resourceVersion and nothing else.
	metav1.ObjectMeta
	// Type is the type of the Secret.
	Type corev1.SecretType
	// Fault says why the Secret can never serve, whatever the time and the names; nil if it can.
	// If it is set, the fields below may be empty.
	Fault *Fault
	// NotBefore and NotAfter bound the validity of the first certificate, in UTC.
	NotBefore, NotAfter time.Time
	// DNSNames are the DNS SANs of the first certificate: lower-case, without trailing dot, sorted, unique.
	DNSNames []string
	// IPAddresses are the IP SANs of the first certificate: canonical text form, sorted, unique.
	IPAddresses []string
	// URIs are the URI SANs of the first certificate as they stand there, sorted, unique.
	URIs []string
	// Serial is the serial number of the first certificate: hex bytes separated by colons.
	Serial string
	// Issuer is the issuer's distinguished name in the form of RFC 2253.
	Issuer string
	// FingerprintSHA256 is the SHA-256 of the first certificate's DER in lower-case hex.
	FingerprintSHA256 string
	// Owner says who makes the Secret, from its annotations and owner references, for example
	// `cert-manager Certificate "web"`; empty if nobody says so. It is set beside a Fault too.
	Owner string

	// issuer keeps the string of Issuer shared among all facts.
	issuer unique.Handle[string]
	// clientFault says why the certificate may not authenticate a client, without naming the
	// Secret; the zero handle if it may. Most server certificates share it.
	clientFault unique.Handle[string]
	// details is what the later checks have found; nil counts as nothing and no ca.crt.
	details *details
}

// Fault is a reason and the message that explains it to people.
type Fault struct {
	Reason  Reason
	Message string
}

// Verdict is the answer for one Secret, or, by Summarize, for a whole pod.
type Verdict struct {
	// Ready is true if the Secret can serve now.
	Ready bool
	// Reason is Ready or why not.
	Reason Reason
	// Message is for people; it is stable over time and empty if Ready.
	Message string
	// RecheckAt is the next time at which the verdict changes by itself; zero means never.
	RecheckAt time.Time
	// Warning says what is wrong with a Secret that can serve nevertheless; mostly empty. It
	// may be set when Ready only.
	Warning string
}
