// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// GPUMilliResource is what pods of an openb trace request GPUs as:
	// thousandths of a GPU, num_gpu x gpu_milli.
	GPUMilliResource corev1.ResourceName = "tollgate.dev/gpu-milli"
	// GPUModelLabel is the node label that they require models by.
	GPUModelLabel = "tollgate.dev/gpu-model"
)

const traceNamespace = "default"

func (o *openB) workload() *Workload {
	first := int64(math.MaxInt64)
	for i := range o.rows {
		first = min(first, o.rows[i].creation)
	}
	w := &Workload{Name: shortName(o.file), Start: traceStart, Pods: make([]Pod, len(o.rows))}
	for i := range o.rows {
		row := &o.rows[i]
		w.Pods[i] = Pod{
			Object:   o.pod(row),
			Arrives:  seconds(row.creation - first),
			Lifetime: max(time.Second, seconds(row.deletion-row.creation)),
			Source:   fmt.Sprintf("%s:%d", o.file, row.line),

			Unscheduled: row.unscheduled,
		}
	}
	sortPods(w.Pods)
	return w
}

// sortPods sorts by arrival, and keeps the order of those that arrive together.
func sortPods(pods []Pod) {
	slices.SortStableFunc(pods, func(a, b Pod) int { return cmp.Compare(a.Arrives, b.Arrives) })
}

func (o *openB) pod(row *openBRow) *corev1.Pod {
	containers, ok := o.containers[row.request]
	if !ok {
		containers = []corev1.Container{{Name: "main", Resources: corev1.ResourceRequirements{Requests: row.request.list()}}}
		o.containers[row.request] = containers
	}
	affinity, ok := o.affinities[row.models]
	if !ok {
		affinity = requireModels(row.models)
		o.affinities[row.models] = affinity
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: traceNamespace, Name: row.name, UID: uidOf(traceNamespace, row.name)},
		Spec:       corev1.PodSpec{Containers: containers, Affinity: affinity},
	}
}

// list leaves out what is 0.
func (r openBRequest) list() corev1.ResourceList {
	list := corev1.ResourceList{}
	if r.cpu > 0 {
		list[corev1.ResourceCPU] = *resource.NewMilliQuantity(r.cpu, resource.DecimalSI)
	}
	if r.memory > 0 {
		list[corev1.ResourceMemory] = *resource.NewQuantity(r.memory<<20, resource.BinarySI)
	}
	if r.gpu > 0 {
		list[GPUMilliResource] = *resource.NewQuantity(r.gpu, resource.DecimalSI)
	}
	return list
}

func requireModels(models string) *corev1.Affinity {
	if models == "" {
		return nil
	}
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{{
			Key: GPUModelLabel, Operator: corev1.NodeSelectorOpIn, Values: strings.Split(models, "|"),
		}}}},
	}}}
}
