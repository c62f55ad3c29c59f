// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var sealedSecrets = kind{
	name:      "SealedSecrets",
	resources: []schema.GroupVersionResource{{Group: "bitnami.com", Version: "v1alpha1", Resource: "sealedsecrets"}},
	read:      readSealedSecret,
}

// readSealedSecret reads a SealedSecret. The Secret always has the SealedSecret's own name:
// the controller ignores the one in spec.template.metadata. The condition Synced has no
// reason, and is missing where the controller runs with --update-status=false.
func readSealedSecret(o *unstructured.Unstructured) []claim {
	who := "SealedSecret " + quote(o.GetName())
	synced := conditionOf(o.Object, "Synced")
	var clause string
	switch synced.status {
	case "False":
		clause = who + " could not be unsealed" + brackets(synced.String())
	case "True":
		clause = who + " is Synced, so Sealed Secrets should write it again; if it does not, check that its controller is running"
	default:
		clause = who + " is not unsealed yet; if that lasts, look at its events and check that the Sealed Secrets controller is running"
	}
	return []claim{{secret: o.GetName(), clause: clause}}
}
