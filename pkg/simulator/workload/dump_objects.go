// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"encoding/json"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// cluster is what is known of a cluster while its dump is read.
type cluster struct {
	faults
	stripped
	file       string
	options    Options
	newest     time.Time
	nodes      map[string]*corev1.Node
	pods       map[types.NamespacedName]*dumpedPod
	uids       map[types.UID]string // to where it was first
	names      names
	daemonSets map[string]*corev1.Pod // by owner
	done       int
	deleting   int
	// joining holds the nodes that do not say what they have: their kubelet has
	// not done so yet, or somebody took it out of the dump.
	joining map[string]bool
	waiting int // pods of such nodes
	// virtual holds the nodes that are no machines, see pricing.IsVirtual.
	virtual   map[string]bool
	elsewhere int // pods of such nodes
	gone      int // pods of nodes that are not there
	others    int // objects of other kinds
}

// dumpedPod is a pod, and where in the file it is.
type dumpedPod struct {
	*corev1.Pod
	at string
}

func (p *dumpedPod) key() string { return p.Namespace + "/" + p.Name }

func (d *cluster) saw(times ...metav1.Time) {
	for _, t := range times {
		if t.After(d.newest) {
			d.newest = t.Time
		}
	}
}

func (d *cluster) readNode(at, name string, raw json.RawMessage) {
	if d.nodes[name] != nil {
		d.add("%s: there is another node of that name", at)
		return
	}
	var in corev1.Node
	d.nodes[name] = &in // whatever is wrong with it, its pods are not to blame
	if err := decodeObject(raw, &in); err != nil {
		d.add("%s: %v", at, err)
		return
	}
	if pricing.IsVirtual(&in) {
		d.virtual[name] = true
		return
	}
	for _, list := range []struct {
		field string
		corev1.ResourceList
	}{{"allocatable", in.Status.Allocatable}, {"capacity", in.Status.Capacity}} {
		if bad := badQuantity(list.ResourceList); bad != "" {
			d.add("%s: status.%s: %s", at, list.field, bad)
			return
		}
	}
	for _, needed := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourcePods} {
		if q := in.Status.Allocatable[needed]; q.IsZero() {
			d.joining[name] = true
			return
		}
	}
	d.saw(in.CreationTimestamp)
	for _, c := range in.Status.Conditions {
		d.saw(c.LastHeartbeatTime, c.LastTransitionTime)
	}
	d.nodes[name] = stripNode(&in)
}

// stripNode keeps what schedulers and prices go by.
func stripNode(in *corev1.Node) *corev1.Node {
	out := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: in.Name, UID: in.UID, Labels: in.Labels, Annotations: in.Annotations, CreationTimestamp: in.CreationTimestamp},
		Spec:       corev1.NodeSpec{ProviderID: in.Spec.ProviderID, Unschedulable: in.Spec.Unschedulable, Taints: in.Spec.Taints},
		Status:     corev1.NodeStatus{Capacity: in.Status.Capacity, Allocatable: in.Status.Allocatable},
	}
	if out.UID == "" {
		out.UID = uidOf("", in.Name)
	}
	for _, c := range in.Status.Conditions {
		if c.Type == corev1.NodeReady {
			out.Status.Conditions = []corev1.NodeCondition{{Type: c.Type, Status: c.Status}}
		}
	}
	return out
}

func (d *cluster) readPod(at string, raw json.RawMessage) {
	var in corev1.Pod
	if err := decodeObject(raw, &in); err != nil {
		d.add("%s: %v", at, err)
		return
	}
	if in.Namespace == "" {
		d.add("%s: metadata.namespace is missing", at)
		return
	}
	key := types.NamespacedName{Namespace: in.Namespace, Name: in.Name}
	if d.pods[key] != nil {
		d.add("%s: there is another pod of that name", at)
		return
	}
	if in.UID == "" {
		in.UID = uidOf(in.Namespace, in.Name)
	}
	if first, ok := d.uids[in.UID]; ok {
		d.add("%s: metadata.uid is that of %s", at, first)
		return
	}
	if bad := badRequest(&in.Spec); bad != "" {
		d.add("%s: %s", at, bad)
		return
	}
	if isMirror(&in) && in.Spec.NodeName == "" {
		d.add("%s: a mirror pod without spec.nodeName", at)
		return
	}
	d.uids[in.UID] = in.Namespace + "/" + in.Name
	d.names[key] = true
	d.pods[key] = &dumpedPod{Pod: &in, at: at}
	d.saw(in.CreationTimestamp)
	if in.Status.StartTime != nil {
		d.saw(*in.Status.StartTime)
	}
	for _, c := range in.Status.Conditions {
		d.saw(c.LastTransitionTime)
	}
}
