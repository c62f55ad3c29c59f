// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// gpuModels says, for each GPU model of the openb trace and each cloud, which
// models of the catalog stand in for it.
//
// The same model, or else the nearest that the cloud sells: at least its
// memory, at least its speed in half precision or single precision.
//
//	T4       16 GB               as it is; Google Cloud sells it only beside N1, L4 stands in
//	P100     16 GB  9.5 TFLOPS   T4 (16 GB, 8.1, and tensor cores)
//	V100M16  16 GB 15.7 TFLOPS   V100; A10G (24 GB, 31.5) or L4 (24 GB, 30.3) where V100 is sold by eights or not at all
//	V100M32  32 GB 15.7 TFLOPS   V100 of 32 GB, L40S (48 GB, 91.6); A100 on Google Cloud
//	A10      24 GB 31.2 TFLOPS   A10, A10G (the same chip), L4
//	G2       not disclosed; 8 in a node of 96 cores: cards for inference, A10 or newer
//	G3       not disclosed; 8 in a node of 128 cores: cards for training, A100 or newer
//
// Azure's V100 with 32 GB is ND40rs_v2 alone; its label does not tell it from
// the 16 GB of NCs_v3, so that A100 stands in for V100M32 there.
var gpuModels = map[string]map[string][]string{
	"aws": {
		"T4": {"t4"}, "P100": {"t4"}, "V100M16": {"a10g", "v100"}, "V100M32": {"l40s", "v100"},
		"A10": {"a10g"}, "G2": {"a10g", "l40s"}, "G3": {"a100", "h100"},
	},
	"azure": {
		"T4": {"t4"}, "P100": {"t4"}, "V100M16": {"v100"}, "V100M32": {"a100"},
		"A10": {"a10"}, "G2": {"a10", "a100"}, "G3": {"a100", "h100"},
	},
	"gcp": {
		"T4": {"l4"}, "P100": {"l4"}, "V100M16": {"l4"}, "V100M32": {"a100"},
		"A10": {"l4"}, "G2": {"l4", "rtx6000"}, "G3": {"a100", "h100-80gb"},
	},
}

// MapGPUModels returns the workload with the GPU models of the openb trace that
// its pods require by node affinity (label GPUModelLabel, operator In) replaced
// by those that stand in for them at the cloud. Pods without such a requirement
// are shared with w, which is not changed; pods that shared their affinity still
// do.
func MapGPUModels(w *workload.Workload, cloud string) (*workload.Workload, error) {
	if _, err := shopOf(cloud); err != nil {
		return nil, err
	}
	mapped := *w
	mapped.Pods = slices.Clone(w.Pods)
	affinities := map[*corev1.Affinity]*corev1.Affinity{}
	for i := range mapped.Pods {
		p := &mapped.Pods[i]
		from := p.Object.Spec.Affinity
		if !requiresModel(from) {
			continue
		}
		to, ok := affinities[from]
		if !ok {
			to = from.DeepCopy()
			if err := eachModelTerm(to, func(r *corev1.NodeSelectorRequirement) error { return mapModels(r, cloud) }); err != nil {
				return nil, fmt.Errorf("mapping the GPU models of pod %s/%s (%s): %w", p.Object.Namespace, p.Object.Name, p.Source, err)
			}
			affinities[from] = to
		}
		object := *p.Object
		object.Spec.Affinity = to
		p.Object = &object
	}
	return &mapped, nil
}

func mapModels(r *corev1.NodeSelectorRequirement, cloud string) error {
	var models []string
	for _, v := range r.Values {
		to := gpuModels[cloud][v]
		if to == nil {
			return fmt.Errorf("there is no GPU model %q; use %s", v, strings.Join(traceModels(), ", "))
		}
		models = append(models, to...)
	}
	slices.Sort(models)
	r.Values = slices.Compact(models)
	return nil
}

func traceModels() []string { return []string{"T4", "P100", "V100M16", "V100M32", "A10", "G2", "G3"} }

func requiresModel(a *corev1.Affinity) bool {
	found := false
	_ = eachModelTerm(a, func(*corev1.NodeSelectorRequirement) error {
		found = true
		return nil
	})
	return found
}

// eachModelTerm calls f for each requirement of a GPU model.
func eachModelTerm(a *corev1.Affinity, f func(*corev1.NodeSelectorRequirement) error) error {
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return nil
	}
	terms := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	for i := range terms {
		for j := range terms[i].MatchExpressions {
			r := &terms[i].MatchExpressions[j]
			if r.Key != GPUModelLabel || r.Operator != corev1.NodeSelectorOpIn {
				continue
			}
			if err := f(r); err != nil {
				return err
			}
		}
	}
	return nil
}
