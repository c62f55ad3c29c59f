// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
)

const (
	webReplicas = 2
	webSecret   = "web-tls"
	webHost     = "www.shop.example"
)

// webDeployment requires a usable certificate for webHost in Secret webSecret.
func webDeployment() *appsv1.Deployment {
	return readYAML[appsv1.Deployment](fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: %s}
spec:
  replicas: %d
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations:
        tollgate.dev/require-tls: auto
        tollgate.dev/tls-requirements: |
          - {secretName: %s, dnsNames: [%s]}
    spec:
      schedulerName: tollgate
      containers:
      - name: web
        image: web
        resources: {requests: {cpu: 150m, memory: 256Mi}}
        volumeMounts: [{name: tls, mountPath: /etc/tls}]
      volumes:
      - {name: tls, secret: {secretName: %s}}
`, namespace, webReplicas, webSecret, webHost, webSecret))
}

func webCertificate() *v1alpha1.TLSCertificate {
	return readYAML[v1alpha1.TLSCertificate](fmt.Sprintf(`
apiVersion: tollgate.dev/v1alpha1
kind: TLSCertificate
metadata: {name: web, namespace: %s}
spec:
  secretName: %s
  dnsNames: [%s]
  issuerRef: {name: acme, kind: ClusterCertIssuer}
`, namespace, webSecret, webHost))
}

func acmeIssuer(acme sandbox.ACME) *v1alpha1.ClusterCertIssuer {
	issuer := readYAML[v1alpha1.ClusterCertIssuer](fmt.Sprintf(`
apiVersion: tollgate.dev/v1alpha1
kind: ClusterCertIssuer
metadata: {name: acme}
spec:
  acme:
    termsOfServiceAgreed: true
    privateKeySecretRef: {name: acme-account}
    solvers: [{http01: {}}]
  allow:
  - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %s}}
    dnsNames: ["*.shop.example"]
`, namespace))
	issuer.Spec.ACME.Server = acme.DirectoryURL
	issuer.Spec.ACME.CABundle = acme.CABundle
	return issuer
}

// batchPods are pods that fit many nodes, one that needs memory, one that needs many cores, and one that needs the GPU.
func batchPods() []*corev1.Pod {
	var pods []*corev1.Pod
	for i := range 6 {
		pods = append(pods, pod(fmt.Sprintf("batch-%d", i+1), "900m", "2Gi", 0))
	}
	return append(pods,
		pod("memory-hungry", "500m", "30Gi", 0),
		pod("cpu-hungry", "12", "8Gi", 0),
		pod("training", "2", "8Gi", 1))
}

func pod(name, cpu, memory string, gpus int64) *corev1.Pod {
	requests := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse(cpu),
		corev1.ResourceMemory: resource.MustParse(memory),
	}
	limits := corev1.ResourceList{}
	if gpus > 0 {
		requests[gpu] = *resource.NewQuantity(gpus, resource.DecimalSI)
		limits[gpu] = requests[gpu]
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec: corev1.PodSpec{
			SchedulerName: "tollgate",
			Containers: []corev1.Container{{
				Name: "main", Image: "work",
				Resources: corev1.ResourceRequirements{Requests: requests, Limits: limits},
			}},
		},
	}
}
