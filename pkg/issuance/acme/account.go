// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mholt/acmez/v3/acme"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

// Accounts registers and finds the accounts of issuers.
type Accounts struct {
	Reader  client.Reader
	Writer  client.Writer
	Clients *Clients
	Clock   clock.PassiveClock

	mu    sync.Mutex
	known map[string]string // server, contact and key thumbprint -> account URI
	keys  map[client.ObjectKey]readKey
}

// keyLifetime is for how long an account key is used again without reading its Secret: many certificates are issued at a time.
const keyLifetime = 10 * time.Second

type readKey struct {
	crypto.Signer
	at time.Time
}

// Get returns the issuer's account. The key is made and written to its Secret before the server sees it; an account
// that the server does not know is registered, so that a server that was reset recovers. What the server has
// confirmed once is not asked again until Forget, unless fresh is true. A refusal is a *Failure.
func (a *Accounts) Get(ctx context.Context, issuer v1alpha1.Issuer, secretNamespace string, fresh bool) (acme.Account, error) {
	spec := issuer.GetSpec().ACME
	key, err := a.recentKey(ctx, client.ObjectKey{Namespace: secretNamespace, Name: spec.PrivateKeySecretRef.Name}, fresh)
	if err != nil {
		return acme.Account{}, err
	}
	account := acme.Account{PrivateKey: key, TermsOfServiceAgreed: spec.TermsOfServiceAgreed}
	if spec.Email != "" {
		account.Contact = []string{"mailto:" + spec.Email}
	}
	id, err := accountID(spec, account)
	if err != nil {
		return account, err
	}
	a.mu.Lock()
	account.Location = a.known[id]
	a.mu.Unlock()
	if account.Location != "" && !fresh {
		return account, nil
	}
	location, err := a.lookup(ctx, spec, secretNamespace, account)
	if err != nil {
		return account, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil {
		a.known = map[string]string{}
	}
	a.known[id] = location
	account.Location = location
	return account, nil
}

// Forget makes the next Get ask the server about the account.
func (a *Accounts) Forget(issuer v1alpha1.Issuer, account acme.Account) {
	id, err := accountID(issuer.GetSpec().ACME, account)
	if err != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.known, id)
	clear(a.keys)
}

// recentKey returns the account key as it was read a moment ago, or reads it.
func (a *Accounts) recentKey(ctx context.Context, name client.ObjectKey, fresh bool) (crypto.Signer, error) {
	now := a.Clock.Now()
	a.mu.Lock()
	kept, ok := a.keys[name]
	a.mu.Unlock()
	if ok && !fresh && now.Sub(kept.at) < keyLifetime {
		return kept.Signer, nil
	}
	key, err := a.key(ctx, name)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.keys == nil {
		a.keys = map[client.ObjectKey]readKey{}
	}
	a.keys[name] = readKey{Signer: key, at: now}
	return key, nil
}

// lookup finds the account by its key, registers it if there is none, and brings its contact up to date.
func (a *Accounts) lookup(ctx context.Context, spec *v1alpha1.ACMEIssuer, secretNamespace string, want acme.Account) (string, error) {
	c, err := a.Clients.For(ctx, spec)
	if err != nil {
		return "", err
	}
	ctx, h, cancel := withHint(ctx)
	defer cancel()
	want.Location = ""
	var got acme.Account
	err = withNonces(ctx, func(ctx context.Context) (err error) {
		got, err = c.GetAccount(ctx, want)
		return err
	})
	if err != nil {
		f := classify(spec.Server, "looking up the account", err, h, a.Clock.Now())
		if !f.UnknownAccount {
			return "", f
		}
		if err := a.bind(ctx, c, spec, secretNamespace, &want); err != nil {
			return "", err
		}
		err := withNonces(ctx, func(ctx context.Context) (err error) {
			got, err = c.NewAccount(ctx, want)
			return err
		})
		if err != nil {
			return "", classify(spec.Server, "registering the account", err, h, a.Clock.Now())
		}
	}
	if got.Status != acme.StatusValid {
		return "", &Failure{Reason: v1alpha1.ReasonFailed, Message: fmt.Sprintf(
			"looking up the account at ACME server %s: account %s is %s; delete Secret %s to register a new one",
			spec.Server, got.Location, got.Status, spec.PrivateKeySecretRef.Name)}
	}
	// A server may keep the contact to itself; then there is nothing to compare.
	if len(got.Contact) > 0 && !slices.Equal(got.Contact, want.Contact) {
		update := acme.Account{PrivateKey: want.PrivateKey, Location: got.Location, Contact: want.Contact}
		err := withNonces(ctx, func(ctx context.Context) error {
			_, err := c.UpdateAccount(ctx, update)
			return err
		})
		if err != nil {
			return "", classify(spec.Server, "changing the account's email", err, h, a.Clock.Now())
		}
	}
	return got.Location, nil
}

// key reads the account key, or makes and writes it.
func (a *Accounts) key(ctx context.Context, name client.ObjectKey) (key crypto.Signer, err error) {
	s := &corev1.Secret{}
	err = a.Reader.Get(ctx, name, s)
	if apierrors.IsNotFound(err) {
		if key, err = pki.NewKey(pki.ECDSA); err != nil {
			return nil, err
		}
		data, err := pki.EncodeKey(key)
		if err != nil {
			return nil, err
		}
		s = &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: name.Namespace, Name: name.Name,
				Labels: map[string]string{v1alpha1.ManagedLabel: "true"},
			},
			Data: map[string][]byte{corev1.TLSPrivateKeyKey: data},
		}
		if err := a.Writer.Create(ctx, s); err != nil {
			return nil, fmt.Errorf("writing the account key to Secret %s: %w", name, err)
		}
		return key, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the account key from Secret %s: %w", name, err)
	}
	key, err = pki.ParseKey(s.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return nil, &Failure{Reason: v1alpha1.ReasonFailed, Message: fmt.Sprintf(
			"reading the account key from %s of Secret %s: %v; put the key there, or delete the Secret to register a new account",
			corev1.TLSPrivateKeyKey, name, err)}
	}
	return key, nil
}

func accountID(spec *v1alpha1.ACMEIssuer, account acme.Account) (string, error) {
	thumbprint, err := account.Thumbprint()
	if err != nil {
		return "", fmt.Errorf("computing the account key's thumbprint: %w", err)
	}
	return spec.Server + "\x00" + spec.Email + "\x00" + thumbprint, nil
}
