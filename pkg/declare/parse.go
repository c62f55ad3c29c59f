// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Declared reports whether the pod carries any of the annotations that declare Secrets,
// well-formed or not. It does not allocate.
func Declared(pod *corev1.Pod) bool {
	if _, ok := pod.Annotations[RequireTLSAnnotation]; ok {
		return true
	}
	_, ok := pod.Annotations[RequirementsAnnotation]
	return ok
}

// Parse returns what the pod declares. With both declaring annotations present the
// declaration is the union of both; of a Secret that is in both, the item of
// RequirementsAnnotation counts. A pod without either declares nothing, and its other
// annotations are not looked at.
//
// The error holds the faults of all annotations on one line of at most 4 KiB. Each names the
// annotation, the position of the fault, what is wrong and what would be valid.
func Parse(pod *corev1.Pod) (Declaration, error) {
	if !Declared(pod) {
		return Declaration{}, nil
	}
	var wrong faults
	found := make(map[string]Requirement)
	if value, ok := pod.Annotations[RequireTLSAnnotation]; ok {
		addRequired(found, value, pod, wrong.of(RequireTLSAnnotation))
	}
	if value, ok := pod.Annotations[RequirementsAnnotation]; ok {
		addRequirements(found, value, wrong.of(RequirementsAnnotation))
	}
	warnExpired := readOnExpired(pod, &wrong)
	allowTemporary := readAllowTemporary(pod, &wrong)
	deadline := readMaxWait(pod, &wrong)
	if len(found) > MaxSecrets {
		wrong.add(fmt.Sprintf("pod declares %d Secrets; at most %d are allowed", len(found), MaxSecrets))
	}
	if err := wrong.err(); err != nil {
		return Declaration{}, err
	}
	d := Declaration{Requirements: make([]Requirement, 0, len(found)), Deadline: deadline}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		r := found[name]
		r.WarnExpired, r.AllowTemporary = warnExpired, allowTemporary
		d.Requirements = append(d.Requirements, r)
	}
	return d, nil
}

// checkSize reports a value that is too long to be read.
func checkSize(value string, at place) bool {
	if len(value) > MaxAnnotationBytes {
		at.faultf("value is %d bytes long; at most %d are allowed", len(value), MaxAnnotationBytes)
		return false
	}
	return true
}
