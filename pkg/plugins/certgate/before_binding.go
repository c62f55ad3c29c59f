// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"slices"
	"sync"

	v1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
	schedulerapi "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
)

// waits says whether the pod may still have to wait for anything on its node.
func (pl *CertGate) waits(pod *v1.Pod) bool {
	for i := range pod.Spec.Volumes {
		if v := &pod.Spec.Volumes[i]; v.PersistentVolumeClaim != nil || v.Ephemeral != nil {
			return true
		}
	}
	return len(pod.Spec.ResourceClaims) > 0 || pl.handle.GetWaitingPod(pod.UID) != nil || pl.others()
}

// knownBeforeBinding are the PreBind plugins of which waits knows for which pods they take time.
var knownBeforeBinding = []string{Name, names.VolumeBinding, names.DynamicResources}

// pluginLister is the part of the framework that tells what a profile enables; the handle that plugins get is the framework.
type pluginLister interface {
	ListPlugins() *schedulerapi.Plugins
}

// othersBeforeBinding says whether the profile has PreBind plugins of which nobody here knows how long they take. It finds out
// when it is called first, since the framework is not complete while the plugin is made.
func othersBeforeBinding(h fwk.Handle) func() bool {
	return sync.OnceValue(func() bool {
		lister, ok := h.(pluginLister)
		if !ok {
			return true
		}
		return slices.ContainsFunc(lister.ListPlugins().PreBind.Enabled, func(p schedulerapi.Plugin) bool {
			return !slices.Contains(knownBeforeBinding, p.Name)
		})
	})
}
