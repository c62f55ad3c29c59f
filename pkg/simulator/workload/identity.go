// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"crypto/sha256"
	"fmt"
	"strconv"

	"k8s.io/apimachinery/pkg/types"
)

// uidOf derives a UID from what is unique already: a version 8 UUID (RFC 9562)
// of the first bytes of its SHA-256.
func uidOf(namespace, name string) types.UID {
	b := sha256.Sum256([]byte(namespace + "/" + name))
	b[6] = b[6]&0x0f | 0x80
	b[8] = b[8]&0x3f | 0x80
	return types.UID(fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16]))
}

// names are those in use, by namespace and name.
type names map[types.NamespacedName]bool

// take returns name, or if it is in use the first of name-2, name-3 and so on
// that is not. Others can not take it any more.
func (n names) take(namespace, name string) string {
	candidate := name
	for i := 2; n[types.NamespacedName{Namespace: namespace, Name: candidate}]; i++ {
		candidate = name + "-" + strconv.Itoa(i)
	}
	n[types.NamespacedName{Namespace: namespace, Name: candidate}] = true
	return candidate
}
