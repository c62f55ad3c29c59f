// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// bySecret knows which TLSCertificates ask for a Secret, as far as a watch knows. It takes a tenth of the memory of a cache's index,
// which has a set for each value, and another for each namespace: here nearly every value is that of one object.
type bySecret struct {
	mu    sync.RWMutex
	names map[types.NamespacedName][]string
}

var _ toolscache.ResourceEventHandler = (*bySecret)(nil)

// of returns the names of the TLSCertificates of a namespace that ask for a Secret.
func (b *bySecret) of(namespace, secret string) []string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Clone(b.names[types.NamespacedName{Namespace: namespace, Name: secret}])
}

// OnAdd implements cache.ResourceEventHandler.
func (b *bySecret) OnAdd(obj any, _ bool) { b.put(obj) }

// OnUpdate implements cache.ResourceEventHandler. A TLSCertificate that was deleted and made anew may ask for another Secret.
func (b *bySecret) OnUpdate(before, obj any) {
	was, ok1 := before.(*v1alpha1.TLSCertificate)
	is, ok2 := obj.(*v1alpha1.TLSCertificate)
	if ok1 && ok2 && was.Spec.SecretName == is.Spec.SecretName {
		return
	}
	b.OnDelete(before)
	b.put(obj)
}

// OnDelete implements cache.ResourceEventHandler.
func (b *bySecret) OnDelete(obj any) {
	if gone, ok := obj.(toolscache.DeletedFinalStateUnknown); ok {
		obj = gone.Obj
	}
	c, ok := obj.(*v1alpha1.TLSCertificate)
	if !ok {
		return
	}
	key := types.NamespacedName{Namespace: c.Namespace, Name: c.Spec.SecretName}
	b.mu.Lock()
	defer b.mu.Unlock()
	left := slices.DeleteFunc(b.names[key], func(name string) bool { return name == c.Name })
	if len(left) == 0 {
		delete(b.names, key)
		return
	}
	b.names[key] = left
}

func (b *bySecret) put(obj any) {
	c, ok := obj.(*v1alpha1.TLSCertificate)
	if !ok {
		return
	}
	key := types.NamespacedName{Namespace: c.Namespace, Name: c.Spec.SecretName}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.names == nil {
		b.names = map[types.NamespacedName][]string{}
	}
	if !slices.Contains(b.names[key], c.Name) {
		b.names[key] = append(b.names[key], c.Name)
	}
}
