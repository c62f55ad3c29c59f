// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// replay plays the events of a SimKube trace.
type replay struct {
	faults
	stripped
	file       string
	start, now int64 // seconds since 1970
	begun      bool
	paths      map[string][]string    // by kind
	lifecycles map[string][]lifecycle // by kind and object, in order of start
	owners     map[string]*owner
	daemonSets []*owner
	pods       []Pod
	made       int
	names      names
	skipped    map[string]string // object to kind
}

// owner is an object that makes pods.
type owner struct {
	*trackedObject
	meta  metav1.ObjectMeta // of its pods
	spec  corev1.PodSpec
	taken stripped // from one of them
	live  []int    // in replay.pods, the oldest first
	made  int
}

func newReplay(file string) *replay {
	return &replay{
		file: file, paths: map[string][]string{}, lifecycles: map[string][]lifecycle{},
		owners: map[string]*owner{}, names: names{}, skipped: map[string]string{},
	}
}

// apply makes the pods of an object be as it wants.
func (s *replay) apply(t *trackedObject) {
	o := s.owners[t.key]
	switch {
	case o == nil && t.deleted:
		return // it was not there
	case o == nil:
		o = &owner{trackedObject: t}
		s.owners[t.key] = o
		s.template(o)
		if t.gvk == kindDaemonSet {
			s.daemonSets = append(s.daemonSets, o)
		}
	case t.deleted:
		s.end(o, 0)
		return
	case !equality.Semantic.DeepEqual(o.template, t.template):
		if t.gvk == kindDeployment || t.gvk == kindStatefulSet {
			s.end(o, 0)
		}
		o.trackedObject = t
		s.template(o)
	default:
		o.trackedObject = t
	}
	s.end(o, t.wants)
	for len(o.live) < t.wants && len(s.pods) <= maxPods {
		s.begin(o)
	}
}

// template makes what the pods of an object have in common.
func (s *replay) template(o *owner) {
	o.taken = stripped{}
	o.meta = o.taken.meta(&o.template.ObjectMeta)
	o.spec = o.taken.spec(&o.template.Spec)
	dot := strings.LastIndex(o.gvk, ".")
	o.meta.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: o.gvk[:dot], Kind: o.gvk[dot+1:], Name: o.name, UID: uidOf(o.gvk+" "+o.namespace, o.name), Controller: ptr.To(true),
	}}
}

func (s *replay) begin(o *owner) {
	name := s.names.take(o.namespace, o.name+"-"+strconv.Itoa(o.made))
	pod := &corev1.Pod{ObjectMeta: o.meta, Spec: o.spec}
	pod.Namespace, pod.Name, pod.UID = o.namespace, name, uidOf(o.namespace, name)
	o.live = append(o.live, len(s.pods))
	s.plus(&o.taken)
	s.pods = append(s.pods, Pod{Object: pod, Arrives: s.elapsed(), Lifetime: s.lifetime(o.key, o.made), Source: o.at})
	o.made++
	s.made++
}

// end ends pods until so many are left.
func (s *replay) end(o *owner, left int) {
	for len(o.live) > left {
		p := &s.pods[o.live[len(o.live)-1]]
		p.Lifetime = min(p.Lifetime, s.elapsed()-p.Arrives)
		o.live = o.live[:len(o.live)-1]
	}
}

func (s *replay) workload() *Workload {
	w := &Workload{Name: shortName(s.file), Start: time.Unix(s.start, 0).UTC()}
	running := 0
	for _, key := range slices.Sorted(maps.Keys(s.owners)) {
		o := s.owners[key]
		for _, i := range o.live {
			p := &s.pods[i]
			if rest := max(time.Second, s.elapsed()-p.Arrives); p.Lifetime > rest {
				p.Lifetime = rest
				running++
			}
		}
	}
	// What began and ended in the same second never ran.
	w.Pods = slices.DeleteFunc(s.pods, func(p Pod) bool { return p.Lifetime <= 0 })
	for _, o := range s.daemonSets {
		pod := &corev1.Pod{ObjectMeta: o.meta, Spec: o.spec}
		pod.Namespace, pod.Name, pod.UID = o.namespace, o.name, uidOf(o.namespace, o.name)
		w.DaemonSets = append(w.DaemonSets, pod)
	}
	kinds := map[string]int{}
	for _, kind := range s.skipped {
		kinds[kind]++
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		w.LeftOut = append(w.LeftOut, fmt.Sprintf("Objects of kind %s make no pods here; there are %d.", kind, kinds[kind]))
	}
	if running > 0 {
		w.LeftOut = append(w.LeftOut, fmt.Sprintf("What is after the last event is not known: %d pods that still run end there.", running))
	}
	w.LeftOut = append(w.LeftOut, s.sentences()...)
	return w
}
