// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// openModels are the GPU models that any pod may use: cards for inference. The
// others, cards for training that cost several times as much for each GPU, are
// kept for the pods that need them by a taint, as clusters with both do; else
// an autoscaler that does not look at prices would buy them for everybody.
var openModels = []string{"t4", "a10", "a10g", "l4"}

func isDedicated(shape catalog.Shape) bool {
	return shape.MilliGPUs > 0 && !slices.Contains(openModels, shape.GPUModel)
}

func dedicatedTaint(model string) corev1.Taint {
	return corev1.Taint{Key: GPUModelLabel, Value: model, Effect: corev1.TaintEffectNoSchedule}
}

// tolerateDedicated returns the workload with a toleration on those pods that
// need a dedicated GPU: they name GPU models, or no other pool is large enough.
// Other pods are shared with w, which is not changed.
func tolerateDedicated(w *workload.Workload, pools []Pool) *workload.Workload {
	out := *w
	out.Pods = slices.Clone(w.Pods)
	free := allocatables(pools)
	for i := range out.Pods {
		p := &out.Pods[i]
		request := costmodel.RequestOf(p.Object)
		if request.Scalar[GPUMilli] == 0 || !requiresModel(p.Object.Spec.Affinity) && fitsAny(p.Object, request, pools, free) {
			continue
		}
		object := *p.Object
		object.Spec.Tolerations = append(slices.Clip(object.Spec.Tolerations),
			corev1.Toleration{Key: GPUModelLabel, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule})
		p.Object = &object
	}
	return &out
}
