// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/mholt/acmez/v3/acme"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// bind joins an account that is about to be registered to the one at the CA that the issuer names.
func (a *Accounts) bind(ctx context.Context, c *acme.Client, spec *v1alpha1.ACMEIssuer, secretNamespace string, account *acme.Account) error {
	eab := spec.ExternalAccountBinding
	if eab == nil {
		directory, err := c.GetDirectory(ctx)
		if err == nil && directory.Meta != nil && directory.Meta.ExternalAccountRequired {
			return &Failure{Reason: v1alpha1.ReasonFailed, Message: fmt.Sprintf(
				"registering the account: ACME server %s takes only accounts that are bound to one of its customers; set spec.acme.externalAccountBinding to the key that the CA gave you", spec.Server)}
		}
		return nil
	}
	name := client.ObjectKey{Namespace: secretNamespace, Name: eab.KeySecretRef.Name}
	s := &corev1.Secret{}
	err := a.Reader.Get(ctx, name, s)
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("reading the key for externalAccountBinding from Secret %s: %w", name, err)
	}
	data, ok := s.Data[eab.KeySecretRef.Key]
	why := error(nil)
	switch {
	case err != nil:
		why = errors.New("the Secret does not exist; create it with the MAC key that the CA gave you")
	case !ok:
		why = errors.New("the Secret has no such key; put the MAC key that the CA gave you there")
	default:
		var mac string
		if mac, why = macKey(string(data)); why == nil {
			if why = account.SetExternalAccountBinding(ctx, c, acme.EAB{KeyID: eab.KeyID, MACKey: mac}); why == nil {
				return nil
			}
		}
	}
	return &Failure{Reason: v1alpha1.ReasonFailed, Message: fmt.Sprintf(
		"reading the key for externalAccountBinding from %s of Secret %s: %v", eab.KeySecretRef.Key, name, why)}
}

// minMAC is the shortest key that is taken, in bytes: whatever is shorter was cut off.
const minMAC = 8

// macKey returns a MAC key as RFC 8555 section 7.3.4 has it: in base64url without padding. CAs' pages show it with
// padding and in the other alphabet too, and files end with a newline.
func macKey(text string) (string, error) {
	canonical := strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(strings.TrimSpace(text), "="))
	if canonical == "" {
		return "", errors.New("it is empty; put the MAC key that the CA gave you there")
	}
	key, err := base64.RawURLEncoding.DecodeString(canonical)
	if err != nil {
		return "", errors.New("it is not base64url; put the MAC key there as the CA gave it, without quotes and not encoded once more")
	}
	if len(key) < minMAC {
		return "", fmt.Errorf("it has %d bytes, which is too short for a MAC key; copy all of it", len(key))
	}
	return canonical, nil
}
