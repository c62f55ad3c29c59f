// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package http01 answers http-01 challenges (RFC 8555 section 8.3) from the controller itself, and makes the objects
// that lead the CA's requests to it.
package http01

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// ChallengesKey is the key of an issuance Secret that holds a JSON object from token to key authorization.
const ChallengesKey = "challenges"

const (
	tokenIndex = "token"
	ownerIndex = "owner"
	nameIndex  = "certificate"
)

// record is what is kept of an issuance Secret: no byte of a private key.
type record struct {
	metav1.ObjectMeta
	challenges map[string]string
}

// DeepCopyObject implements runtime.Object. Records are immutable.
func (r *record) DeepCopyObject() runtime.Object { c := *r; return &c }

// GetObjectKind implements runtime.Object.
func (r *record) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

// Store knows the answers to the challenges of all running orders.
type Store struct {
	informer cache.SharedIndexInformer
}

// NewStore returns a store that watches the Secrets of type tollgate.dev/issuance in all namespaces.
func NewStore(client kubernetes.Interface) (*Store, error) {
	only := func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector("type", v1alpha1.IssuanceSecretType).String()
	}
	informer := cache.NewSharedIndexInformer(cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			only(&o)
			return client.CoreV1().Secrets(metav1.NamespaceAll).List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			only(&o)
			return client.CoreV1().Secrets(metav1.NamespaceAll).Watch(ctx, o)
		},
	}, client), &corev1.Secret{}, 0, cache.Indexers{tokenIndex: byToken, ownerIndex: byOwner, nameIndex: byName, cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	if err := informer.SetTransform(strip); err != nil {
		return nil, fmt.Errorf("preparing the watch of challenges: %w", err)
	}
	return &Store{informer: informer}, nil
}

// strip replaces a Secret by its record.
func strip(obj any) (any, error) {
	s, ok := obj.(*corev1.Secret)
	if !ok {
		return obj, nil // a tombstone, or a record already
	}
	r := &record{ObjectMeta: metav1.ObjectMeta{
		Namespace: s.Namespace, Name: s.Name, UID: s.UID, ResourceVersion: s.ResourceVersion,
		OwnerReferences: s.OwnerReferences, CreationTimestamp: s.CreationTimestamp,
	}}
	if s.Type == v1alpha1.IssuanceSecretType {
		// What is not JSON answers nothing; the controller replaces such a Secret.
		_ = json.Unmarshal(s.Data[ChallengesKey], &r.challenges)
		// Others may write such Secrets too: nothing but key authorizations is served.
		maps.DeleteFunc(r.challenges, func(token, answer string) bool {
			thumbprint, ok := strings.CutPrefix(answer, token+".")
			return !ok || !base64url(token) || !base64url(thumbprint)
		})
	}
	return r, nil
}

// base64url reports whether s is a token or thumbprint as RFC 8555 section 8.1 has them, of a length that CAs use.
func base64url(s string) bool {
	return s != "" && len(s) <= 256 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

func byToken(obj any) ([]string, error) {
	r, ok := obj.(*record)
	if !ok {
		return nil, nil
	}
	tokens := make([]string, 0, len(r.challenges))
	for token := range r.challenges {
		tokens = append(tokens, token)
	}
	return tokens, nil
}

// byOwner indexes by the UID of the TLSCertificate.
func byOwner(obj any) ([]string, error) {
	if r, ok := obj.(*record); ok {
		if owner := metav1.GetControllerOfNoCopy(r); owner != nil {
			return []string{string(owner.UID)}, nil
		}
	}
	return nil, nil
}

// byName indexes by namespace and name of the TLSCertificate.
func byName(obj any) ([]string, error) {
	if r, ok := obj.(*record); ok {
		if owner := metav1.GetControllerOfNoCopy(r); owner != nil {
			return []string{r.Namespace + "/" + owner.Name}, nil
		}
	}
	return nil, nil
}

// Start runs the watch until ctx ends.
func (s *Store) Start(ctx context.Context) error {
	s.informer.RunWithContext(ctx)
	return nil
}

// NeedLeaderElection returns false: every replica answers.
func (s *Store) NeedLeaderElection() bool { return false }

// Synced reports whether the watch has seen all challenges that there were when it began.
func (s *Store) Synced() bool { return s.informer.HasSynced() }

// KeyAuthorization returns the answer for a token. Of several records with the token the oldest answers, so that nobody who
// may write Secrets somewhere can take another's challenge over.
func (s *Store) KeyAuthorization(token string) (string, bool) {
	objs, err := s.informer.GetIndexer().ByIndex(tokenIndex, token)
	if err != nil || len(objs) == 0 {
		return "", false
	}
	first := slices.MinFunc(objs, func(a, b any) int {
		x, y := a.(*record), b.(*record)
		return cmp.Or(x.CreationTimestamp.Compare(y.CreationTimestamp.Time), cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Name, y.Name))
	})
	answer, ok := first.(*record).challenges[token]
	return answer, ok
}

// Pending reports whether the TLSCertificate with the UID has an issuance Secret, as far as the watch knows.
func (s *Store) Pending(certificate types.UID) bool {
	keys, err := s.informer.GetIndexer().IndexKeys(ownerIndex, string(certificate))
	return err == nil && len(keys) > 0
}

// Any reports whether there is an issuance Secret, as far as the watch knows.
func (s *Store) Any() bool { return len(s.informer.GetStore().ListKeys()) > 0 }

// PendingIn returns the UIDs of the TLSCertificates of a namespace that have an issuance Secret, as far as the watch knows.
func (s *Store) PendingIn(namespace string) []types.UID {
	objs, err := s.informer.GetIndexer().ByIndex(cache.NamespaceIndex, namespace)
	if err != nil {
		return nil
	}
	var all []types.UID
	for _, obj := range objs {
		if r, ok := obj.(*record); ok {
			if owner := metav1.GetControllerOfNoCopy(r); owner != nil {
				all = append(all, owner.UID)
			}
		}
	}
	return all
}

// OnChange calls f with the namespace and name of the TLSCertificate whose issuance Secret appeared, changed or
// went away. It is called before Start.
func (s *Store) OnChange(f func(namespace, name string)) error {
	notify := func(obj any) {
		if d, ok := obj.(cache.DeletedFinalStateUnknown); ok {
			obj = d.Obj
		}
		if r, ok := obj.(*record); ok {
			if owner := metav1.GetControllerOfNoCopy(r); owner != nil {
				f(r.Namespace, owner.Name)
			}
		}
	}
	_, err := s.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    notify,
		UpdateFunc: func(_, obj any) { notify(obj) },
		DeleteFunc: notify,
	})
	return err
}

// Running reports whether the TLSCertificate has an issuance Secret, as far as the watch knows.
func (s *Store) Running(namespace, certificate string) bool {
	keys, err := s.informer.GetIndexer().IndexKeys(nameIndex, namespace+"/"+certificate)
	return err == nil && len(keys) > 0
}
