// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

const (
	schedulerName = "tollgate"
	// batchLabel tells groups of pods and Secrets apart.
	batchLabel = "bench.tollgate.dev/batch"

	releaseNamespace = "bench-release"
	canaryNamespace  = "bench-canary"
	namespaceCount   = 20
)

// namespaces are those that pods and Secrets are spread over.
func namespaces() []string {
	names := make([]string, namespaceCount)
	for i := range names {
		names[i] = namespaceOf(i)
	}
	return names
}

func namespaceOf(i int) string { return fmt.Sprintf("bench-%02d", i%namespaceCount) }

// newPod asks for a tenth of a core. With a Secret it declares that it needs it.
func newPod(namespace, batch, name, secret string) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{batchLabel: batch}},
		Spec: corev1.PodSpec{
			SchedulerName:                 schedulerName,
			TerminationGracePeriodSeconds: new(int64),
			Containers: []corev1.Container{{
				Name: "main", Image: "registry.example.com/work:1",
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
					corev1.ResourceCPU:    resource.MustParse("100m"),
					corev1.ResourceMemory: resource.MustParse("256Mi"),
				}},
			}},
		},
	}
	if secret != "" {
		pod.Annotations = map[string]string{declare.RequireTLSAnnotation: secret}
	}
	return pod
}

// newPods are spread over the namespaces and have names in order. With own, each declares a Secret of its own, named as it is.
func newPods(batch string, n int, own bool) []*corev1.Pod {
	pods := make([]*corev1.Pod, n)
	for i := range pods {
		name := fmt.Sprintf("%s-%05d", batch, i)
		secret := ""
		if own {
			secret = name
		}
		pods[i] = newPod(namespaceOf(i), batch, name, secret)
	}
	return pods
}

func keyOf(o metav1.Object) types.NamespacedName {
	return types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}
}

// each calls do for 0 to n-1, several at a time, and counts in done unless that is nil.
func each(ctx context.Context, n int, done *atomic.Int64, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(n, parallel) {
		group.Go(func() error {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if err := do(ctx, i); err != nil {
					return err
				}
				if done != nil {
					done.Add(1)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (b *bench) createPods(ctx context.Context, pods []*corev1.Pod) error {
	done, stop := b.progress.Counter("pods created", len(pods))
	defer stop()
	return each(ctx, len(pods), done, func(ctx context.Context, i int) error { return b.createPod(ctx, pods[i]) })
}

func (b *bench) createPod(ctx context.Context, pod *corev1.Pod) error {
	if _, err := b.cluster.client.CoreV1().Pods(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("creating a pod: %w", err)
	}
	return nil
}

// deleteBatch deletes the pods and Secrets of a group at once. When the run is being ended it does nothing: the cluster ends too.
func (b *bench) deleteBatch(ctx context.Context, batch string) error {
	if ctx.Err() != nil {
		return nil
	}
	all := append(namespaces(), releaseNamespace, canaryNamespace)
	selector := metav1.ListOptions{LabelSelector: batchLabel + "=" + batch}
	now := *metav1.NewDeleteOptions(0)
	return each(ctx, len(all), nil, func(ctx context.Context, i int) error {
		core := b.cluster.client.CoreV1()
		if err := core.Pods(all[i]).DeleteCollection(ctx, now, selector); err != nil {
			return fmt.Errorf("deleting pods: %w", err)
		}
		if err := core.Secrets(all[i]).DeleteCollection(ctx, now, selector); err != nil {
			return fmt.Errorf("deleting Secrets: %w", err)
		}
		return nil
	})
}
