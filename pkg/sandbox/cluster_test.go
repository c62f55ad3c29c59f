// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/ptr"
)

func TestKWOK(t *testing.T) {
	client := clientOf(t, shared(t))
	ctx := t.Context()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "fake-1", Annotations: map[string]string{KWOKNodeAnnotation: "fake"}}}
	if _, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.CoreV1().Nodes().Delete(context.Background(), node.Name, metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)})
	})
	eventually(t, func(ctx context.Context) error {
		got, err := client.CoreV1().Nodes().Get(ctx, node.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if len(got.Spec.Taints) > 0 {
			return fmt.Errorf("the node has taints: %v", got.Spec.Taints)
		}
		if got.Status.Allocatable.Cpu().IsZero() {
			return fmt.Errorf("the node has no allocatable cpu: %v", got.Status.Allocatable)
		}
		for _, c := range got.Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
				return nil
			}
		}
		return fmt.Errorf("the node is not Ready: %v", got.Status.Conditions)
	})

	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "bound", Namespace: metav1.NamespaceDefault},
		Spec: corev1.PodSpec{
			NodeName:       node.Name,
			InitContainers: []corev1.Container{{Name: "init", Image: "init"}},
			Containers:     []corev1.Container{{Name: "main", Image: "main"}},
		},
	}
	pods := client.CoreV1().Pods(pod.Namespace)
	if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func(ctx context.Context) error {
		got, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if got.Status.Phase != corev1.PodRunning || got.Status.PodIP == "" || len(got.Status.ContainerStatuses) != 1 {
			return fmt.Errorf("the pod does not run: %+v", got.Status)
		}
		return nil
	})
	if err := pods.Delete(ctx, pod.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func(ctx context.Context) error {
		_, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
		if err == nil {
			return errors.New("the pod is still there")
		}
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	})
}

func TestApplyAndServiceAccount(t *testing.T) {
	s := shared(t)
	ctx := t.Context()
	for range 2 { // the second time changes nothing
		if err := s.Apply(ctx, "testdata/config"); err != nil {
			t.Fatal(err)
		}
	}
	widgets := dynamic.NewForConfigOrDie(s.Config()).Resource(schema.GroupVersionResource{
		Group: "example.tollgate.dev", Version: "v1", Resource: "widgets"}).Namespace("sandbox-test")
	if _, err := widgets.Get(ctx, "first", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}

	path, err := s.ServiceAccountKubeconfig(ctx, "sandbox-test", "reader")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || !strings.HasPrefix(path, s.Dir()) {
		t.Errorf("kubeconfig %s: %v, %v", path, info, err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	client := kubernetes.NewForConfigOrDie(config).CoreV1()
	if _, err := client.ConfigMaps("sandbox-test").List(ctx, metav1.ListOptions{}); err != nil {
		t.Errorf("listing what the role allows: %v", err)
	}
	for _, namespace := range []string{"sandbox-test", metav1.NamespaceDefault} {
		if _, err := client.Secrets(namespace).List(ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
			t.Errorf("listing Secrets in %s = %v, want forbidden", namespace, err)
		}
	}
	if _, err := s.ServiceAccountKubeconfig(ctx, "sandbox-test", "nobody"); !apierrors.IsNotFound(err) {
		t.Errorf("a kubeconfig of a missing ServiceAccount = %v, want not found", err)
	}
}

func TestUserKubeconfig(t *testing.T) {
	path, err := shared(t).UserKubeconfig("system:kube-scheduler")
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	client := kubernetes.NewForConfigOrDie(config).CoreV1()
	if _, err := client.Nodes().List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("listing nodes as the scheduler: %v", err)
	}
	if _, err := client.Secrets("").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("listing Secrets as the scheduler = %v, want forbidden", err)
	}
}

func TestApplyReportsAllFailures(t *testing.T) {
	s := shared(t)
	dir := t.TempDir()
	files := map[string]string{
		"kustomization.yaml": "resources: [objects.yaml]\n",
		"objects.yaml": `{apiVersion: v1, kind: ConfigMap, metadata: {name: Bad_Name}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: misplaced, namespace: no-such-namespace}}
`,
	}
	for name, content := range files {
		if err := os.WriteFile(dir+"/"+name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := s.Apply(t.Context(), dir)
	if err == nil || !strings.Contains(err.Error(), "Bad_Name") || !strings.Contains(err.Error(), "no-such-namespace") {
		t.Errorf("Apply = %v, want both failures", err)
	}
	if err := s.Apply(t.Context(), t.TempDir()); err == nil {
		t.Error("a folder without a kustomization is accepted")
	}
}
