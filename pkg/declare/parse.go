// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
)

// Declared reports whether the pod carries any of the annotations, well-formed or not.
// It does not allocate.
func Declared(pod *corev1.Pod) bool {
	if _, ok := pod.Annotations[RequireTLSAnnotation]; ok {
		return true
	}
	_, ok := pod.Annotations[RequirementsAnnotation]
	return ok
}

// Parse returns what the pod declares. With both annotations present the declaration is
// the union of both, and the requirements add the names that the certificates must cover.
// A pod without annotations declares nothing.
//
// The error covers both annotations; it names the annotation, the position of the fault,
// what is wrong and what would be valid.
func Parse(pod *corev1.Pod) (Declaration, error) {
	if !Declared(pod) {
		return Declaration{}, nil
	}
	found := make(map[string]Requirement)
	var errs []error
	if value, ok := pod.Annotations[RequireTLSAnnotation]; ok {
		if err := addRequired(found, value, pod); err != nil {
			errs = append(errs, annotationError(RequireTLSAnnotation, err))
		}
	}
	if value, ok := pod.Annotations[RequirementsAnnotation]; ok {
		if err := addRequirements(found, value); err != nil {
			errs = append(errs, annotationError(RequirementsAnnotation, err))
		}
	}
	if len(errs) == 0 && len(found) > MaxSecrets {
		errs = append(errs, fmt.Errorf("pod declares %d Secrets; at most %d are allowed", len(found), MaxSecrets))
	}
	if len(errs) > 0 {
		return Declaration{}, utilerrors.NewAggregate(errs)
	}
	d := Declaration{Requirements: make([]Requirement, 0, len(found))}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		d.Requirements = append(d.Requirements, found[name])
	}
	return d, nil
}

func annotationError(key string, err error) error {
	return fmt.Errorf("annotation %s: %w", key, err)
}

func checkSize(value string) error {
	if len(value) > MaxAnnotationBytes {
		return fmt.Errorf("value is %d bytes long; at most %d are allowed", len(value), MaxAnnotationBytes)
	}
	return nil
}
