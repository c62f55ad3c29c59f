// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cycle

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/test/perf/fleet"
	"github.com/tollgate-dev/tollgate/test/perf/policy"
)

// runner places pods on one policy's cluster. All runners of a cell place pods of the same requests in the same order.
type runner struct {
	policy  string
	cluster *Cluster
	random  *rand.Rand
	batch   int
	// pods are bound; each batch of new ones takes the place of as many of them.
	pods   []*corev1.Pod
	nodes  []*corev1.Node // as they reported last
	serial int
}

func newRunner(ctx context.Context, cell Cell, f *fleet.Fleet, name string, config []byte) (_ *runner, err error) {
	cluster, err := NewCluster(ctx, config)
	if err != nil {
		return nil, err
	}
	r := &runner{policy: name, cluster: cluster, random: cell.random(), batch: cell.batch(), nodes: slices.Clone(f.Nodes)}
	defer func() {
		if err != nil {
			cluster.Close()
		}
	}()
	if err := cluster.Load(f); err != nil {
		return nil, err
	}
	if err := cluster.Add(fleet.HeldPods(cell.Held, name == policy.Tollgate)); err != nil {
		return nil, err
	}
	if _, held := cluster.Waiting(); held != cell.Held {
		return nil, fmt.Errorf("holding pods with policy %s: %d of %d are held", name, held, cell.Held)
	}
	bound, waiting, err := cell.pods(f)
	if err != nil {
		return nil, err
	}
	if err := cluster.AddStorage(fleet.NewStorage(f.Nodes, waiting)); err != nil {
		return nil, err
	}
	r.pods = slices.Clone(bound)
	for chunk := range slices.Chunk(waiting, r.batch) {
		placed, _, err := cluster.Place(ctx, chunk)
		if err != nil {
			return nil, err
		}
		r.pods = append(r.pods, slices.DeleteFunc(placed, func(pod *corev1.Pod) bool { return pod == nil })...)
	}
	if len(r.pods) == 0 {
		return nil, fmt.Errorf("placing the first pods with policy %s: none fits", name)
	}
	if len(r.pods) < r.batch {
		r.batch = len(r.pods)
	}
	return r, nil
}

// round places a batch of pods, and then removes the older ones of the same requests that they replace.
func (r *runner) round(ctx context.Context) (Sample, error) {
	victims := r.random.Perm(len(r.pods))[:r.batch]
	fresh, gone := make([]*corev1.Pod, r.batch), make([]*corev1.Pod, r.batch)
	for i, victim := range victims {
		gone[i] = r.pods[victim]
		fresh[i] = r.successor(gone[i])
	}
	heartbeats, heartbeat, err := r.heartbeat()
	if err != nil {
		return Sample{}, err
	}
	bound, sample, err := r.cluster.Place(ctx, fresh)
	if err != nil {
		return sample, fmt.Errorf("policy %s: %w", r.policy, err)
	}
	sample.Heartbeats, sample.Heartbeat = heartbeats, heartbeat
	var replaced []*corev1.Pod
	for i, victim := range victims {
		if bound[i] != nil {
			r.pods[victim] = bound[i]
			replaced = append(replaced, gone[i])
		}
	}
	took, err := r.cluster.Remove(replaced)
	sample.Events += took
	return sample, err
}

// placementsPerHeartbeat is how many pods are placed for each node that reports: a kubelet does so every five minutes if there is
// nothing new, which makes 17 a second of 5,000 nodes, against some 200 placements.
const placementsPerHeartbeat = 10

// heartbeat has some nodes report that they are alive, and returns what the event handlers took.
func (r *runner) heartbeat() (count int, took time.Duration, err error) {
	count = max(1, r.batch/placementsPerHeartbeat)
	for range count {
		i := r.random.IntN(len(r.nodes))
		node := *r.nodes[i]
		r.serial++
		node.ResourceVersion = strconv.Itoa(r.serial)
		node.Status.Conditions = slices.Clone(node.Status.Conditions)
		node.Status.Conditions[0].LastHeartbeatTime = metav1.Now()
		begin := time.Now()
		if err := r.cluster.feeds.nodes.Update(r.nodes[i], &node); err != nil {
			return 0, 0, fmt.Errorf("updating node %s: %w", node.Name, err)
		}
		took += time.Since(begin)
		r.nodes[i] = &node
	}
	return count, took, nil
}

// successor returns a pod that waits and is otherwise like an older one.
func (r *runner) successor(old *corev1.Pod) *corev1.Pod {
	r.serial++
	pod := fleet.NewPod(fmt.Sprintf("new-%06d", r.serial), fleet.Basic)
	pod.Labels, pod.Annotations = old.Labels, old.Annotations
	pod.Spec = old.Spec
	pod.Spec.NodeName = ""
	return pod
}
