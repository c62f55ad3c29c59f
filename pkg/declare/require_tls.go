// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

const requireTLSForm = `want "auto" or a comma-separated list of Secret names, such as "web-tls,api-tls"`

// addRequired adds what the value of RequireTLSAnnotation asks for.
func addRequired(found map[string]Requirement, value string, pod *corev1.Pod) error {
	if err := checkSize(value); err != nil {
		return err
	}
	switch strings.TrimSpace(value) {
	case "":
		return errors.New("value is empty; " + requireTLSForm)
	case Auto:
		return addReferenced(found, pod)
	}
	if n := strings.Count(value, ",") + 1; n > MaxSecrets {
		return fmt.Errorf("list has %d items; at most %d are allowed", n, MaxSecrets)
	}
	position := 0
	for item := range strings.SplitSeq(value, ",") {
		position++
		name := strings.TrimSpace(item)
		switch name {
		case "":
			return fmt.Errorf("item %d is empty; %s", position, requireTLSForm)
		case Auto:
			return fmt.Errorf(`item %d is "auto", which cannot be combined with names; list every Secret, or set the value to "auto" alone`, position)
		}
		if err := checkSecretName(name); err != nil {
			return fmt.Errorf("item %d: %w", position, err)
		}
		found[name] = Requirement{SecretName: name}
	}
	return nil
}
