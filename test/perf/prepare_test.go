// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/kubernetes/test/utils/ktesting"

	"github.com/tollgate-dev/tollgate/test/perf/fleet"
	"github.com/tollgate-dev/tollgate/test/perf/suite"
)

// fleetNamespace is where the pods of a fleet are.
const fleetNamespace = "fleet"

// creators is how many requests are made at a time.
const creators = 16

// bigShapes are the pods that fill a fleet: few, because each takes a request to the API server.
var bigShapes = []fleet.Shape{
	{MilliCPU: 1000, Memory: 4 << 30}, {MilliCPU: 1500, Memory: 3 << 30}, {MilliCPU: 2000, Memory: 4 << 30}, {MilliCPU: 1000, Memory: 8 << 30},
}

// prepareRun makes the fleet of a run, and follows it.
func prepareRun(tCtx ktesting.TContext, r suite.Run) error {
	if r.Suite.Fleet != nil {
		if err := createFleet(tCtx, tCtx.Client(), r.Suite.Fleet); err != nil {
			return err
		}
	}
	b, ok := tCtx.TB().(*testing.B)
	if !ok {
		return fmt.Errorf("preparing %s: it is no benchmark", r.Name())
	}
	startWatch(b, r.Suite)
	return nil
}

// createFleet makes nodes and the pods that are bound to them.
func createFleet(ctx context.Context, client kubernetes.Interface, spec *suite.Fleet) error {
	random := rand.New(rand.NewPCG(uint64(spec.Nodes), 1))
	f, err := fleet.NewMixed(spec.Nodes, spec.Full, bigShapes, random, time.Now())
	if err != nil {
		return err
	}
	if _, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fleetNamespace}}, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("creating namespace %s: %w", fleetNamespace, err)
	}
	if err := createAll(ctx, f.Nodes, func(node *corev1.Node) error {
		_, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
		return err
	}); err != nil {
		return fmt.Errorf("creating nodes: %w", err)
	}
	if err := createAll(ctx, f.Pods, func(pod *corev1.Pod) error {
		_, err := client.CoreV1().Pods(fleetNamespace).Create(ctx, bare(pod), metav1.CreateOptions{})
		return err
	}); err != nil {
		return fmt.Errorf("creating pods: %w", err)
	}
	return nil
}

// bare is the pod as the API server takes it.
func bare(pod *corev1.Pod) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: fleetNamespace}, Spec: pod.Spec}
}

// createAll makes all objects, many at a time, and returns the first error.
func createAll[T any](ctx context.Context, objects []T, create func(T) error) error {
	var once sync.Once
	var first error
	workqueue.ParallelizeUntil(ctx, creators, len(objects), func(i int) {
		if err := create(objects[i]); err != nil {
			once.Do(func() { first = err })
		}
	})
	return first
}
