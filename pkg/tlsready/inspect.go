// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"unique"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

// Limits for parsing, in bytes and certificates. They are those of cert-manager, so that
// what it writes is accepted here.
const (
	maxCertBytes    = 95_000
	maxKeyBytes     = 13_000
	maxCertificates = 10
	// maxKeyDER bounds a key itself: one of RSA with maxRSABits has 4,700 bytes.
	maxKeyDER = 5_000
)

// Inspect parses a Secret and verifies its signatures once. It never panics, takes time
// bounded by the limits above and keeps no byte of tls.key, neither in the facts nor in a
// message. Reading, parsing and matching the pair are checks in a fixed order; the first
// fault wins, and nothing else is looked at then.
func Inspect(s *corev1.Secret) *Facts {
	return inspect(s, maxWork)
}

// InspectQuickly is Inspect for Secrets that take little time, as nearly all do. Of another it returns facts that are Unchecked,
// within some milliseconds.
func InspectQuickly(s *corev1.Secret) *Facts {
	return inspect(s, quickWork)
}

// Unchecked reports whether the signatures were left unchecked. Until Inspect has made other facts, the Secret cannot serve.
func (f *Facts) Unchecked() bool { return f.Fault == unchecked }

// unchecked is the fault of facts that InspectQuickly has left.
var unchecked = &Fault{Reason: LookupPending, Message: "a Secret whose signatures take long to check was not checked yet"}

func inspect(s *corev1.Secret, limit int) *Facts {
	f := &Facts{
		ObjectMeta: metav1.ObjectMeta{
			Name:            s.Name,
			Namespace:       s.Namespace,
			UID:             s.UID,
			ResourceVersion: s.ResourceVersion,
		},
		Type:  s.Type,
		Owner: owner(s),
	}
	if fault := f.safely(s, limit); fault != nil {
		if fault != unchecked {
			fault.Message = secretRef(s.Namespace, s.Name) + fault.Message
		}
		f.Fault = fault
	}
	return f
}

// safely turns a panic into a fault: the bytes come from whoever may write a Secret, and
// a bug in a parser must not end the process, which may be the cluster's scheduler.
func (f *Facts) safely(s *corev1.Secret, limit int) (fault *Fault) {
	defer func() {
		if recover() != nil {
			fault = faultf(BadCertificate, ": tls.crt and tls.key cannot be parsed")
		}
	}()
	return f.inspect(s, limit)
}

func (f *Facts) inspect(s *corev1.Secret, limit int) *Fault {
	if s.Type != corev1.SecretTypeTLS {
		return faultf(WrongType, " has type %q, want %q; the type cannot be changed in place, delete and recreate it", text.Clip(string(s.Type), 80), corev1.SecretTypeTLS)
	}
	f.Type = corev1.SecretTypeTLS // the constant: 50,000 copies of it add up
	certPEM, keyPEM := s.Data[corev1.TLSCertKey], s.Data[corev1.TLSPrivateKeyKey]
	if fault := checkPresence(s); fault != nil {
		return fault
	}
	if fault := checkSize(certPEM, keyPEM); fault != nil {
		return fault
	}
	certs, fault := parseCertificates(certPEM, keyPEM)
	if fault != nil {
		return fault
	}
	f.describe(certs[0])
	key, fault := parseKey(keyPEM)
	if fault != nil {
		return fault
	}
	if fault := checkPair(certs, key); fault != nil {
		return fault
	}
	if fault := checkWork(certs); fault != nil {
		return fault
	}
	authorities, problem := ParseAnchors(s.Data[trustKey])
	if limit < maxWork && totalWork(certs, authorities) > limit {
		return unchecked
	}
	f.details = examine(s, certs, authorities, problem)
	if message := clientUsageMessage(certs[0]); message != "" {
		f.clientFault = unique.Make(message)
	}
	return nil
}

func checkPresence(s *corev1.Secret) *Fault {
	for _, key := range []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey} {
		data, ok := s.Data[key]
		if !ok {
			return faultf(MissingData, " has no %s (certificate not issued yet)", key)
		}
		if len(data) == 0 {
			return faultf(MissingData, " has an empty %s (certificate not issued yet)", key)
		}
	}
	return nil
}

func checkSize(certPEM, keyPEM []byte) *Fault {
	for _, part := range []struct {
		key         string
		size, limit int
	}{
		{corev1.TLSCertKey, len(certPEM), maxCertBytes},
		{corev1.TLSPrivateKeyKey, len(keyPEM), maxKeyBytes},
	} {
		if part.size > part.limit {
			return faultf(TooLarge, ": %s is %d kB; refusing to parse more than %d kB", part.key, (part.size+999)/1000, part.limit/1000)
		}
	}
	return nil
}

// checkPair tells whether the key belongs to the first certificate.
func checkPair(certs []*x509.Certificate, key crypto.Signer) *Fault {
	for i, cert := range certs {
		if !samePublicKey(cert.PublicKey, key.Public()) {
			continue
		}
		if i == 0 {
			return nil
		}
		return faultf(KeyMismatch, ": tls.key matches certificate %d: the chain is in the wrong order, put the leaf first", i+1)
	}
	return faultf(KeyMismatch, ": tls.key does not match the first certificate (%s, serial %s)", subjectOf(certs[0]), serial(certs[0]))
}

func samePublicKey(cert, key crypto.PublicKey) bool {
	switch pub := cert.(type) {
	case *rsa.PublicKey:
		return pub.Equal(key)
	case *ecdsa.PublicKey:
		return pub.Equal(key)
	case ed25519.PublicKey:
		return pub.Equal(key)
	}
	return false
}

// faultf makes a fault; the message continues after `secret "ns/name"`.
func faultf(reason Reason, format string, args ...any) *Fault {
	return &Fault{Reason: reason, Message: fmt.Sprintf(format, args...)}
}
