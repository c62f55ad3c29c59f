// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/tollgate-dev/tollgate/pkg/cli"
)

type object = map[string]any

func issuerNamed(kind, namespace, name string) object {
	metadata := object{"name": name, "managedFields": []any{object{}}}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	return object{"apiVersion": "cert-manager.io/v1", "kind": kind, "metadata": metadata, "spec": object{"ca": object{"secretName": "ca"}}}
}

// certManagerServer has Issuers in two pages, one ClusterIssuer, no Certificates, and no kube-cert-manager.
func certManagerServer(t *testing.T) (kubeconfig string) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		list := func(kind, next string, items ...object) {
			_ = json.NewEncoder(w).Encode(object{"apiVersion": "cert-manager.io/v1", "kind": kind + "List", "metadata": object{"continue": next}, "items": items})
		}
		w.Header().Set("Content-Type", "application/json")
		switch path := strings.TrimPrefix(r.URL.Path, "/apis/cert-manager.io/v1/"); {
		case path == "issuers" && r.URL.Query().Get("continue") == "":
			list("Issuer", "more", issuerNamed("Issuer", "shop", "b"))
		case path == "issuers":
			list("Issuer", "", issuerNamed("Issuer", "shop", "a"))
		case path == "namespaces/shop/issuers":
			list("Issuer", "", issuerNamed("Issuer", "shop", "a"))
		case path == "clusterissuers":
			list("ClusterIssuer", "", issuerNamed("ClusterIssuer", "", "all"))
		case strings.HasSuffix(path, "certificates") && !strings.HasPrefix(path, "/apis"):
			list("Certificate", "")
		default:
			w.WriteHeader(http.StatusNotFound)
			_ = json.NewEncoder(w).Encode(object{"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404})
		}
	}))
	t.Cleanup(server.Close)
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	if err := writeKubeconfig(kubeconfig, server.URL, admin); err != nil {
		t.Fatal(err)
	}
	return kubeconfig
}

func TestCertsImportReadsTheCluster(t *testing.T) {
	kubeconfig := certManagerServer(t)
	for _, test := range []struct {
		name string
		args []string
		want []string
		note string
	}{
		{"all namespaces, all pages", nil, []string{"ClusterCertIssuer all", "CertIssuer a", "CertIssuer b"}, "note: not installed in the cluster: certificates.stable.hightower.com"},
		{"one namespace", []string{"-n", "shop"}, []string{"ClusterCertIssuer all", "CertIssuer a"}, "note: spec.allow of ClusterCertIssuers permits names in namespace shop only, since -n was given"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, errOut bytes.Buffer
			env := cli.Env{IOStreams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut}, Name: "kubectl-tollgate"}
			args := append([]string{"certs", "import", "-o", "json", "--kubeconfig", kubeconfig}, test.args...)
			if code := cli.Run(t.Context(), env, args); code != 0 {
				t.Fatalf("exit code %d\n%s", code, errOut.String())
			}
			var report struct {
				Objects []struct {
					Kind     string
					Metadata struct{ Name string }
				}
			}
			if err := json.Unmarshal(out.Bytes(), &report); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range report.Objects {
				got = append(got, o.Kind+" "+o.Metadata.Name)
			}
			if !slices.Equal(got, test.want) || !strings.Contains(errOut.String(), test.note) {
				t.Errorf("got %v, want %v; notes:\n%s", got, test.want, errOut.String())
			}
		})
	}
}
