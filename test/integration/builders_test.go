// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

const gpu corev1.ResourceName = "nvidia.com/gpu"

// fakeNode has 4 cores and 16Gi, no labels but what is given, and KWOK as its kubelet.
func fakeNode(name string, change ...func(*corev1.Node)) *corev1.Node {
	resources := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("4"),
		corev1.ResourceMemory: resource.MustParse("16Gi"),
		corev1.ResourcePods:   resource.MustParse("110"),
	}
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{}, Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"}},
		Status:     corev1.NodeStatus{Capacity: resources, Allocatable: maps.Clone(resources)},
	}
	for _, c := range change {
		c(node)
	}
	return node
}

func price(value string) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Annotations["tollgate.dev/hourly-price"] = value }
}

// awsType gives a node the labels of an on-demand EC2 instance of us-east-1.
func awsType(instanceType string) func(*corev1.Node) {
	return func(n *corev1.Node) {
		n.Labels[corev1.LabelInstanceTypeStable] = instanceType
		n.Labels[corev1.LabelTopologyRegion] = "us-east-1"
		n.Labels["karpenter.sh/capacity-type"] = "on-demand"
		n.Spec.ProviderID = "aws:///us-east-1a/i-" + n.Name
	}
}

func withGPU(n *corev1.Node) {
	n.Status.Capacity[gpu] = resource.MustParse("1")
	n.Status.Allocatable[gpu] = resource.MustParse("1")
}

func preferNoSchedule(n *corev1.Node) {
	n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "busy", Effect: corev1.TaintEffectPreferNoSchedule})
}

// workload is a pod of profile tollgate that asks for one core and 1Gi.
func workload(name string, change ...func(*corev1.Pod)) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{}},
		Spec: corev1.PodSpec{
			SchedulerName:                 "tollgate",
			TerminationGracePeriodSeconds: new(int64),
			Containers: []corev1.Container{{
				Name: "main", Image: "work",
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
					corev1.ResourceCPU:    resource.MustParse("1"),
					corev1.ResourceMemory: resource.MustParse("1Gi"),
				}},
			}},
		},
	}
	for _, c := range change {
		c(pod)
	}
	return pod
}

func scheduler(name string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.SchedulerName = name }
}

func requireTLS(value string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Annotations["tollgate.dev/require-tls"] = value }
}

func requireNames(secret, dnsName string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Annotations["tollgate.dev/tls-requirements"] = `[{"secretName": "` + secret + `", "dnsNames": ["` + dnsName + `"]}]`
	}
}

func mounting(secret string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: secret, VolumeSource: corev1.VolumeSource{
			Secret: &corev1.SecretVolumeSource{SecretName: secret},
		}})
	}
}

// tlsCertificate asks ClusterCertIssuer acme for host in Secret name+"-tls".
func tlsCertificate(name, host string) *v1alpha1.TLSCertificate {
	return &v1alpha1.TLSCertificate{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.TLSCertificateSpec{
			SecretName: name + "-tls",
			DNSNames:   []string{host},
			IssuerRef:  v1alpha1.IssuerReference{Name: "acme", Kind: v1alpha1.KindClusterCertIssuer},
		},
	}
}

// createIssuer creates ClusterCertIssuer acme for the sandbox's CA: any name below example.com for any namespace.
func (c *cluster) createIssuer(ctx context.Context, directory string, caBundle []byte) error {
	return c.client.Create(ctx, &v1alpha1.ClusterCertIssuer{
		ObjectMeta: metav1.ObjectMeta{Name: "acme"},
		Spec: v1alpha1.ClusterIssuerSpec{
			IssuerSpec: v1alpha1.IssuerSpec{ACME: &v1alpha1.ACMEIssuer{
				Server:               directory,
				CABundle:             caBundle,
				TermsOfServiceAgreed: true,
				PrivateKeySecretRef:  v1alpha1.LocalSecretReference{Name: "acme-account"},
				Solvers:              []v1alpha1.Solver{{HTTP01: &v1alpha1.HTTP01Solver{}}},
			}},
			Allow: []v1alpha1.AllowRule{{DNSNames: []string{"**.example.com"}}},
		},
	})
}
