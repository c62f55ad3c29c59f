// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/http01"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
	"github.com/tollgate-dev/tollgate/pkg/issuance/target"
)

// Annotations and data keys of an issuance Secret.
const (
	orderURLAnnotation   = v1alpha1.GroupName + "/order-url"
	accountURIAnnotation = v1alpha1.GroupName + "/account-uri"
	attemptAnnotation    = v1alpha1.GroupName + "/attempt"
	startedAnnotation    = v1alpha1.GroupName + "/started"
	sealAnnotation       = v1alpha1.GroupName + "/seal"
	replacesAnnotation   = v1alpha1.GroupName + "/replaces"

	csrKey = "csr.der"
)

// Record is the write-ahead log of one issuance: a Secret that holds all that a restarted controller needs to go on
// where the last one stopped. The key is in it before the CA sees the request, the order's URL before anything is
// done with the order.
type Record struct {
	// OrderURL of the order at the CA; empty before there is one.
	OrderURL string
	// AccountURI that placed the order.
	AccountURI string
	// Attempt counts the orders placed.
	Attempt int
	// Started is when the record was made.
	Started time.Time
	// Replaces is the identifier (RFC 9773 section 4.1) of the certificate that the CA agreed to have replaced by the order.
	Replaces string
	// Challenges maps the tokens that are being answered by http-01 to their key authorizations.
	Challenges map[string]string
	// DNS are the TXT records that answer by dns-01. They are kept in a Secret of their own, which outlives this one.
	DNS []dnsEntry

	key    crypto.Signer
	csr    []byte
	seal   string
	secret *corev1.Secret
}

// answers reports whether it is written down how the challenge is answered.
func (r *Record) answers(c Pending) bool {
	if c.Type == challengeDNS01 {
		return r.entry(c) != nil
	}
	return r.Challenges[c.Token] == c.KeyAuthorization
}

// entry returns the TXT record that answers the challenge, made by the solver that is to answer it now; nil if there is none.
func (r *Record) entry(c Pending) *dnsEntry {
	for i := range r.DNS {
		x := &r.DNS[i]
		if c.Type == challengeDNS01 && x.Token == c.Token && x.Domain == c.Identifier.Value && x.Value == c.DNS01KeyAuthorization() &&
			equality.Semantic.DeepEqual(x.Solver, maker(c)) {
			return x
		}
	}
	return nil
}

// RecordName is the name of the Secret for the next certificate of cert. It depends on all that the certificate is
// made from, so that a changed spec never resumes the order of the old one.
func RecordName(cert *v1alpha1.TLSCertificate, profile string) string {
	h := sha256.New()
	for _, part := range append(identifierStrings(cert),
		target.IssuerRef(cert), keyAlgorithm(cert), profile, cert.Name) {
		fmt.Fprintf(h, "%d:%s,", len(part), part)
	}
	suffix := fmt.Sprintf("-iss-%s-%d", hex.EncodeToString(h.Sum(nil)[:6]), cert.Status.Revision+1)
	const longest = 253
	name := cert.Name
	if len(name)+len(suffix) > longest {
		name = strings.TrimRight(name[:longest-len(suffix)], "-.")
	}
	return name + suffix
}

// keyAlgorithm names the kind of key that is asked for.
func keyAlgorithm(cert *v1alpha1.TLSCertificate) string {
	p := cert.Spec.PrivateKey
	if p == nil {
		return pki.ECDSA
	}
	name := p.Algorithm
	if name == "" {
		name = pki.ECDSA
	}
	if p.Size != 0 {
		name += " " + strconv.Itoa(int(p.Size))
	}
	return name
}

// identifierStrings returns the names in a canonical order.
func identifierStrings(cert *v1alpha1.TLSCertificate) []string {
	return append(slices.Sorted(slices.Values(cert.Spec.DNSNames)), slices.Sorted(slices.Values(cert.Spec.IPAddresses))...)
}

// sanStrings returns the names in one order, whatever theirs was.
func sanStrings(dnsNames []string, ips []net.IP) []string {
	all := slices.Clone(dnsNames)
	for _, ip := range ips {
		all = append(all, ip.String())
	}
	slices.Sort(all)
	return all
}

// newRecord makes the signing request, and the key unless one is kept.
func newRecord(cert *v1alpha1.TLSCertificate, profile string, kept crypto.Signer, now time.Time) (*Record, error) {
	spec, err := pki.KeySpecFor(cert.Spec.PrivateKey)
	if err != nil {
		return nil, err
	}
	key := kept
	if key == nil {
		if key, err = spec.New(); err != nil {
			return nil, err
		}
	}
	keyPEM, err := pki.EncodeKey(key)
	if err != nil {
		return nil, err
	}
	csr, err := pki.NewCSR(key, cert.Spec.DNSNames, cert.Spec.IPAddresses)
	if err != nil {
		return nil, err
	}
	return &Record{Started: now, key: key, csr: csr, secret: &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: cert.Namespace,
			Name:      RecordName(cert, profile),
			Labels: map[string]string{
				v1alpha1.ManagedLabel:  "true",
				v1alpha1.IssuanceLabel: string(cert.UID),
			},
			OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(cert, v1alpha1.GroupVersion.WithKind("TLSCertificate")),
			},
		},
		Type: v1alpha1.IssuanceSecretType,
		Data: map[string][]byte{corev1.TLSPrivateKeyKey: keyPEM, csrKey: csr},
	}}, nil
}

// readRecord parses a record; an error means that the Secret was tampered with and is of no use.
func readRecord(s *corev1.Secret, cert *v1alpha1.TLSCertificate) (*Record, error) {
	if !metav1.IsControlledBy(s, cert) || s.Type != v1alpha1.IssuanceSecretType {
		return nil, fmt.Errorf("reading Secret %s: it was not made for this TLSCertificate", s.Name)
	}
	r := &Record{
		OrderURL:   s.Annotations[orderURLAnnotation],
		AccountURI: s.Annotations[accountURIAnnotation],
		Replaces:   s.Annotations[replacesAnnotation],
		csr:        s.Data[csrKey],
		seal:       s.Annotations[sealAnnotation],
		secret:     s,
	}
	var err error
	if r.key, err = pki.ParseKey(s.Data[corev1.TLSPrivateKeyKey]); err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(r.csr)
	if err != nil {
		return nil, fmt.Errorf("reading %s of Secret %s: %w", csrKey, s.Name, err)
	}
	if !pki.SamePublicKey(csr.PublicKey, r.key.Public()) {
		return nil, fmt.Errorf("reading Secret %s: the key does not belong to the signing request", s.Name)
	}
	if ips, err := pki.ParseIPs(cert.Spec.IPAddresses); err != nil || !slices.Equal(
		sanStrings(csr.DNSNames, csr.IPAddresses), sanStrings(cert.Spec.DNSNames, ips)) {
		return nil, fmt.Errorf("reading Secret %s: the signing request is for other names", s.Name)
	}
	if data := s.Data[http01.ChallengesKey]; len(data) > 0 {
		if err := json.Unmarshal(data, &r.Challenges); err != nil {
			return nil, fmt.Errorf("reading %s of Secret %s: %w", http01.ChallengesKey, s.Name, err)
		}
	}
	if text := s.Annotations[attemptAnnotation]; text != "" {
		if r.Attempt, err = strconv.Atoi(text); err != nil {
			return nil, fmt.Errorf("reading %s of Secret %s: %w", attemptAnnotation, s.Name, err)
		}
	}
	if r.Started, err = time.Parse(time.RFC3339, s.Annotations[startedAnnotation]); err != nil {
		return nil, fmt.Errorf("reading %s of Secret %s: %w", startedAnnotation, s.Name, err)
	}
	return r, nil
}

// sealOf binds the order and the signing request to this Secret: HMAC-SHA-256 under the account's private key. Whoever may
// write Secrets in the namespace could else have a shared account go on with another namespace's order.
func (r *Record) sealOf(account crypto.Signer) (string, error) {
	key, err := x509.MarshalPKCS8PrivateKey(account)
	if err != nil {
		return "", fmt.Errorf("sealing the issuance: %w", err)
	}
	mac := hmac.New(sha256.New, key)
	uid := string(metav1.GetControllerOfNoCopy(r.secret).UID) // readRecord and newRecord see to it that there is one
	parts := []string{"tollgate issuance", r.secret.Namespace, r.secret.Name, uid, r.AccountURI, r.OrderURL, string(r.csr)}
	if r.Replaces != "" {
		parts = append(parts, r.Replaces)
	}
	for _, part := range parts {
		fmt.Fprintf(mac, "%d:%s,", len(part), part)
	}
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// sealedBy reports whether the order is one that the account of this key placed for this record.
func (r *Record) sealedBy(account crypto.Signer) bool {
	want, err := r.sealOf(account)
	return err == nil && hmac.Equal([]byte(want), []byte(r.seal))
}

// save writes the record, on condition that nobody has changed it since it was read. An order in it is sealed.
func (r *Record) save(ctx context.Context, w client.Writer, account crypto.Signer) error {
	var err error
	s := r.secret.DeepCopy()
	s.Annotations = map[string]string{
		attemptAnnotation: strconv.Itoa(r.Attempt),
		startedAnnotation: r.Started.UTC().Format(time.RFC3339),
	}
	if r.OrderURL != "" {
		s.Annotations[orderURLAnnotation] = r.OrderURL
		s.Annotations[accountURIAnnotation] = r.AccountURI
		if r.Replaces != "" {
			s.Annotations[replacesAnnotation] = r.Replaces
		}
		if s.Annotations[sealAnnotation], err = r.sealOf(account); err != nil {
			return err
		}
	}
	delete(s.Data, http01.ChallengesKey)
	if len(r.Challenges) > 0 {
		data, err := json.Marshal(r.Challenges)
		if err != nil {
			return fmt.Errorf("encoding the challenges: %w", err)
		}
		s.Data[http01.ChallengesKey] = data
	}
	if s.ResourceVersion == "" {
		err = w.Create(ctx, s)
	} else {
		err = w.Update(ctx, s)
	}
	if err != nil {
		return fmt.Errorf("writing issuance Secret %s: %w", s.Name, err)
	}
	r.secret = s
	return nil
}
