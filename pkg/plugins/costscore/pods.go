// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"math"
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

// podFact is what of one pod the facts about its node are made from.
type podFact struct {
	info fwk.PodInfo // which is another one once the pod has changed
	// daemonSet is what a DaemonSet's pod requests; nil for others.
	daemonSet *costmodel.Request
	// mirror says that the pod is the kubelet's own, which does not count.
	mirror bool
	// start is when the pod started, in Unix nanoseconds; 0 if it has not.
	start int64
	// lifetime is how long it runs; 0 if that is not of interest. One that cannot
	// be read is none: reporting it is for the pod's own cycle.
	lifetime time.Duration
}

func podFactOf(info fwk.PodInfo, lifetimes bool) podFact {
	pod := info.GetPod()
	f := podFact{info: info}
	if isDaemonSetPod(pod) {
		request := toRequest(info.CalculateResource().Resource)
		f.daemonSet = &request
		return f
	}
	if _, f.mirror = pod.Annotations[v1.MirrorPodAnnotationKey]; f.mirror {
		return f
	}
	if start := startOf(pod); !start.IsZero() {
		f.start = start.UnixNano()
	}
	if lifetimes {
		f.lifetime, _ = costmodel.LifetimeOf(pod)
	}
	return f
}

// readPods reads the pods of a node, their lifetimes only if these are of
// interest. Those that were there before are not read again, as to read a pod means
// to fetch it from memory: a NodeInfo puts a new pod last, and the last pod in the
// place of one that goes.
func readPods(before []podFact, infos []fwk.PodInfo, lifetimes bool) []podFact {
	now := make([]podFact, len(infos))
	last := len(before) - 1
	for i, info := range infos {
		switch {
		case i <= last && before[i].info == info:
			now[i] = before[i]
		case last >= 0 && before[last].info == info:
			now[i] = before[last]
		default:
			now[i] = podFactOf(info, lifetimes)
		}
	}
	return now
}

// factsOf sums up the pods of a node.
func factsOf(pods []podFact, lifetimes bool) podFacts {
	var f podFacts
	oldest := int64(math.MaxInt64)
	for i := range pods {
		p := &pods[i]
		switch {
		case p.daemonSet != nil:
			f.daemonSets.Add(*p.daemonSet)
			continue
		case p.mirror:
			continue
		case p.start != 0:
			oldest = min(oldest, p.start)
		}
		if lifetimes {
			f.addEnd(p)
		}
	}
	if oldest != math.MaxInt64 {
		f.oldest = time.Unix(0, oldest)
	}
	return f
}

// addEnd adds a pod that starts or started at a time, or else starts now, whenever
// that is.
func (f *podFacts) addEnd(p *podFact) {
	switch {
	case p.lifetime == costmodel.Forever:
		f.endless = true
	case p.start == 0:
		f.unstarted = max(f.unstarted, p.lifetime)
	default:
		if end := time.Unix(0, p.start).Add(p.lifetime); end.After(f.latestEnd) {
			f.latestEnd = end
		}
	}
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
