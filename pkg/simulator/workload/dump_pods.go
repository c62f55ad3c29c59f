// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
)

func (d *cluster) workload() *Workload {
	start := d.options.Start
	if start.IsZero() {
		start = d.newest
	}
	if start.IsZero() {
		start = traceStart
	}
	w := &Workload{Name: shortName(d.file), Start: start.UTC()}
	for _, name := range slices.Sorted(maps.Keys(d.nodes)) {
		if !d.joining[name] && !d.virtual[name] {
			w.Nodes = append(w.Nodes, d.nodes[name])
		}
	}
	restarted := 0
	for _, p := range d.sorted() {
		owner := metav1.GetControllerOf(p.Pod)
		switch {
		case podutil.IsPodTerminal(p.Pod):
			d.done++
		case d.joining[p.Spec.NodeName]:
			d.waiting++
		case d.virtual[p.Spec.NodeName]:
			d.elsewhere++
		case p.DeletionTimestamp != nil:
			d.deleting++
		case d.isGone(p.Pod):
			d.gone++
		case owner != nil && owner.Kind == "DaemonSet":
			d.daemonSet(p.Pod, owner)
		case owner == nil || isMirror(p.Pod) || p.Spec.NodeName == "" || d.options.Restarts == 0:
			w.Pods = append(w.Pods, Pod{Object: d.strip(p.Pod), Lifetime: d.options.Horizon, Source: p.at})
		default:
			w.Pods = append(w.Pods, d.restart(p, w.Start)...)
			restarted++
		}
	}
	sortPods(w.Pods)
	for _, owner := range slices.Sorted(maps.Keys(d.daemonSets)) {
		w.DaemonSets = append(w.DaemonSets, d.daemonSets[owner])
	}
	if restarted > 0 {
		w.LeftOut = append(w.LeftOut, fmt.Sprintf("What the cluster does next is not known: %d bound pods with a controller are created anew within %s, %s each, and no others come or go.", restarted, d.options.Horizon, times(d.options.Restarts)))
	}
	if d.done > 0 {
		w.LeftOut = append(w.LeftOut, fmt.Sprintf("Pods that have succeeded or failed are not simulated; there are %d.", d.done))
	}
	if d.deleting > 0 {
		w.LeftOut = append(w.LeftOut, fmt.Sprintf("Pods that are being deleted are not simulated; there are %d.", d.deleting))
	}
	if len(d.joining) > 0 {
		w.LeftOut = append(w.LeftOut, fmt.Sprintf("Nodes without cpu, memory or pods in status.allocatable are not simulated, nor is what was bound to them; there are %d, with %d pods.", len(d.joining), d.waiting))
	}
	if len(d.virtual) > 0 {
		w.LeftOut = append(w.LeftOut, fmt.Sprintf("Virtual nodes are no machines that can be bought; they and what is bound to them are not simulated: there are %d, with %d pods.", len(d.virtual), d.elsewhere))
	}
	if d.gone > 0 {
		w.LeftOut = append(w.LeftOut, fmt.Sprintf("Pods bound to a node that is not in the file are not simulated; there are %d.", d.gone))
	}
	if d.others > 0 {
		w.LeftOut = append(w.LeftOut, fmt.Sprintf("Objects other than nodes and pods are not read; there are %d.", d.others))
	}
	w.LeftOut = append(w.LeftOut, d.sentences()...)
	return w
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// strip keeps what schedulers look at, and since when the pod has been there.
func (d *cluster) strip(in *corev1.Pod) *corev1.Pod {
	out := &corev1.Pod{ObjectMeta: d.meta(&in.ObjectMeta), Spec: d.spec(&in.Spec)}
	if in.Spec.NodeName == "" {
		return out
	}
	out.Status.StartTime = in.Status.StartTime
	for _, c := range in.Status.Conditions {
		if c.Type == corev1.PodScheduled {
			out.Status.Conditions = []corev1.PodCondition{{Type: c.Type, Status: c.Status, LastTransitionTime: c.LastTransitionTime}}
		}
	}
	return out
}

// restart returns a pod and those that come after it.
//
// Details: k different whole seconds within the horizon, each as likely as any
// other. They are k sorted draws from a range that is k-1 shorter, the i-th of
// them plus i.
func (d *cluster) restart(p *dumpedPod, start time.Time) []Pod {
	k := d.options.Restarts
	hash := fnv.New64a()
	fmt.Fprint(hash, p.key())
	random := rand.New(rand.NewPCG(d.options.Seed, hash.Sum64())) //nolint:gosec // reproducible chance is what is wanted
	last := int64((d.options.Horizon - 1) / time.Second)
	at := make([]int64, k)
	for i := range at {
		at[i] = 1 + random.Int64N(last-int64(k)+1)
	}
	slices.Sort(at)
	first := d.strip(p.Pod)
	pods := []Pod{{Object: first, Lifetime: d.options.Horizon, Source: p.at}}
	for i := range at {
		arrives := seconds(at[i] + int64(i))
		next := &corev1.Pod{ObjectMeta: first.ObjectMeta, Spec: first.Spec}
		next.Name = d.names.take(p.Namespace, fmt.Sprintf("%s-r%d", p.Name, i+1))
		next.UID = uidOf(next.Namespace, next.Name)
		next.CreationTimestamp = metav1.NewTime(start.Add(arrives))
		next.Spec.NodeName = ""
		pods[i].Lifetime = arrives - pods[i].Arrives
		pods = append(pods, Pod{Object: next, Arrives: arrives, Lifetime: d.options.Horizon - arrives, Source: p.at})
	}
	return pods
}

// daemonSet keeps the newest pod of a DaemonSet, the first by name of several.
func (d *cluster) daemonSet(in *corev1.Pod, owner *metav1.OwnerReference) {
	key := in.Namespace + "/" + owner.Name
	have := d.daemonSets[key]
	if have != nil && !in.CreationTimestamp.After(have.CreationTimestamp.Time) {
		return
	}
	var taken stripped // is not counted: there is no such pod
	pod := &corev1.Pod{ObjectMeta: taken.meta(&in.ObjectMeta), Spec: taken.spec(&in.Spec)}
	pod.Name, pod.UID = owner.Name, uidOf(in.Namespace, "daemonset/"+owner.Name)
	pod.Spec.NodeName = ""
	pod.Spec.Affinity = withoutNodeName(in.Spec.Affinity)
	d.daemonSets[key] = pod
}

// withoutNodeName takes away the node affinity by which the DaemonSet controller
// ties a pod to its node: a match of the field metadata.name in each term.
func withoutNodeName(in *corev1.Affinity) *corev1.Affinity {
	if in == nil || in.NodeAffinity == nil || in.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return in
	}
	out := in.DeepCopy()
	required := out.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	for i := range required.NodeSelectorTerms {
		t := &required.NodeSelectorTerms[i]
		t.MatchFields = slices.DeleteFunc(t.MatchFields, func(r corev1.NodeSelectorRequirement) bool { return r.Key == metav1.ObjectNameField })
	}
	required.NodeSelectorTerms = slices.DeleteFunc(required.NodeSelectorTerms, func(t corev1.NodeSelectorTerm) bool {
		return len(t.MatchFields) == 0 && len(t.MatchExpressions) == 0
	})
	if len(required.NodeSelectorTerms) == 0 {
		out.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = nil
	}
	if len(required.NodeSelectorTerms) == 0 && len(out.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution) == 0 {
		out.NodeAffinity = nil
	}
	return out
}
