// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

const (
	// IssuancesSecretType is the type of the Secrets that count certificates.
	IssuancesSecretType = v1alpha1.GroupName + "/issuances"

	issuerAnnotation = v1alpha1.IssuerAnnotation
	issuancesKey     = "issuances"
	// maxIssuances bounds a shard: each takes about 70 bytes, and 40 more for its set, of the 1 MiB of a Secret. There are
	// sixteen shards. Beyond that the sets whose last issuance is the oldest are forgotten.
	maxIssuances = 8000
)

// shard counts the certificates of an issuer for a sixteenth of all sets of names. It is a Secret beside the issuer's
// others, since the count must outlive TLSCertificates and their Secrets: they are deleted by those whom it protects.
type shard struct {
	sets   map[string][]issuance
	secret *corev1.Secret
}

// shardName depends on the server too: certificates of a staging server do not count for another.
func shardName(issuer v1alpha1.Issuer, set string) string {
	sum := sha256.Sum256([]byte(issuer.Kind() + "\x00" + issuer.GetName() + "\x00" + issuer.GetSpec().ACME.Server))
	return fmt.Sprintf("tollgate-issuances-%s-%s", hex.EncodeToString(sum[:6]), set[:1])
}

func readShard(ctx context.Context, r client.Reader, namespace string, issuer v1alpha1.Issuer, set string) (*shard, error) {
	name := client.ObjectKey{Namespace: namespace, Name: shardName(issuer, set)}
	s := &corev1.Secret{}
	err := r.Get(ctx, name, s)
	if apierrors.IsNotFound(err) {
		return &shard{sets: map[string][]issuance{}, secret: &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: name.Namespace, Name: name.Name,
				Labels:      map[string]string{v1alpha1.ManagedLabel: "true"},
				Annotations: map[string]string{issuerAnnotation: issuer.Kind() + "/" + issuer.GetName()},
			},
			Type: IssuancesSecretType,
		}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the number of issuances from Secret %s: %w", name, err)
	}
	if s.Type != IssuancesSecretType {
		return nil, &Failure{Reason: v1alpha1.ReasonFailed, Message: fmt.Sprintf(
			"reading the number of issuances: Secret %s has type %q, want %q; delete or rename it", name, s.Type, IssuancesSecretType)}
	}
	out := &shard{secret: s}
	if err := json.Unmarshal(s.Data[issuancesKey], &out.sets); err != nil || out.sets == nil {
		out.sets = map[string][]issuance{} // somebody wrote something else into it
	}
	return out, nil
}

// save writes the shard without what is out of the window, on condition that nobody has changed it since it was read.
func (s *shard) save(ctx context.Context, w client.Writer, now time.Time) error {
	var err error
	data, err := json.Marshal(trim(s.sets, now, maxIssuances))
	if err != nil {
		return fmt.Errorf("encoding the number of issuances: %w", err)
	}
	secret := s.secret.DeepCopy()
	secret.Data = map[string][]byte{issuancesKey: data}
	if secret.ResourceVersion == "" {
		err = w.Create(ctx, secret)
	} else {
		err = w.Update(ctx, secret)
	}
	if err != nil {
		return fmt.Errorf("writing the number of issuances to Secret %s: %w", client.ObjectKeyFromObject(secret), err)
	}
	return nil
}

// trim keeps what is recent, and of that no more than most issuances: those of the sets that had one last.
func trim(sets map[string][]issuance, now time.Time, most int) map[string][]issuance {
	out := map[string][]issuance{}
	for set, all := range sets {
		if all = recent(all, now); len(all) > 0 {
			out[set] = all
		}
	}
	keys := slices.Sorted(maps.Keys(out))
	last := func(set string) time.Time { return out[set][len(out[set])-1].At }
	slices.SortStableFunc(keys, func(a, b string) int { return last(b).Compare(last(a)) })
	n := 0
	for _, set := range keys {
		if n += len(out[set]); n > most {
			delete(out, set)
		}
	}
	return out
}
