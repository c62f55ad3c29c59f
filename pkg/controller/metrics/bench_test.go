// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-base/metrics"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// listed is a cache that holds these TLSCertificates and nothing else.
type listed struct {
	client.Reader
	certs []v1alpha1.TLSCertificate
}

func (l *listed) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	if certs, ok := list.(*v1alpha1.TLSCertificateList); ok {
		certs.Items = append(certs.Items, l.certs...) // As the cache does: the structs are copied.
	}
	return nil
}

// BenchmarkScrape reads 10,000 TLSCertificates and 10,000 held pods.
func BenchmarkScrape(b *testing.B) {
	reader, pods := &listed{}, []corev1.Pod{}
	for i := range 10000 {
		cert := newCert(fmt.Sprint("cert-", i), issued)
		cert.Namespace = fmt.Sprint("namespace-", i%100)
		reader.certs = append(reader.certs, *cert)
		pods = append(pods, *newPod(cert.Namespace, cert.Name, "False", "SecretNotFound", start))
	}
	elected := make(chan struct{})
	close(elected)
	c := &collector{reader: reader, elected: elected, options: Options{
		Held: func(context.Context, client.Reader) ([]corev1.Pod, error) {
			return append([]corev1.Pod{}, pods...), nil
		},
		SecretsStatus: func() error { return nil },
	}}
	registry := metrics.NewKubeRegistry()
	registry.CustomMustRegister(c)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
