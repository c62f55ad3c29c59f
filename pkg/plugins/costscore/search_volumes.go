// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"cmp"
	"context"

	v1 "k8s.io/api/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/component-helpers/storage/ephemeral"
	"k8s.io/component-helpers/storage/volume"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	upstream "k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
)

// volumeFacts is what the search has to know about the plugins that look at the
// volumes of a pod and do not say in the cycle's state whether they have something
// to say. VolumeRestrictions and VolumeZone do: see filterStates.
type volumeFacts struct {
	// binding is VolumeBinding, which has something to say about pods with
	// claims; limits is NodeVolumeLimits. nil if the profile does not have them.
	binding fwk.FilterPlugin
	limits  limitsPlugin
	// scores says that VolumeBinding scores nodes by their storage capacity.
	scores bool
	// claims and volumes are the scheduler's own; nil without VolumeBinding.
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
}

// limitsPlugin is NodeVolumeLimits. Its PreFilter looks at the pod alone.
type limitsPlugin interface {
	fwk.PreFilterPlugin
	fwk.FilterPlugin
}

// find fills in the facts. It returns what is wrong with the profile.
func (f *volumeFacts) find(ctx context.Context, h fwk.Handle, filtering func(string) bool, weight map[string]int64, instances map[string]fwk.Plugin) string {
	var fault string
	if filtering(upstream.VolumeBinding) {
		if f.binding, fault = instanceOf[fwk.FilterPlugin](instances, upstream.VolumeBinding); fault != "" {
			return fault
		}
		// VolumeBinding has them too, so this makes no informers.
		core := h.SharedInformerFactory().Core().V1()
		f.claims, f.volumes = core.PersistentVolumeClaims().Lister(), core.PersistentVolumes().Lister()
	}
	if filtering(upstream.NodeVolumeLimits) {
		if f.limits, fault = instanceOf[limitsPlugin](instances, upstream.NodeVolumeLimits); fault != "" {
			return fault
		}
	}
	if weight[upstream.VolumeBinding] > 0 {
		pre, says := instances[upstream.VolumeBinding].(fwk.PreScorePlugin)
		f.scores = !says || !pre.PreScore(ctx, framework.NewCycleState(), &v1.Pod{}, nil).IsSkip()
	}
	return ""
}

// volumes adds what the pod's volumes mean for its nodes. It returns a reason if
// that cannot be told.
func (p *placeable) volumes(ctx context.Context, f *volumeFacts, pod *v1.Pod) (reason string) {
	volumes := pod.Spec.Volumes
	if !tied(volumes) {
		return ""
	}
	var claims []string
	for i := range volumes {
		if name := claimOf(pod, &volumes[i]); name != "" {
			claims = append(claims, name)
		}
	}
	if len(claims) > 0 && f.scores {
		return reasonVolumes
	}
	if len(claims) > 0 && f.binding != nil {
		for _, name := range claims {
			p.claim(f, pod.Namespace, name)
		}
		p.filters = append(p.filters, f.binding)
	}
	if f.limits != nil {
		if _, status := f.limits.PreFilter(ctx, framework.NewCycleState(), pod, nil); !status.IsSkip() {
			p.filters = append(p.filters, f.limits)
		}
	}
	p.slow = true
	return ""
}

// claimOf returns the name of a volume's claim; "" if it has none.
func claimOf(pod *v1.Pod, v *v1.Volume) string {
	switch {
	case v.PersistentVolumeClaim != nil:
		return v.PersistentVolumeClaim.ClaimName
	case v.Ephemeral != nil:
		return ephemeral.VolumeClaimName(pod, v)
	default:
		return ""
	}
}

// claim adds where the volume of a claim can be mounted, if that is plain.
// VolumeBinding would say the same, but takes ten times as long, which counts where
// a zone has a third of all nodes. A volume that has to be bound first, or is
// translated to CSI, is for VolumeBinding alone.
func (p *placeable) claim(f *volumeFacts, namespace, name string) {
	claim, err := f.claims.PersistentVolumeClaims(namespace).Get(name)
	switch {
	case err != nil:
		return
	case claim.Spec.VolumeName == "": // else it is bound, as PreFilter of VolumeBinding let the pod through
		p.selected = cmp.Or(p.selected, claim.Annotations[volume.AnnSelectedNode])
		return
	}
	pv, err := f.volumes.Get(claim.Spec.VolumeName)
	if err != nil || pv.Spec.CSI == nil && pv.Spec.Local == nil {
		return
	}
	if a := pv.Spec.NodeAffinity; a != nil && a.Required != nil {
		p.reachable = append(p.reachable, lazily{nodeaffinity.NewLazyErrorNodeSelector(a.Required)})
	}
}

// tied reports whether a volume may be of a kind that some nodes cannot mount.
func tied(volumes []v1.Volume) bool {
	for i := range volumes {
		s := &volumes[i].VolumeSource
		if s.ConfigMap == nil && s.Secret == nil && s.EmptyDir == nil && s.Projected == nil && s.DownwardAPI == nil && s.HostPath == nil {
			return true
		}
	}
	return false
}
