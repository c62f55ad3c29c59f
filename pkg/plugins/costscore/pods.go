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
}

// age returns how long the node's oldest pod has been running, 0 if none has.
func (f podFacts) age(now time.Time) time.Duration {
	if f.oldest.IsZero() {
		return 0
	}
	return max(0, now.Sub(f.oldest))
}

func podFactsOf(pods []fwk.PodInfo) podFacts {
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
		if start := startOf(pod); !start.IsZero() && (f.oldest.IsZero() || start.Before(f.oldest)) {
			f.oldest = start
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
