// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
)

// podFacts is what the cost of a node depends on and its pods decide.
type podFacts struct {
	// daemonSets is the sum of the DaemonSet pods' requests: a node's price is
	// shared by the other pods only.
	daemonSets costmodel.Request
	// oldest is when the node's oldest pod started; zero if none has.
	oldest time.Time
	// latestEnd is when the last of the pods ends that have started; zero if
	// none has.
	latestEnd time.Time
	// unstarted is the longest lifetime of the pods that have not started.
	unstarted time.Duration
	// endless says that one of the pods never ends.
	endless bool
}

// age returns how long the node's oldest pod has been running, 0 if none has.
func (f podFacts) age(now time.Time) time.Duration {
	if f.oldest.IsZero() {
		return 0
	}
	return max(0, now.Sub(f.oldest))
}

// busy returns for how long the node's pods still need it: costmodel.Forever if
// one never ends, 0 if there are none or all should have ended.
func (f podFacts) busy(now time.Time) time.Duration {
	if f.endless {
		return costmodel.Forever
	}
	if f.latestEnd.IsZero() {
		return f.unstarted
	}
	return max(0, f.unstarted, f.latestEnd.Sub(now))
}

// addEnd adds a pod that starts or started at a time, zero if that is not
// known: then it starts now, whenever that is. A lifetime that cannot be read
// is none: reporting it is for the pod's own cycle.
func (f *podFacts) addEnd(pod *v1.Pod, start time.Time) {
	lifetime, _ := costmodel.LifetimeOf(pod)
	switch {
	case lifetime == costmodel.Forever:
		f.endless = true
	case start.IsZero():
		f.unstarted = max(f.unstarted, lifetime)
	default:
		if end := start.Add(lifetime); end.After(f.latestEnd) {
			f.latestEnd = end
		}
	}
}

// podFactsOf reads the pods of a node, their lifetimes only if these are of
// interest.
func podFactsOf(pods []fwk.PodInfo, lifetimes bool) podFacts {
	var f podFacts
	for _, info := range pods {
		pod := info.GetPod()
		if isDaemonSetPod(pod) {
			f.daemonSets.Add(toRequest(info.CalculateResource().Resource))
			continue
		}
		if _, mirror := pod.Annotations[v1.MirrorPodAnnotationKey]; mirror {
			continue
		}
		start := startOf(pod)
		if !start.IsZero() && (f.oldest.IsZero() || start.Before(f.oldest)) {
			f.oldest = start
		}
		if lifetimes {
			f.addEnd(pod, start)
		}
	}
	return f
}

func isDaemonSetPod(pod *v1.Pod) bool {
	owner := metav1.GetControllerOfNoCopy(pod)
	return owner != nil && owner.Kind == "DaemonSet"
}

// startOf returns when the pod was scheduled, else when it was started, else
// the zero time: a pod that has not been heard of yet is of age 0.
func startOf(pod *v1.Pod) time.Time {
	for i := range pod.Status.Conditions {
		c := &pod.Status.Conditions[i]
		if c.Type == v1.PodScheduled && c.Status == v1.ConditionTrue && !c.LastTransitionTime.IsZero() {
			return c.LastTransitionTime.Time
		}
	}
	if pod.Status.StartTime != nil {
		return pod.Status.StartTime.Time
	}
	return time.Time{}
}
