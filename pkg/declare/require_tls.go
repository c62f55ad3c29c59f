// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

const requireTLSForm = `want "auto" or a comma-separated list of Secret names, such as "web-tls,api-tls"`

// addRequired adds what the value of RequireTLSAnnotation asks for.
func addRequired(found map[string]Requirement, value string, pod *corev1.Pod, at place) {
	if !checkSize(value, at) {
		return
	}
	switch strings.TrimSpace(value) {
	case "":
		at.faultf("value is empty; %s", requireTLSForm)
		return
	case Auto:
		addReferenced(found, pod, at.in(Auto))
		return
	}
	if n := strings.Count(value, ",") + 1; n > MaxSecrets {
		at.faultf("list has %d items; at most %d are allowed", n, MaxSecrets)
		return
	}
	position := 0
	for item := range strings.SplitSeq(value, ",") {
		position++
		at, name := at.in(fmt.Sprintf("item %d", position)), strings.TrimSpace(item)
		switch name {
		case "":
			at.faultf("name is empty; %s", requireTLSForm)
		case Auto:
			at.faultf(`"auto" cannot be combined with names; list every Secret, or set the value to "auto" alone`)
		default:
			if err := checkSecretName(name); err != nil {
				at.fault(err)
				continue
			}
			found[name] = Requirement{SecretName: name}
		}
	}
}
