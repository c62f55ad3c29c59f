// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/direct"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// newPod requests cores and GiB, arrives after so many seconds and runs for so
// many.
func newPod(i int, cores, gib, arrives, lives int64) workload.Pod {
	name := fmt.Sprintf("pod-%d", i)
	return workload.Pod{
		Object: &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(name)},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{
				Name: "c", Image: "i",
				Resources: corev1.ResourceRequirements{Requests: resources(cores, gib, 0)},
			}}},
		},
		Arrives: time.Duration(arrives) * time.Second, Lifetime: time.Duration(lives) * time.Second,
		Source: fmt.Sprintf("trace.csv:%d", i+2),
	}
}

func newWorkload(pods ...workload.Pod) *workload.Workload {
	return &workload.Workload{Name: "test", Start: start, Pods: pods}
}

func resources(cores, gib, gpus int64) corev1.ResourceList {
	list := corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewQuantity(cores, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(gib<<30, resource.BinarySI),
	}
	if gpus > 0 {
		list["nvidia.com/gpu"] = *resource.NewQuantity(gpus, resource.DecimalSI)
	}
	return list
}

func newPool(name string, cores, gib int64, dollars float64) pool.Pool {
	list := resources(cores, gib, 0)
	list[corev1.ResourcePods] = resource.MustParse("110")
	price := pricing.Money(dollars * 1e6)
	return pool.Pool{
		Name: name, Price: price, CapacityType: pricing.CapacityTypeOnDemand,
		Template: &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{
				Labels:      map[string]string{"pool": name},
				Annotations: map[string]string{pricing.PriceAnnotation: fmt.Sprintf("%.6f", dollars)},
			},
			Status: corev1.NodeStatus{Capacity: list, Allocatable: list},
		},
	}
}

// packing places pods as MostAllocated does: the share of cpu and memory in use
// after the placement.
func packing(_ *corev1.Pod, r costmodel.Request, n *direct.Node, _ time.Time) (cost, tie float64) {
	cpu := float64(n.Free.MilliCPU-r.MilliCPU) / float64(n.Allocatable.MilliCPU)
	memory := float64(n.Free.Memory-r.Memory) / float64(n.Allocatable.Memory)
	return cpu + memory, 0
}

func priceOf(n *corev1.Node) pricing.Price {
	m, err := pricing.ParseMoney(n.Annotations[pricing.PriceAnnotation])
	if err != nil {
		return pricing.Price{}
	}
	return pricing.Price{PerHour: m, Source: pricing.SourceAnnotation}
}

// byPacking is a policy that needs no scheduler.
func byPacking(_ context.Context, c clock.PassiveClock) (simulator.Placer, error) {
	return direct.New(packing, priceOf, c), nil
}

func run(t *testing.T, config *simulator.Config) *simulator.Result {
	t.Helper()
	r, err := simulator.Run(t.Context(), config)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return r
}
