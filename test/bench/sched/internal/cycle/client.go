// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cycle

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
)

// outcome is what became of a pod: a node, or an error.
type outcome struct {
	pod, node string
	err       error
}

// client answers bindings itself, once held is closed, and leaves the rest to the embedded client.
type client struct {
	kubernetes.Interface
	held     chan struct{}
	outcomes chan outcome
}

func (c *client) CoreV1() corev1client.CoreV1Interface {
	return coreClient{c.Interface.CoreV1(), c}
}

type coreClient struct {
	corev1client.CoreV1Interface
	c *client
}

func (c coreClient) Pods(namespace string) corev1client.PodInterface {
	return podClient{c.CoreV1Interface.Pods(namespace), c.c}
}

type podClient struct {
	corev1client.PodInterface
	c *client
}

// Bind waits until the cycles of the batch are over, so that it does not take part in what is measured.
func (p podClient) Bind(_ context.Context, binding *corev1.Binding, _ metav1.CreateOptions) error {
	<-p.c.held
	p.c.outcomes <- outcome{pod: binding.Name, node: binding.Target.Name}
	return nil
}

// noEvents drops events: there is nobody to tell.
type noEvents struct{}

func (noEvents) Eventf(runtime.Object, runtime.Object, string, string, string, string, ...any) {}

func (n noEvents) WithLogger(klog.Logger) events.EventRecorderLogger { return n }
