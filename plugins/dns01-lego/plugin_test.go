// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorder is an HTTP server that keeps what it is asked.
type recorder struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
}

// serveHTTP starts a server that answers by answer, which gets "METHOD path".
func serveHTTP(t *testing.T, answer func(request string) (int, string)) *recorder {
	t.Helper()
	r := &recorder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		request := req.Method + " " + req.URL.Path
		r.mu.Lock()
		r.asked = append(r.asked, strings.TrimSpace(request+" "+string(body)))
		r.mu.Unlock()
		code, text := answer(request)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.asked...)
}

func ok(string) (int, string) { return http.StatusOK, "{}" }

func TestProtocol(t *testing.T) {
	body := fmt.Sprintf(`{"fqdn":"_acme-challenge.example.com.","value":%q}`, txtValue)
	for _, tc := range []struct {
		name   string
		env    string
		answer func(string) (int, string)
		code   int
		stderr string
		asked  []string
	}{
		{name: "create", answer: ok, asked: []string{"POST /present " + body}},
		{name: "delete", env: "COMMAND=DELETE", answer: ok, asked: []string{"POST /cleanup " + body}},
		{name: "wildcard", env: "DOMAIN=*.example.com", answer: ok, asked: []string{"POST /present " + body}},
		{name: "FQDN without a dot", env: "FQDN=_acme-challenge.example.com", answer: ok, asked: []string{"POST /present " + body}},
		{
			name: "server fails", answer: func(string) (int, string) { return http.StatusForbidden, "no\nno" }, code: 1, asked: []string{"POST /present " + body},
			stderr: "httpreq: unexpected status code: [status code: 403] body: no no",
		},
		{name: "version", env: "APIVERSION=v2", answer: ok, code: 3, stderr: "APIVERSION is \"v2\", but only v1 is supported; for people there are `dns01-lego list` and `dns01-lego help`"},
		{name: "command", env: "COMMAND=UPDATE", answer: ok, code: 1, stderr: `COMMAND is "UPDATE", but must be CREATE or DELETE`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := serveHTTP(t, tc.answer)
			code, stdout, stderr := run(t, config(t, "httpreq", map[string]string{"HTTPREQ_ENDPOINT": server.URL}), strings.Fields(tc.env)...)
			if code != tc.code || stdout != "" || stderr != tc.stderr {
				t.Errorf("exit code %d, standard output %q, standard error\n%s, want %d and\n%s", code, stdout, stderr, tc.code, tc.stderr)
			}
			if d := cmp.Diff(tc.asked, server.requests()); d != "" {
				t.Errorf("asked (-want, +got)\n%s", d)
			}
		})
	}
}

// A file of the controller must not reach a server that the configuration names.
func TestAttacks(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte("the controller's token"), 0o600); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	for name, content := range map[string]string{
		".aws/credentials":  "[default]\naws_access_key_id = node\naws_secret_access_key = node\n",
		".h1/passport.json": `{"subject_id":"/iam/project/x/sa/y","certificate_id":"c","issuer":"i","private_key":"k","public_key":"p"}`,
		".ovh.conf":         "[default]\nendpoint=ovh-eu\n[ovh-eu]\napplication_key=a\napplication_secret=b\nconsumer_key=c\n",
		".config/gcloud/application_default_credentials.json": `{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}`,
	} {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := serveHTTP(t, ok)
	for _, tc := range []struct {
		name, provider string
		settings       map[string]string
		env            []string
		stderr         string
	}{
		{
			name: "a key that ends in _FILE", provider: "httpreq",
			settings: map[string]string{"HTTPREQ_ENDPOINT": server.URL, "HTTPREQ_USERNAME": "x", "HTTPREQ_PASSWORD_FILE": secret},
			stderr:   "setting HTTPREQ_PASSWORD_FILE names a file or a profile of files, which plugins may not read; give the values themselves",
		},
		{
			name: "a variable of the caller that ends in _FILE", provider: "httpreq",
			env:    []string{"HTTPREQ_ENDPOINT=" + server.URL, "HTTPREQ_ENDPOINT_FILE=" + secret},
			stderr: "httpreq: some credentials information are missing: HTTPREQ_ENDPOINT",
		},
		{
			name: "a path", provider: "transip", settings: map[string]string{"TRANSIP_ACCOUNT_NAME": "x", "TRANSIP_PRIVATE_KEY_PATH": secret},
			stderr: "setting TRANSIP_PRIVATE_KEY_PATH names a file, which plugins may not read; put the content of the file under files.TRANSIP_PRIVATE_KEY_PATH",
		},
		{
			name: "shared credentials in HOME", provider: "route53", settings: map[string]string{"AWS_REGION": "eu-west-1"},
			stderr: "provider route53 needs the setting AWS_ACCESS_KEY_ID; credentials of the node or the pod are not used",
		},
		{
			name: "keys in the environment", provider: "route53", settings: map[string]string{"AWS_REGION": "eu-west-1"},
			env:    []string{"AWS_ACCESS_KEY_ID=node", "AWS_SECRET_ACCESS_KEY=node"},
			stderr: "provider route53 needs the setting AWS_ACCESS_KEY_ID; credentials of the node or the pod are not used",
		},
		{
			name: "a passport in HOME", provider: "hyperone",
			stderr: "hyperone: failed to open passport file: open /nonexistent/.h1/passport.json: no such file or directory",
		},
		{
			name: "credentials that name a file", provider: "gcloud",
			settings: map[string]string{"GCE_PROJECT": "x", "GCE_SERVICE_ACCOUNT": fmt.Sprintf(`{"type":"external_account","token_url":%q,"credential_source":{"file":%q}}`, server.URL, secret)},
			stderr:   "googlecloud: unable to acquire config: google: read JWT from JSON credentials: 'type' field is \"external_account\" (expected \"service_account\")",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			env := append([]string{"HOME=" + home, "CLOUDSDK_CONFIG=" + home + "/.config/gcloud"}, tc.env...)
			settings := map[string]string{}
			maps.Copy(settings, tc.settings)
			code, stdout, stderr := run(t, config(t, tc.provider, settings), env...)
			if code != 2 || stdout != "" || stderr != tc.stderr {
				t.Errorf("exit code %d, standard output %q, standard error\n%s, want 2 and\n%s", code, stdout, stderr, tc.stderr)
			}
		})
	}
	if got := server.requests(); len(got) > 0 {
		t.Errorf("the server was asked: %q", got)
	}
}

// Files by content are there while the provider runs, and gone afterwards.
func TestFiles(t *testing.T) {
	server := serveHTTP(t, func(string) (int, string) { return http.StatusOK, fmt.Sprintf(`{"txt":%q}`, txtValue) })
	account, err := json.Marshal(map[string]any{"example.com": map[string]string{"fulldomain": "abc.auth.test", "subdomain": "abc", "username": "u", "password": "p", "server_url": server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(map[string]any{
		"provider": "acmedns", "settings": map[string]string{"ACME_DNS_API_BASE": server.URL},
		"files": map[string]string{"ACME_DNS_STORAGE_PATH": string(account)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := run(t, string(data)); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	want := []string{fmt.Sprintf(`POST /update {"subdomain":"abc","txt":%q}`, txtValue)}
	if d := cmp.Diff(want, server.requests()); d != "" {
		t.Errorf("asked (-want, +got)\n%s", d)
	}
}
