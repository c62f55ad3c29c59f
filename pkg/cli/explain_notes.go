// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/cli/snapshot"
	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/placer"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

// notes says what the report leaves out.
func (o *explainOptions) notes(s *snapshot.Snapshot, pod *corev1.Pod, profile *profiles.Profile, r *ExplainReport, options pricing.Options) {
	for _, note := range s.Notes {
		ui.Note(o.ErrOut, "%s", note)
	}
	if len(profile.LeftOut) > 0 {
		ui.Note(o.ErrOut, "profile %s is asked without what only a scheduler in a cluster has: %s", profile.Name, strings.Join(profile.LeftOut, ", "))
	}
	schedulerName := profile.Config.Profiles[0].SchedulerName
	if podutil.IsPodTerminal(pod) {
		ui.Note(o.ErrOut, "the pod has finished; this is what a new one like it would do")
	}
	if name := pod.Spec.SchedulerName; name != "" && name != schedulerName {
		ui.Note(o.ErrOut, "the pod is scheduled by %s; this is what profile %s would do", name, r.Profile)
	}
	if len(pod.Spec.SchedulingGates) > 0 {
		ui.Note(o.ErrOut, "the pod waits for the scheduling gate %s first", pod.Spec.SchedulingGates[0].Name)
	}
	if c := tlsReady(pod); c != nil && c.Status != corev1.ConditionTrue && pod.Spec.NodeName == "" {
		ui.Note(o.ErrOut, "the pod waits for certificates first: %s", c.Message)
	}
	if o.input.file != "" && usesClaims(pod) && !hasClaims(s) {
		ui.Note(o.ErrOut, "the pod uses volume claims, and %s has none; write it with: kubectl get nodes,pods,pvc,pv,storageclasses,csinodes -A -o json", o.input.file)
	}
	unknown := 0
	for i := range r.Nodes {
		if r.Nodes[i].HourlyPriceMicroDollars == nil {
			unknown++
		}
	}
	if unknown > 0 {
		ui.Note(o.ErrOut, "%s", unknownNote(unknown, "and counts as dearer than any other", options))
	}
}

func tlsReady(pod *corev1.Pod) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == v1alpha1.TLSReadyCondition {
			return c
		}
	}
	return nil
}

func usesClaims(pod *corev1.Pod) bool {
	for i := range pod.Spec.Volumes {
		if pod.Spec.Volumes[i].PersistentVolumeClaim != nil {
			return true
		}
	}
	return false
}

func hasClaims(s *snapshot.Snapshot) bool {
	for _, obj := range s.Others {
		if _, ok := obj.(*corev1.PersistentVolumeClaim); ok {
			return true
		}
	}
	return false
}

// addPrices fills in prices where the profile has none.
func addPrices(verdicts []placer.Verdict, book *pricing.Book) {
	byName := map[string]pricing.Price{}
	for _, p := range book.Prices() {
		byName[p.Node.Name] = p.Price
	}
	for i := range verdicts {
		verdicts[i].Price = byName[verdicts[i].Node]
	}
}
