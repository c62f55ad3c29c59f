// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
)

// buy requests a node of a pool.
func (s *simulation) buy(i int) *nodeState {
	s.counter++
	p := &s.pools[i]
	object := p.Template.DeepCopy()
	object.Name = fmt.Sprintf("%s-%d", p.Name, s.counter)
	for s.names[object.Name] {
		object.Name += "-new"
	}
	object.UID = types.UID(object.Name)
	object.CreationTimestamp = metav1.NewTime(s.clock.Now())
	if object.Labels == nil {
		object.Labels = map[string]string{}
	}
	object.Labels[corev1.LabelHostname] = object.Name
	if price, changed := s.bill.changed[i]; changed {
		annotatePrice(object, price)
	}
	if s.config.OnNode != nil {
		s.config.OnNode(object)
	}
	n := &nodeState{
		object: object, pool: i,
		capacity:   p.allocatable,
		free:       clone(p.allocatable),
		freePods:   p.Pods(),
		daemonPods: p.DaemonSets,
	}
	s.register(n)
	s.queue.push(event{at: s.now + s.autoscaler.BootTime, kind: nodeReady, node: n})
	return n
}

// existing takes a node that is there from the beginning.
func (s *simulation) existing(object *corev1.Node, i int) error {
	if i < 0 || i >= len(s.pools) {
		return fmt.Errorf("simulating %s: node %s belongs to no pool", s.config.Workload.Name, object.Name)
	}
	if s.config.OnNode != nil {
		s.config.OnNode(object)
	}
	one := pool.Pool{Template: object, DaemonSets: admitted(s.config.Workload.DaemonSets, object)}
	n := &nodeState{
		object: object, pool: i,
		capacity:   clone(one.Allocatable()),
		free:       clone(one.Allocatable()),
		freePods:   one.Pods(),
		daemonPods: one.DaemonSets,
	}
	s.register(n)
	return s.makeReady(n)
}

func admitted(pods []*corev1.Pod, node *corev1.Node) []*corev1.Pod {
	var all []*corev1.Pod
	for _, pod := range pods {
		if pool.Tolerates(pod, node) {
			all = append(all, pod)
		}
	}
	return all
}

func (s *simulation) register(n *nodeState) {
	n.gpus = gpusOf(n.capacity)
	s.nodes = append(s.nodes, n)
	s.byName[n.object.Name] = n
	s.pools[n.pool].live++
	s.bill.add(n.pool, s.now, 1)
	s.result.PeakNodes = max(s.result.PeakNodes, len(s.nodes))
}

// makeReady shows a node to the scheduler, with its DaemonSets.
func (s *simulation) makeReady(n *nodeState) error {
	n.ready = true
	n.accounted = s.now
	if err := s.placer.AddNode(n.object); err != nil {
		return err
	}
	for _, pod := range n.daemonPods {
		copied := pod.DeepCopy()
		copied.Name = pod.Name + "-" + n.object.Name
		copied.UID = types.UID(copied.Namespace + "/" + copied.Name)
		bound := s.placer.Bind(copied, n.object.Name)
		if err := s.placer.AddPod(bound); err != nil {
			return err
		}
		n.daemons = append(n.daemons, bound)
	}
	s.account(n)
	s.retry.nodes = append(s.retry.nodes, n)
	s.idleIfEmpty(n)
	return nil
}

// idleIfEmpty plans the removal of a node that holds no pod but DaemonSets' and
// static ones.
func (s *simulation) idleIfEmpty(n *nodeState) {
	if len(n.pods) > 0 || !n.ready || n.gone {
		return
	}
	n.turn++
	s.queue.push(event{at: s.now + s.autoscaler.EmptyDelay, kind: nodeIdle, node: n, turn: n.turn})
}

// remove gives a node back.
func (s *simulation) remove(n *nodeState) error {
	for _, pod := range n.daemons {
		if err := s.placer.RemovePod(pod); err != nil {
			return err
		}
	}
	if err := s.dropMirrors(n); err != nil {
		return err
	}
	if err := s.placer.RemoveNode(n.object.Name); err != nil {
		return err
	}
	s.account(n)
	n.gone = true
	s.nodes = slices.DeleteFunc(s.nodes, func(o *nodeState) bool { return o == n })
	delete(s.byName, n.object.Name)
	s.pools[n.pool].live--
	s.bill.add(n.pool, s.now, -1)
	return nil
}

// changePrice changes the price of a pool, and tells its nodes.
func (s *simulation) changePrice(c PriceChange) error {
	s.bill.setPrice(c.Pool, s.now, c.Price)
	for _, n := range s.nodes {
		if n.pool != c.Pool {
			continue
		}
		object := n.object.DeepCopy()
		annotatePrice(object, c.Price)
		n.object = object
		if n.ready {
			if err := s.placer.UpdateNode(object); err != nil {
				return err
			}
			s.retry.nodes = append(s.retry.nodes, n) // for pods with a price limit
		}
	}
	return nil
}

func annotatePrice(node *corev1.Node, price pricing.Money) {
	if node.Annotations == nil {
		node.Annotations = map[string]string{}
	}
	node.Annotations[pricing.PriceAnnotation] = fmt.Sprintf("%.6f", price.Dollars())
}

// gpuResources are the extended resources that are GPUs, and how many units of
// each are one.
var gpuResources = map[corev1.ResourceName]float64{
	"nvidia.com/gpu":         1,
	"amd.com/gpu":            1,
	"gpu.intel.com/i915":     1,
	"tollgate.dev/gpu-milli": 1000,
}

func gpusOf(r costmodel.Request) float64 {
	gpus := 0.0
	for name, units := range gpuResources {
		gpus += float64(r.Scalar[name]) / units
	}
	return gpus
}

// account sums up what was stranded on the node until now. Details:
//
//	stranded = GPUs x max(0, free GPU share - min(free cpu share, free memory share))
func (s *simulation) account(n *nodeState) {
	if n.gpus == 0 {
		return
	}
	hours := (s.now - n.accounted).Hours()
	s.result.StrandedGPUHours += n.stranded * hours
	s.result.GPUHours += n.gpus * hours
	n.accounted = s.now
	free := min(shareOf(n.free.MilliCPU, n.capacity.MilliCPU), shareOf(n.free.Memory, n.capacity.Memory))
	n.stranded = max(0, gpusOf(n.free)-free*n.gpus)
}

func shareOf(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
