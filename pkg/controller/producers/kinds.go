// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"
)

// kind is one kind of object that makes Secrets.
type kind struct {
	// name is what people read in Looked: a plural.
	name string
	// resources are the versions that read understands, the preferred first.
	resources []schema.GroupVersionResource
	// needs is set for kinds that exist in every cluster: one of these must be served too.
	needs []schema.GroupVersionResource
	// read returns what an object makes. It takes any JSON.
	read func(*unstructured.Unstructured) []claim
}

// kinds in the order in which they are looked at.
var kinds = []kind{certManagerCertificates, externalSecrets, sealedSecrets, servingCertServices, certManagerIngresses}

// claim says that an object makes a Secret in its own namespace.
type claim struct {
	secret string
	clause string
	helper bool // The object only adds to a Secret that something else has to create.
}

// object is what stays in memory of an object.
type object struct {
	// ObjectMeta holds namespace, name, UID, resourceVersion and creationTimestamp and nothing else.
	metav1.ObjectMeta
	claims []claim
}

// trim is the cache.TransformFunc: it reads an object once. What has been trimmed passes unchanged.
func (k kind) trim(obj any) (any, error) {
	u, ok := obj.(*unstructured.Unstructured)
	if !ok {
		return obj, nil
	}
	kept := &object{ObjectMeta: metav1.ObjectMeta{
		Namespace:         u.GetNamespace(),
		Name:              u.GetName(),
		UID:               u.GetUID(),
		ResourceVersion:   u.GetResourceVersion(),
		CreationTimestamp: u.GetCreationTimestamp(),
	}}
	if str(u.Object, "metadata", "deletionTimestamp") == "" {
		kept.claims = slices.DeleteFunc(k.read(u), func(c claim) bool {
			return c.secret == "" || len(c.secret) > maxName // It is the name of no Secret.
		})
	}
	return kept, nil
}

func (k secretKey) index() string { return k.namespace + "/" + k.name }

// indexBySecret is the cache.IndexFunc of bySecret.
func indexBySecret(obj any) ([]string, error) {
	var values []string
	for _, k := range secretsOf(obj) {
		values = append(values, k.index())
	}
	return values, nil
}

// secretsOf returns the Secrets that an object, or one that is gone, claims to make.
func secretsOf(obj any) []secretKey {
	if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = gone.Obj
	}
	o, ok := obj.(*object)
	if !ok {
		return nil
	}
	var keys []secretKey
	for _, c := range o.claims {
		keys = append(keys, secretKey{o.Namespace, c.secret})
	}
	return keys
}

// claimOn returns the object's claim on a Secret of its namespace.
func claimOn(obj any, secret string) (claim, bool) {
	o, ok := obj.(*object)
	if !ok {
		return claim{}, false
	}
	i := slices.IndexFunc(o.claims, func(c claim) bool { return c.secret == secret })
	if i < 0 {
		return claim{}, false
	}
	return o.claims[i], true
}

// older orders objects by age, then by name.
func older(a, b any) int {
	x, ok1 := a.(*object)
	y, ok2 := b.(*object)
	if !ok1 || !ok2 {
		return 0
	}
	return cmp.Or(x.CreationTimestamp.Compare(y.CreationTimestamp.Time), cmp.Compare(x.Name, y.Name))
}
