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
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01"
)

const (
	// DNS01SecretType is the type of the Secrets that say which TXT records exist.
	DNS01SecretType = v1alpha1.GroupName + "/dns01"
	// dns01Label is on them, so that those of deleted TLSCertificates are found.
	dns01Label = v1alpha1.GroupName + "/dns01"

	certificateNamespaceAnnotation = v1alpha1.GroupName + "/certificate-namespace"
	certificateUIDAnnotation       = v1alpha1.GroupName + "/certificate-uid"
	recordsKey                     = "records"
)

// dnsEntry is one TXT record that exists or is about to.
type dnsEntry struct {
	FQDN   string `json:"fqdn"`
	Zone   string `json:"zone"`
	Value  string `json:"value"`
	Domain string `json:"domain"`
	Token  string `json:"token"`
	// KeyAuthorization that Value is the hash of. It is public: http-01 serves it.
	KeyAuthorization string `json:"keyAuthorization,omitempty"`
	// Solver as it was when the record was made: the one that can remove it.
	Solver v1alpha1.DNS01Solver `json:"solver"`
	// IssuerKind, IssuerName and AccountSecret are whose solver it is, and whose key seals the entry.
	IssuerKind    string `json:"issuerKind"`
	IssuerName    string `json:"issuerName"`
	AccountSecret string `json:"accountSecret"`
	// Seal is HMAC-SHA-256 under the account's private key over all of the above and the place of the Secret. Whoever may
	// write Secrets could else have the controller send an issuer's credentials elsewhere.
	Seal string `json:"seal"`

	// State is what the solver needs to remove the record, as it said when it made it. It is not sealed: it is known only later.
	State string `json:"state,omitempty"`
	// Released is when nobody needed the record any more; zero while somebody does.
	Released time.Time `json:"released,omitzero"`
	// Attempts to remove it that failed, and when the next is.
	Attempts int       `json:"attempts,omitempty"`
	Next     time.Time `json:"next,omitzero"`
}

func (x *dnsEntry) record() dns01.Record {
	return dns01.Record{
		FQDN: x.FQDN, Zone: x.Zone, Value: x.Value, TTL: challengeTTL,
		Domain: x.Domain, Token: x.Token, KeyAuthorization: x.KeyAuthorization, State: x.State,
	}
}

// journal is the write-ahead log of the TXT records for one TLSCertificate: a Secret in the namespace of the issuer's
// Secrets. It is no part of the issuance Secret because it has to outlive it, and the TLSCertificate too.
type journal struct {
	certificate types.NamespacedName
	uid         types.UID
	entries     []dnsEntry
	secret      *corev1.Secret
}

func journalName(cert *v1alpha1.TLSCertificate) string {
	sum := sha256.Sum256([]byte(cert.Namespace + "\x00" + string(cert.UID)))
	return "tollgate-dns01-" + hex.EncodeToString(sum[:8])
}

// readJournal reads the journal of cert from a namespace; an empty one if there is none.
func readJournal(ctx context.Context, r client.Reader, namespace string, cert *v1alpha1.TLSCertificate) (*journal, error) {
	s := &corev1.Secret{}
	name := client.ObjectKey{Namespace: namespace, Name: journalName(cert)}
	err := r.Get(ctx, name, s)
	if apierrors.IsNotFound(err) {
		return &journal{certificate: client.ObjectKeyFromObject(cert), uid: cert.UID, secret: &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: name.Namespace, Name: name.Name,
				Labels: map[string]string{v1alpha1.ManagedLabel: "true", dns01Label: "true"},
				Annotations: map[string]string{
					v1alpha1.CertificateNameAnnotation: cert.Name,
					certificateNamespaceAnnotation:     cert.Namespace,
					certificateUIDAnnotation:           string(cert.UID),
				},
			},
			Type: DNS01SecretType,
		}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the TXT records in Secret %s: %w", name, err)
	}
	return parseJournal(s)
}

// parseJournal reads a journal. Entries that are no JSON are forgotten: somebody else wrote them.
func parseJournal(s *corev1.Secret) (*journal, error) {
	if s.Type != DNS01SecretType {
		return nil, fmt.Errorf("reading the TXT records in Secret %s/%s: it has type %q, want %q; delete or rename it",
			s.Namespace, s.Name, s.Type, DNS01SecretType)
	}
	j := &journal{secret: s, uid: types.UID(s.Annotations[certificateUIDAnnotation]), certificate: types.NamespacedName{
		Namespace: s.Annotations[certificateNamespaceAnnotation], Name: s.Annotations[v1alpha1.CertificateNameAnnotation],
	}}
	if err := json.Unmarshal(s.Data[recordsKey], &j.entries); err != nil {
		j.entries = nil
	}
	return j, nil
}

// remember keeps what the solver said about the record of an entry.
func (j *journal) remember(ctx context.Context, w client.Writer, seal, state string) error {
	i := slices.IndexFunc(j.entries, func(x dnsEntry) bool { return x.Seal == seal })
	if i < 0 || j.entries[i].State == state {
		return nil
	}
	j.entries[i].State = state
	return j.save(ctx, w)
}

// inUse returns the entries of the issuer that somebody needs, if its account sealed them.
func (j *journal) inUse(issuer v1alpha1.Issuer, account crypto.Signer) []dnsEntry {
	var out []dnsEntry
	for _, x := range j.entries {
		if x.Released.IsZero() && x.IssuerKind == issuer.Kind() && x.IssuerName == issuer.GetName() && j.sealed(x, account) {
			out = append(out, x)
		}
	}
	return out
}

// add writes entries down, on condition that nobody has changed the journal since it was read.
func (j *journal) add(ctx context.Context, w client.Writer, account crypto.Signer, entries []dnsEntry) error {
	for _, x := range entries {
		var err error
		if x.Seal, err = j.seal(x, account); err != nil {
			return err
		}
		j.entries = append(j.entries, x)
	}
	return j.save(ctx, w)
}

// release says that nobody needs the records any more, except those that keep returns true for.
func (j *journal) release(now time.Time, keep func(dnsEntry) bool) (changed bool) {
	for i := range j.entries {
		if x := &j.entries[i]; x.Released.IsZero() && !keep(*x) {
			x.Released, x.Next, changed = now.UTC(), now.UTC(), true
		}
	}
	return changed
}

// needs reports whether somebody needs the value. Two solvers may have made it, if the issuer was changed.
func (j *journal) needs(fqdn, value string) bool {
	return slices.ContainsFunc(j.entries, func(x dnsEntry) bool { return x.Released.IsZero() && x.FQDN == fqdn && x.Value == value })
}

// save writes the journal, or deletes it when it is empty.
func (j *journal) save(ctx context.Context, w client.Writer) error {
	var err error
	exists := j.secret.ResourceVersion != ""
	switch s := j.secret.DeepCopy(); {
	case len(j.entries) == 0 && exists:
		err = client.IgnoreNotFound(w.Delete(ctx, s, preconditions(s)))
		j.secret.ResourceVersion, j.secret.UID = "", ""
	case len(j.entries) > 0:
		data, marshalErr := json.Marshal(j.entries)
		if marshalErr != nil {
			return fmt.Errorf("encoding the TXT records: %w", marshalErr)
		}
		s.Data = map[string][]byte{recordsKey: data}
		if exists {
			err = w.Update(ctx, s)
		} else {
			err = w.Create(ctx, s)
		}
		j.secret = s
	}
	if err != nil {
		return fmt.Errorf("writing the TXT records to Secret %s/%s: %w", j.secret.Namespace, j.secret.Name, err)
	}
	return nil
}

// seal binds an entry to the journal and to the account.
func (j *journal) seal(x dnsEntry, account crypto.Signer) (string, error) {
	key, err := x509.MarshalPKCS8PrivateKey(account)
	if err != nil {
		return "", fmt.Errorf("sealing a TXT record: %w", err)
	}
	solver, err := json.Marshal(x.Solver)
	if err != nil {
		return "", fmt.Errorf("sealing a TXT record: %w", err)
	}
	mac := hmac.New(sha256.New, key)
	for _, part := range []string{
		"tollgate dns01", j.secret.Namespace, j.secret.Name, x.FQDN, x.Zone, x.Value, x.Domain, x.Token, x.KeyAuthorization,
		string(solver), x.IssuerKind, x.IssuerName, x.AccountSecret,
	} {
		fmt.Fprintf(mac, "%d:%s,", len(part), part)
	}
	return hex.EncodeToString(mac.Sum(nil)), nil
}

func (j *journal) sealed(x dnsEntry, account crypto.Signer) bool {
	want, err := j.seal(x, account)
	return err == nil && hmac.Equal([]byte(want), []byte(x.Seal))
}
