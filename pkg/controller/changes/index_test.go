// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

func newPod(namespace, name, requires string) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	pod.Annotations = map[string]string{declare.RequireTLSAnnotation: requires}
	return pod
}

func bound() *corev1.Pod {
	pod := newPod("shop", "bound", "web-tls")
	pod.Spec.NodeName = "node-1"
	return pod
}

func pending(pod *corev1.Pod) bool { return pod.Spec.NodeName == "" }

func TestIndexBy(t *testing.T) {
	for name, tt := range map[string]struct {
		obj  client.Object
		want []string
	}{
		"two Secrets": {newPod("shop", "web", "web-tls,api-tls"), []string{"*", "api-tls", "web-tls"}},
		"malformed":   {newPod("shop", "web", "NOT VALID"), []string{"*"}},
		"unconcerned": {bound(), nil},
		"no pod":      {&corev1.Service{}, nil},
	} {
		if diff := cmp.Diff(tt.want, IndexBy(pending, Declared)(tt.obj)); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
	}
}

func TestPodIndex(t *testing.T) {
	const index PodIndex = "tollgate.dev/test"
	reader := fake.NewClientBuilder().
		WithObjects(newPod("shop", "web", "web-tls"), newPod("shop", "api", "api-tls"), newPod("bank", "web", "web-tls"), newPod("bank", "bad", "NOT VALID"), bound()).
		WithIndex(&corev1.Pod{}, string(index), IndexBy(pending, Declared)).Build()
	for _, tt := range []struct {
		namespace, secret string
		want              []string
	}{
		{"shop", "web-tls", []string{"shop/web"}},
		{"shop", "other", []string{}},
		{"shop", "", []string{"shop/api", "shop/web"}},
		{"", "", []string{"bank/bad", "bank/web", "shop/api", "shop/web"}},
	} {
		requests, err := index.Requests(t.Context(), reader, tt.namespace, tt.secret)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, r := range requests {
			got = append(got, r.String())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Secret %q of %q (-want, +got):\n%s", tt.secret, tt.namespace, diff)
		}
	}
	if _, err := PodIndex("other").Requests(t.Context(), reader, "", ""); err == nil {
		t.Error("no error of an index that does not exist")
	}
}
