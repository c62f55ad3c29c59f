// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// Kinds of which it is known how many pods they make.
const (
	kindDeployment  = "apps/v1.Deployment"
	kindStatefulSet = "apps/v1.StatefulSet"
	kindReplicaSet  = "apps/v1.ReplicaSet"
	kindDaemonSet   = "apps/v1.DaemonSet"
	kindJob         = "batch/v1.Job"
)

var workloadKinds = []string{kindDeployment, kindStatefulSet, kindReplicaSet, kindDaemonSet, kindJob}

// maxReplicas is the most pods that one object has.
const maxReplicas = 100_000

// trackedObject is an object of an event. wants is 0 for one that is deleted.
type trackedObject struct {
	at, key, gvk    string
	namespace, name string
	deleted         bool
	wants           int
	template        corev1.PodTemplateSpec
}

// readObject returns nil for an object that makes no pods.
func (s *replay) readObject(at string, raw json.RawMessage, applied bool) *trackedObject {
	var head metav1.PartialObjectMetadata
	if err := decode(raw, &head); err != nil {
		s.add("%s: %v", at, err)
		return nil
	}
	if head.APIVersion == "" || head.Kind == "" || head.Name == "" {
		s.add("%s: want apiVersion, kind and metadata.name", at)
		return nil
	}
	t := &trackedObject{at: at, gvk: head.APIVersion + "." + head.Kind, namespace: head.Namespace, name: head.Name, deleted: !applied}
	if !slices.Contains(workloadKinds, t.gvk) {
		s.skipped[t.gvk+" "+t.namespace+"/"+t.name] = t.gvk
		return nil
	}
	if t.namespace == "" {
		t.namespace = traceNamespace
	}
	t.key = t.gvk + " " + t.namespace + "/" + t.name
	if !applied {
		return t
	}
	at = fmt.Sprintf("%s (%s %s/%s)", at, head.Kind, t.namespace, t.name)
	wants, err := wantedPods(t.gvk, raw)
	if err != nil {
		s.add("%s: %v", at, err)
		return nil
	}
	if wants < 0 || wants > maxReplicas {
		s.add("%s: wants %d pods; want 0 to %d", at, wants, maxReplicas)
		return nil
	}
	t.wants = int(wants)
	paths := s.paths[t.gvk]
	if len(paths) == 0 {
		paths = []string{"/spec/template"}
	}
	if len(paths) > 1 {
		s.add("%s: there are %d podSpecTemplatePaths for it; want one", at, len(paths))
		return nil
	}
	template, err := pointer(raw, paths[0])
	if err != nil {
		s.add("%s: %s: %v", at, paths[0], err)
		return nil
	}
	if err := decodeObject(template, &t.template); err != nil {
		s.add("%s: %s: %v", at, paths[0], err)
		return nil
	}
	defaultRequests(&t.template.Spec)
	if bad := badRequest(&t.template.Spec); bad != "" {
		s.add("%s: %s: %s", at, paths[0], bad)
		return nil
	}
	return t
}

// wantedPods returns how many pods an object has at once.
func wantedPods(gvk string, raw json.RawMessage) (int32, error) {
	switch gvk {
	case kindDaemonSet:
		return 0, nil // one a node
	case kindJob:
		var job struct {
			Spec struct {
				Parallelism *int32 `json:"parallelism"`
				Completions *int32 `json:"completions"`
				Suspend     bool   `json:"suspend"`
			} `json:"spec"`
			Status struct {
				Conditions []batchv1.JobCondition `json:"conditions"`
			} `json:"status"`
		}
		if err := decode(raw, &job); err != nil {
			return 0, err
		}
		if job.Spec.Suspend || slices.ContainsFunc(job.Status.Conditions, jobIsDone) {
			return 0, nil
		}
		n := ptr.Deref(job.Spec.Parallelism, 1)
		return min(n, ptr.Deref(job.Spec.Completions, n)), nil
	}
	var scaled struct {
		Spec struct {
			Replicas *int32 `json:"replicas"`
		} `json:"spec"`
	}
	err := decode(raw, &scaled)
	return ptr.Deref(scaled.Spec.Replicas, 1), err
}

func jobIsDone(c batchv1.JobCondition) bool {
	return (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == corev1.ConditionTrue
}

// pointer follows a JSON pointer (RFC 6901) through objects.
func pointer(raw json.RawMessage, path string) (json.RawMessage, error) {
	if path == "" {
		return raw, nil
	}
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return nil, fmt.Errorf("want a JSON pointer, such as /spec/template")
	}
	for step := range strings.SplitSeq(rest, "/") {
		step = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
		var o object
		if err := json.Unmarshal(raw, &o); err != nil || o[step] == nil {
			return nil, fmt.Errorf("there is no %q", step)
		}
		raw = o[step]
	}
	return raw, nil
}
