// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import (
	"bytes"
	"context"
	"fmt"
	"math/big"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// cores makes a pool of nodes with so many cores and 4 GiB for each.
func cores(name string, n int64, price pricing.Money) pool.Pool {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"pool": name}}}
	node.Status.Allocatable = resources(n*1000, n<<12)
	node.Status.Allocatable[corev1.ResourcePods] = resource.MustParse("110")
	return pool.Pool{Name: name, Template: node, Price: price}
}

func resources(milli, mib int64) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(milli, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(mib<<20, resource.BinarySI),
	}
}

func work(pods ...workload.Pod) *workload.Workload {
	for i := range pods {
		pods[i].Object.Name = fmt.Sprint("pod-", i)
	}
	return &workload.Workload{Name: "test", Pods: pods}
}

func run(milli, mib int64, arrives, lifetime time.Duration) workload.Pod {
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: resources(milli, mib)}}}}}
	return workload.Pod{Object: pod, Arrives: arrives, Lifetime: lifetime}
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

func mustCompute(t fataler, w *workload.Workload, pools []pool.Pool, o Options) *Certificate {
	t.Helper()
	c, err := Compute(context.Background(), w, pools, o)
	if err != nil {
		t.Fatalf("computing: %v", err)
	}
	return c
}

func mustVerify(t fataler, c *Certificate) *big.Rat {
	t.Helper()
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		t.Fatalf("writing: %v", err)
	}
	r, err := Verify(&b)
	if err != nil {
		t.Fatalf("verifying: %v", err)
	}
	return r
}

func proof(t *testing.T, c *Certificate, name string) float64 {
	t.Helper()
	for _, p := range c.Proofs {
		if p.Name == name {
			return p.dollars()
		}
	}
	t.Fatalf("there is no proof %q", name)
	return 0
}
