// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/test/e2e/image"
)

const (
	nodeName   = "real-node"
	namespace  = metav1.NamespaceDefault
	host       = "www.shop.example.com"
	secretName = "web-tls"
	issuerName = "pebble"
)

// template is a pod for the real node: scheduled by Tollgate, on the host's network, without anything that it does not use.
func template(i image.Image, args ...string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{}},
		Spec: corev1.PodSpec{
			SchedulerName:                 "tollgate",
			HostNetwork:                   true,
			AutomountServiceAccountToken:  new(bool),
			EnableServiceLinks:            new(bool),
			TerminationGracePeriodSeconds: new(int64(5)),
			Containers: []corev1.Container{{
				Name: "main", Image: i.Name, Args: args, ImagePullPolicy: corev1.PullNever,
				TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
			}},
		},
	}
}

// serving is the HTTPS server with the Secret mounted.
func serving(i image.Image, address string) corev1.PodTemplateSpec {
	pod := template(i, "-listen="+address, "-certificate-dir=/etc/tls")
	pod.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "tls", MountPath: "/etc/tls", ReadOnly: true}}
	pod.Spec.Volumes = []corev1.Volume{{Name: "tls", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: secretName}}}}
	return pod
}

// deployment of the server with the annotations that are all that a team writes.
func deployment(name string, i image.Image, address string) *appsv1.Deployment {
	pod := serving(i, address)
	pod.Labels = map[string]string{"app": name}
	pod.Annotations["tollgate.dev/require-tls"] = "auto"
	pod.Annotations["tollgate.dev/issue-tls"] = fmt.Sprintf("[{secretName: %s, dnsNames: [%s], issuerRef: {name: %s, kind: ClusterCertIssuer}}]", secretName, host, issuerName)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: pod.Labels}, Template: pod},
	}
}

// single is a pod without a controller.
func single(name string, pod corev1.PodTemplateSpec) *corev1.Pod {
	pod.Namespace, pod.Name = namespace, name
	return &corev1.Pod{ObjectMeta: pod.ObjectMeta, Spec: pod.Spec}
}

// issuer is the sandbox's CA, by http-01, for the one name.
func issuer(acme sandbox.ACME) *v1alpha1.ClusterCertIssuer {
	return &v1alpha1.ClusterCertIssuer{
		ObjectMeta: metav1.ObjectMeta{Name: issuerName},
		Spec: v1alpha1.ClusterIssuerSpec{
			IssuerSpec: v1alpha1.IssuerSpec{ACME: &v1alpha1.ACMEIssuer{
				Server: acme.DirectoryURL, CABundle: acme.CABundle, TermsOfServiceAgreed: true,
				PrivateKeySecretRef: v1alpha1.LocalSecretReference{Name: "acme-account"},
				Solvers:             []v1alpha1.Solver{{HTTP01: &v1alpha1.HTTP01Solver{}}},
			}},
			Allow: []v1alpha1.AllowRule{{DNSNames: []string{host}}},
		},
	}
}

// deleteWorkloads returns when the kubelet has ended all pods.
func (c *cluster) deleteWorkloads(ctx context.Context) error {
	if err := c.client.DeleteAllOf(ctx, &appsv1.Deployment{}, client.InNamespace(namespace)); err != nil {
		return fmt.Errorf("deleting Deployments: %w", err)
	}
	if err := c.client.DeleteAllOf(ctx, &appsv1.ReplicaSet{}, client.InNamespace(namespace)); err != nil {
		return fmt.Errorf("deleting ReplicaSets: %w", err)
	}
	var left []string
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		var pods corev1.PodList
		if err := c.client.List(ctx, &pods, client.InNamespace(namespace)); err != nil {
			return false, err
		}
		left = nil
		for i := range pods.Items {
			left = append(left, describe(&pods.Items[i]))
			if pods.Items[i].DeletionTimestamp == nil {
				if err := client.IgnoreNotFound(c.client.Delete(ctx, &pods.Items[i])); err != nil {
					return false, err
				}
			}
		}
		return len(left) == 0, nil
	})
	if err != nil {
		return fmt.Errorf("waiting until all pods have ended: %w; left: %s", err, strings.Join(left, "\n"))
	}
	return nil
}

// podOf returns the pod of Deployment name once it exists.
func (c *cluster) podOf(t *testing.T, name string) *corev1.Pod {
	t.Helper()
	var pod *corev1.Pod
	eventually(t, "Deployment "+name+" has a pod", func(ctx context.Context) (bool, string) {
		var pods corev1.PodList
		if err := c.client.List(ctx, &pods, client.InNamespace(namespace), client.MatchingLabels{"app": name}); err != nil {
			return false, err.Error()
		}
		if len(pods.Items) == 1 {
			pod = &pods.Items[0]
		}
		return len(pods.Items) == 1, fmt.Sprintf("%d pods", len(pods.Items))
	})
	return pod
}

// waitPod reads the pod until it is as wanted.
func (c *cluster) waitPod(t *testing.T, what, name string, wanted func(*corev1.Pod) bool) *corev1.Pod {
	t.Helper()
	pod := &corev1.Pod{}
	eventually(t, "pod "+name+" "+what, func(ctx context.Context) (bool, string) {
		if err := c.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, pod); err != nil {
			return false, err.Error()
		}
		return wanted(pod), describe(pod)
	})
	return pod
}

// starts waits until the container of a bound pod runs.
func (c *cluster) starts(ctx context.Context, name string) error {
	pod := &corev1.Pod{}
	err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		err := c.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, pod)
		return err == nil && running(pod), nil
	})
	if err != nil {
		return fmt.Errorf("waiting for the container of pod %s: %w; last seen: %s", name, err, describe(pod))
	}
	return nil
}

// running reports whether the pod's container runs.
func running(pod *corev1.Pod) bool {
	s := pod.Status.ContainerStatuses
	return len(s) == 1 && s[0].State.Running != nil
}

// tlsReady returns the pod's condition of that name, or an empty one.
func tlsReady(pod *corev1.Pod) corev1.PodCondition {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == v1alpha1.TLSReadyCondition {
			return condition
		}
	}
	return corev1.PodCondition{}
}

func describe(pod *corev1.Pod) string {
	var b strings.Builder
	fmt.Fprintf(&b, "pod %s, node %q, phase %s", pod.Name, pod.Spec.NodeName, pod.Status.Phase)
	for _, c := range pod.Status.Conditions {
		fmt.Fprintf(&b, "; %s=%s %s %s", c.Type, c.Status, c.Reason, c.Message)
	}
	for _, s := range pod.Status.ContainerStatuses {
		fmt.Fprintf(&b, "; container %s: %s", s.Name, s.State.String())
	}
	return b.String()
}
