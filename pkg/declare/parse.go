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
	addIssued(found, pod, &wrong)
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

// addIssued adds the names of IssueTLSAnnotation to the Secrets that are declared: a pod that
// asks for a name waits until the certificate has it.
func addIssued(found map[string]Requirement, pod *corev1.Pod, wrong *faults) {
	value, ok := pod.Annotations[IssueTLSAnnotation]
	if !ok {
		return
	}
	for _, issue := range readIssue(value, wrong.of(IssueTLSAnnotation)) {
		r, ok := found[issue.SecretName]
		if !ok {
			continue
		}
		r.DNSNames = union(r.DNSNames, issue.DNSNames, issue.IPAddresses)
		r.URIs = union(r.URIs, issue.URIs)
		found[issue.SecretName] = r
	}
}

func union(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

// checkSize reports a value that is too long to be read.
func checkSize(value string, at place) bool {
	if len(value) > MaxAnnotationBytes {
		at.faultf("value is %d bytes long; at most %d are allowed", len(value), MaxAnnotationBytes)
		return false
	}
	return true
}
