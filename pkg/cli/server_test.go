// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"

	"github.com/tollgate-dev/tollgate/pkg/cli/snapshot"
)

// Tokens of users: admin may read all, namespaced only pods of a namespace,
// nobody nothing. Others are not known.
const (
	admin      = "admin"
	namespaced = "namespaced"
	nobody     = "nobody"
)

// newServer answers reads of nodes, pods and namespaces from a dump.
func newServer(t *testing.T, dump []byte) *httptest.Server {
	t.Helper()
	s, err := snapshot.Parse(bytes.NewReader(dump))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, body := answer(s, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), r)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}))
	t.Cleanup(server.Close)
	return server
}

func answer(s *snapshot.Snapshot, user string, r *http.Request) (int, any) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/v1/"), "/")
	resource := parts[len(parts)-1]
	inNamespace := len(parts) > 1 && parts[0] == "namespaces"
	if inNamespace {
		resource = parts[2]
	}
	switch {
	case user != admin && user != nobody && user != namespaced:
		return statusOf(apierrors.NewUnauthorized("Unauthorized"))
	case user == nobody || user == namespaced && !inNamespace:
		return statusOf(apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "",
			fmt.Errorf("User %q cannot list resource %q in API group \"\" at the cluster scope", user, resource)))
	case resource == "nodes":
		list := corev1.NodeList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "NodeList"}}
		for _, n := range s.Nodes {
			list.Items = append(list.Items, *n)
		}
		return http.StatusOK, list
	case resource == "namespaces":
		list := corev1.NamespaceList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "NamespaceList"}}
		for _, name := range []string{"kube-system", "ml", "shop"} {
			list.Items = append(list.Items, corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
		}
		return http.StatusOK, list
	case resource == "pods" && len(parts) == 4:
		if pod := s.Pod(parts[1], parts[3]); pod != nil {
			return http.StatusOK, pod
		}
		return statusOf(apierrors.NewNotFound(schema.GroupResource{Resource: "pods"}, parts[3]))
	case resource == "pods":
		list := corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}}
		for _, p := range s.Pods {
			if (!inNamespace || p.Namespace == parts[1]) && (r.URL.Query().Get("fieldSelector") == "" || !podutil.IsPodTerminal(p)) {
				list.Items = append(list.Items, *p)
			}
		}
		return http.StatusOK, list
	default:
		return statusOf(apierrors.NewNotFound(schema.GroupResource{Resource: resource}, ""))
	}
}

func statusOf(err *apierrors.StatusError) (int, any) {
	status := err.Status()
	status.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
	return int(status.Code), status
}

func writeKubeconfig(path, url, token string) error {
	return os.WriteFile(path, fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
- name: test
  cluster: {server: %q, insecure-skip-tls-verify: true}
users:
- name: test
  user: {token: %s}
contexts:
- name: test
  context: {cluster: test, user: test, namespace: shop}
current-context: test
`, url, token), 0o600)
}
