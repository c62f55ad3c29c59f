// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"
	"math/rand/v2"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
)

// random makes clusters and pods in which everything happens that the search has
// to know of. One seed always gives the same.
type random struct {
	*rand.Rand
	// rarely is the probability of what other plugins look at.
	rarely float64
}

func (r random) chance(p float64) bool { return r.Float64() < p }

func pick[T any](r random, all ...T) T { return all[r.IntN(len(all))] }

// args are those of a cluster.
func (r random) args(args *config.CostScoreArgs) {
	args.Strategy = pick(r, config.StrategyDominantShare, config.StrategyDominantShare, config.StrategyDominantShare, config.StrategyNodePrice,
		config.StrategyDominantShareLifetimes)
	if r.chance(0.2) {
		args.AgeExponent = ptr.To(0.0)
	}
	args.Estimate = ptr.To(r.chance(0.5))
	args.TrustAnnotations = r.chance(0.5)
	if r.chance(0.3) {
		args.Prepaid = []config.PrepaidNodes{{NodeSelector: metav1.LabelSelector{MatchLabels: map[string]string{"zone": "a"}}, Count: int32(1 + r.IntN(4))}}
	}
}

// nodes are 1 to 40 of a few sizes, or all alike, or some hundreds. Prices are such that many
// nodes cost the same, some by the core and some by the node.
func (r random) nodes() []*v1.Node {
	var all []*v1.Node
	priced, alike, count := !r.chance(0.1), r.chance(0.3), 1+r.IntN(40)
	many := r.chance(0.02)
	if many { // more costs than there are scores
		alike, count = false, 150+r.IntN(100)
	}
	for i := range count {
		if alike {
			all = append(all, r.tainted(node(fmt.Sprintf("n%02d", i), "0.2", label("zone", pick(r, "a", "b", "c")))))
			continue
		}
		size := 1 << r.IntN(4)
		capacityOf := resources{
			"cpu": fmt.Sprint(size), "memory": fmt.Sprintf("%dMi", 4096*size-pick(r, 0, 0, 0, 1, 7)), "pods": pick(r, "110", "110", "3"),
			"ephemeral-storage": pick(r, "100Gi", "20Gi"),
		}
		if r.chance(0.1) {
			capacityOf["example.com/gpu"] = "1"
		}
		n := node(fmt.Sprintf("n%02d", i), "", capacity(capacityOf), label("zone", pick(r, "a", "b", "c")), label("name", fmt.Sprint("n", i)))
		n.CreationTimestamp = metav1.NewTime(testNow.Add(-time.Duration(r.IntN(5)) * time.Hour))
		if priced && !r.chance(0.1) {
			annotation("tollgate.dev/hourly-price", pick(r, fmt.Sprintf("%d.%d", size, size), "3.3", fmt.Sprint(float64(size)*0.9), "1"))(n)
		}
		if many {
			annotation("tollgate.dev/hourly-price", fmt.Sprintf("%.4f", float64(size)*(1+r.Float64()/10)))(n)
		}
		if r.chance(0.5) {
			label(csiZoneLabel, pick(r, "a", "b"))(n)
		}
		if r.chance(0.3) {
			label(spotLabel, pick(r, "spot", "on-demand"))(n)
		}
		all = append(all, r.tainted(n))
	}
	return all
}

// tainted may taint a node.
func (r random) tainted(n *v1.Node) *v1.Node {
	if r.chance(0.1) {
		n.Spec.Taints = append(n.Spec.Taints, v1.Taint{Key: "dedicated", Value: pick(r, "a", "b"), Effect: pick(r, v1.TaintEffectNoSchedule, v1.TaintEffectNoExecute)})
	}
	if r.chance(r.rarely / 5) {
		n.Spec.Taints = append(n.Spec.Taints, v1.Taint{Key: "soft", Effect: v1.TaintEffectPreferNoSchedule})
	}
	n.Spec.Unschedulable = r.chance(0.05)
	return n
}

// running are pods of the nodes.
func (r random) running(nodes []*v1.Node) []*v1.Pod {
	var all []*v1.Pod
	most := 1 + r.IntN(6)
	for _, n := range nodes {
		for range r.IntN(most) {
			p := on(n.Name, fmt.Sprint("r", len(all)), time.Duration(pick(r, 0, 1, 60, 60, 3600, 100_000))*time.Second)
			r.request(p)
			switch {
			case r.chance(0.2):
				p.Status = v1.PodStatus{}
			case r.chance(0.2):
				ofDaemonSet(p)
			case r.chance(0.1):
				metav1.SetMetaDataAnnotation(&p.ObjectMeta, v1.MirrorPodAnnotationKey, "x")
			}
			r.lasts(p)
			p.Labels = map[string]string{"app": pick(r, "a", "b")}
			if r.chance(r.rarely / 20) {
				p.Spec.Affinity = &v1.Affinity{PodAntiAffinity: &v1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms(pick(r, "a", "c"))}}
			}
			if r.chance(r.rarely / 20) {
				p.Spec.Affinity = &v1.Affinity{PodAffinity: &v1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []v1.WeightedPodAffinityTerm{{
					Weight: 1, PodAffinityTerm: terms(pick(r, "b", "c"))[0],
				}}}}
			}
			if r.chance(0.1) {
				claiming(p, r.claims()...)
			}
			all = append(all, p)
		}
	}
	return all
}

// lasts may say how long a pod runs.
func (r random) lasts(p *v1.Pod) {
	if r.chance(0.3) {
		lasting(p, pick(r, "1h", "30h", "30h"))
	}
}

// request sets what a pod requests, which may be nothing.
func (r random) request(p *v1.Pod) {
	list := v1.ResourceList{}
	if !r.chance(0.1) {
		list[v1.ResourceCPU] = *resourceQuantity(v1.ResourceCPU, pick[int64](r, 50, 100, 500, 500, 1000, 2000, 3700))
	}
	if !r.chance(0.1) {
		list[v1.ResourceMemory] = *resourceQuantity(v1.ResourceMemory, pick[int64](r, 64, 256, 1024, 1024, 8192)<<20)
	}
	if r.chance(0.1) {
		list[v1.ResourceEphemeralStorage] = *resourceQuantity(v1.ResourceEphemeralStorage, pick[int64](r, 1, 15, 50)<<30)
	}
	p.Spec.Containers = p.Spec.Containers[:1]
	p.Spec.Containers[0].Resources.Requests = list
	if r.chance(0.1) {
		p.Spec.Containers = append(p.Spec.Containers, v1.Container{Name: "sidecar"})
	}
}

func terms(app string, key ...string) []v1.PodAffinityTerm {
	return []v1.PodAffinityTerm{{TopologyKey: append(key, "zone")[0], LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}}}
}

// pending is a pod to be placed.
func (r random) pending(name string, nodes []*v1.Node) *v1.Pod {
	p := pod(name).Obj()
	r.request(p)
	r.lasts(p)
	p.Labels = map[string]string{"app": pick(r, "a", "b", "d")}
	if r.chance(0.2) {
		p.Spec.Tolerations = append(p.Spec.Tolerations, pick(r, v1.Toleration{Key: "dedicated", Operator: v1.TolerationOpExists},
			v1.Toleration{Key: "dedicated", Value: "a"}, v1.Toleration{Operator: v1.TolerationOpExists}))
	}
	if r.chance(0.2) {
		p.Spec.NodeSelector = map[string]string{"zone": pick(r, "a", "b", "none")}
	}
	if r.chance(0.1) {
		p.Spec.Affinity = &v1.Affinity{NodeAffinity: &v1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &v1.NodeSelector{
			NodeSelectorTerms: []v1.NodeSelectorTerm{{MatchExpressions: []v1.NodeSelectorRequirement{{
				Key: "zone", Operator: pick(r, v1.NodeSelectorOpIn, v1.NodeSelectorOpNotIn), Values: []string{"a", "c"},
			}}}},
		}}}
	}
	if r.chance(0.1) {
		metav1.SetMetaDataAnnotation(&p.ObjectMeta, MaxHourlyPriceAnnotation, pick(r, "1", "3.3", "9"))
	}
	if r.chance(0.1) {
		metav1.SetMetaDataAnnotation(&p.ObjectMeta, SpotAnnotation, pick(r, spotNever, spotOnly))
	}
	p.Spec.Volumes = []v1.Volume{{Name: "tls", VolumeSource: v1.VolumeSource{Secret: &v1.SecretVolumeSource{SecretName: "tls"}}}}
	for _, change := range r.hindrances(nodes) {
		if r.chance(r.rarely / 12) {
			change(p)
		}
	}
	return p
}

// hindrances are changes that other plugins look at, or that keep a pod from the
// index.
func (r random) hindrances(nodes []*v1.Node) []func(*v1.Pod) {
	affinity := func(p *v1.Pod) *v1.Affinity {
		if p.Spec.Affinity == nil {
			p.Spec.Affinity = &v1.Affinity{}
		}
		return p.Spec.Affinity
	}
	return []func(*v1.Pod){
		func(p *v1.Pod) { p.Status.NominatedNodeName = nodes[0].Name },
		func(p *v1.Pod) {
			p.Spec.Volumes = append(p.Spec.Volumes, v1.Volume{Name: "nfs", VolumeSource: v1.VolumeSource{NFS: &v1.NFSVolumeSource{Server: "s", Path: "/"}}})
		},
		func(p *v1.Pod) { claiming(p, r.claims()...) },
		func(p *v1.Pod) { claiming(p, r.claims()...) },
		func(p *v1.Pod) { using(p, pick(r, "one", "two", "either", "in-a", "none")) },
		func(p *v1.Pod) { using(p, pick(r, "one", "in-a"), "two") },
		func(p *v1.Pod) { p.Spec.Containers[0].Ports = []v1.ContainerPort{{HostPort: 80, ContainerPort: 80}} },
		func(p *v1.Pod) {
			p.Spec.Containers[0].Resources.Requests["example.com/gpu"] = *resourceQuantity("example.com/gpu", 1)
		},
		func(p *v1.Pod) {
			affinity(p).PodAntiAffinity = &v1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms("a")}
		},
		func(p *v1.Pod) {
			affinity(p).PodAffinity = &v1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []v1.WeightedPodAffinityTerm{{Weight: 5, PodAffinityTerm: terms("a")[0]}}}
		},
		func(p *v1.Pod) {
			affinity(p).PodAntiAffinity = &v1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []v1.WeightedPodAffinityTerm{{Weight: 5, PodAffinityTerm: terms("b", "name")[0]}}}
		},
		func(p *v1.Pod) {
			p.Spec.TopologySpreadConstraints = []v1.TopologySpreadConstraint{{
				MaxSkew: 1, TopologyKey: pick(r, "zone", "name", v1.LabelHostname), WhenUnsatisfiable: pick(r, v1.DoNotSchedule, v1.ScheduleAnyway),
				LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "a"}},
			}}
		},
		func(p *v1.Pod) {
			preferred := v1.PreferredSchedulingTerm{Weight: 3, Preference: v1.NodeSelectorTerm{MatchExpressions: []v1.NodeSelectorRequirement{{
				Key: "zone", Operator: v1.NodeSelectorOpIn, Values: []string{"b"},
			}}}}
			a := affinity(p)
			if a.NodeAffinity == nil {
				a.NodeAffinity = &v1.NodeAffinity{}
			}
			a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution = []v1.PreferredSchedulingTerm{preferred}
		},
		func(p *v1.Pod) {
			affinity(p).NodeAffinity = &v1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &v1.NodeSelector{
				NodeSelectorTerms: []v1.NodeSelectorTerm{{MatchFields: []v1.NodeSelectorRequirement{{
					Key: metav1.ObjectNameField, Operator: v1.NodeSelectorOpIn, Values: []string{nodes[0].Name},
				}}}},
			}}
		},
		func(p *v1.Pod) {
			p.Spec.Tolerations = append(p.Spec.Tolerations, v1.Toleration{Key: "level", Operator: v1.TolerationOpLt, Value: "5"})
		},
		func(p *v1.Pod) {
			p.Spec.Containers[0].ReadinessProbe = &v1.Probe{ProbeHandler: v1.ProbeHandler{TCPSocket: &v1.TCPSocketAction{Port: intstr.FromInt32(80)}}}
		}, // which hinders nothing
	}
}
