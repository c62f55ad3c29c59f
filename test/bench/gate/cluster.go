// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// cluster is etcd and kube-apiserver with Tollgate's roles and the benchmark's nodes. Without a kubelet a pod that was bound
// stays so, and without a kube-controller-manager nothing else is at work.
type cluster struct {
	sb         *sandbox.Sandbox
	client     kubernetes.Interface
	kubeconfig string // of the scheduler
	bound      *boundWatch
	endWatch   context.CancelFunc
}

// parallel is how many requests the benchmark makes at a time.
const parallel = 16

func startCluster(ctx context.Context, nodes int, o sandbox.Options) (*cluster, error) {
	sb, err := sandbox.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	c := &cluster{sb: sb, endWatch: func() {}}
	if err := c.prepare(ctx, nodes); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

func (c *cluster) prepare(ctx context.Context, nodes int) error {
	config := c.sb.Config()
	config.ContentType = runtime.ContentTypeProtobuf
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	var err error
	if c.client, err = kubernetes.NewForConfig(config); err != nil {
		return fmt.Errorf("creating a client: %w", err)
	}
	if err := stack.Install(ctx, c.sb); err != nil {
		return err
	}
	if err := c.grantSecrets(ctx); err != nil {
		return err
	}
	if c.kubeconfig, err = c.sb.ServiceAccountKubeconfig(ctx, stack.Namespace, stack.SchedulerServiceAccount); err != nil {
		return err
	}
	for _, namespace := range append(namespaces(), releaseNamespace, canaryNamespace) {
		if _, err := c.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("creating a namespace: %w", err)
		}
	}
	err = each(ctx, nodes, nil, func(ctx context.Context, i int) error {
		_, err := c.client.CoreV1().Nodes().Create(ctx, newNode(i), metav1.CreateOptions{})
		return err
	})
	if err != nil {
		return fmt.Errorf("creating the nodes: %w", err)
	}
	watchCtx, end := context.WithCancel(context.Background())
	c.endWatch = end
	c.bound, err = watchBound(watchCtx, c.client)
	return err
}

// grantSecrets lets the scheduler read Secrets, for source Secrets, whether or not config/rbac does.
func (c *cluster) grantSecrets(ctx context.Context) error {
	const name = "bench-gate-secrets"
	role := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get", "list", "watch"}}},
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: stack.Namespace, Name: stack.SchedulerServiceAccount}},
	}
	if _, err := c.client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("granting Secrets: %w", err)
	}
	if _, err := c.client.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("granting Secrets: %w", err)
	}
	return nil
}

func (c *cluster) stop() error {
	c.endWatch()
	return c.sb.Stop()
}

// newNode has 64 cores, 256Gi and one of four prices.
func newNode(i int) *corev1.Node {
	resources := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("64"),
		corev1.ResourceMemory: resource.MustParse("256Gi"),
		corev1.ResourcePods:   *resource.NewQuantity(podsPerNode, resource.DecimalSI),
	}
	name := fmt.Sprintf("node-%04d", i)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Labels:      map[string]string{corev1.LabelHostname: name, corev1.LabelTopologyZone: fmt.Sprintf("zone-%d", i%3)},
			Annotations: map[string]string{"tollgate.dev/hourly-price": fmt.Sprintf("%.2f", 2+0.25*float64(i%4))},
		},
		Status: corev1.NodeStatus{Capacity: resources, Allocatable: resources},
	}
}
