// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package ca

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// namePrefix begins the names of objects that belong to a CA issuer.
const namePrefix = "tollgate-ca-"

// IssuerName returns kind/name, as IssuerAnnotation has it.
func IssuerName(issuer v1alpha1.Issuer) string { return issuer.Kind() + "/" + issuer.GetName() }

// ObjectName is the name of the ConfigMap of a CA issuer: tollgate-ca-<issuer>, shortened where that is longer than names may be.
func ObjectName(issuer v1alpha1.Issuer) string { return objectName(issuer, "") }

// StateKey names the Secret that keeps the State of a CA issuer.
func StateKey(issuer v1alpha1.Issuer, controllerNamespace string) types.NamespacedName {
	return types.NamespacedName{Namespace: v1alpha1.SecretNamespace(issuer, controllerNamespace), Name: objectName(issuer, "-state")}
}

func objectName(issuer v1alpha1.Issuer, suffix string) string {
	const longest = 253
	name := issuer.GetName()
	if free := longest - len(namePrefix) - len("-state"); len(name) > free {
		sum := sha256.Sum256([]byte(name))
		tail := hex.EncodeToString(sum[:8])
		name = name[:free-len(tail)] + tail
	}
	return namePrefix + name + suffix
}

// BackdateOf is how long before now the certificates of an issuer begin to be valid.
func BackdateOf(spec *v1alpha1.CAIssuer) time.Duration {
	if spec.Backdate != nil {
		return spec.Backdate.Duration
	}
	return DefaultBackdate
}

// LongestLeaf is the longest that a leaf of an issuer may live.
func LongestLeaf(spec *v1alpha1.CAIssuer) time.Duration {
	if spec.MaxDuration != nil {
		return max(spec.MaxDuration.Duration, MinDuration)
	}
	return DefaultDuration
}
