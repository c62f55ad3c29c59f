// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"cmp"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var externalSecrets = kind{
	name: "ExternalSecrets",
	resources: []schema.GroupVersionResource{
		{Group: "external-secrets.io", Version: "v1", Resource: "externalsecrets"},
		{Group: "external-secrets.io", Version: "v1beta1", Resource: "externalsecrets"},
	},
	read: readExternalSecret,
}

// readExternalSecret reads an ExternalSecret. Those with creationPolicy None make no Secret,
// and those with a target manifest may make something else.
func readExternalSecret(o *unstructured.Unstructured) []claim {
	target := cmp.Or(str(o.Object, "spec", "target", "name"), o.GetName())
	policy := str(o.Object, "spec", "target", "creationPolicy")
	if made := str(o.Object, "spec", "target", "manifest", "kind"); policy == "None" || made != "" && made != "Secret" {
		return nil
	}
	who := "ExternalSecret " + quote(o.GetName())
	ready := conditionOf(o.Object, "Ready")
	said := brackets(ready.String())
	c := claim{secret: target}
	switch {
	case ready.status == "False":
		c.clause = who + " could not make it" + said
	case policy == "Merge":
		c.clause = who + " only adds to it (creationPolicy Merge), so something else has to create it"
	case ready.status == "True" && ready.reason == "SecretDeleted":
		c.clause = who + " deleted it, since the provider no longer has its data" + said
	case ready.status == "True":
		c.clause = who + " is Ready, so External Secrets should write it again; if it does not, check that External Secrets is running"
	default:
		c.clause = who + " waits for External Secrets, which has not synced it yet; check that External Secrets is running" + said
	}
	c.helper = policy == "Merge"
	return []claim{c}
}
