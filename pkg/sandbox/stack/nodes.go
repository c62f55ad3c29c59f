// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
)

// AwaitNodes returns when a scheduler knows the nodes, Ready and without the taint of a new node. That the apiserver knows them
// is not enough: nodes and pods come to a scheduler over two watches. So a pod without requests is bound to each node and
// deleted. Nodes must have the label kubernetes.io/hostname.
func AwaitNodes(ctx context.Context, sb *sandbox.Sandbox, scheduler string, nodes ...*corev1.Node) error {
	client, err := kubernetes.NewForConfig(sb.Config())
	if err != nil {
		return err
	}
	pods := client.CoreV1().Pods(metav1.NamespaceDefault)
	var probes []*corev1.Pod
	for _, node := range nodes {
		probe := probeOf(node, scheduler)
		err := wait.PollUntilContextCancel(ctx, 10*time.Millisecond, true, func(ctx context.Context) (bool, error) {
			_, err := pods.Create(ctx, probe, metav1.CreateOptions{})
			if apierrors.IsForbidden(err) { // ServiceAccount default is not there yet
				return false, nil
			}
			return err == nil, err
		})
		if err != nil {
			return fmt.Errorf("creating a pod for node %s: %w", node.Name, err)
		}
		probes = append(probes, probe)
	}
	for _, probe := range probes {
		err := wait.PollUntilContextCancel(ctx, 10*time.Millisecond, true, func(ctx context.Context) (bool, error) {
			pod, err := pods.Get(ctx, probe.Name, metav1.GetOptions{})
			return err == nil && pod.Spec.NodeName != "", err
		})
		if err != nil {
			return fmt.Errorf("waiting until scheduler %s knows the nodes (%s): %w", scheduler, probe.Name, err)
		}
		if err := pods.Delete(ctx, probe.Name, *metav1.NewDeleteOptions(0)); err != nil {
			return fmt.Errorf("deleting pod %s: %w", probe.Name, err)
		}
	}
	return nil
}

func probeOf(node *corev1.Node, scheduler string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "probe-" + node.Name + "-" + scheduler},
		Spec: corev1.PodSpec{
			SchedulerName: scheduler,
			NodeSelector:  map[string]string{corev1.LabelHostname: node.Labels[corev1.LabelHostname]},
			Containers:    []corev1.Container{{Name: "probe", Image: "probe"}},
		},
	}
}
