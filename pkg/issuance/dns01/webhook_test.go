// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// startWebhook returns an HTTPS server and the solver for it.
func startWebhook(t *testing.T, handler http.HandlerFunc) (*httptest.Server, *v1alpha1.WebhookSolver) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, &v1alpha1.WebhookSolver{
		URL:      server.URL + "/dns/",
		CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
	}
}

func TestWebhookPosts(t *testing.T) {
	var got []string
	_, spec := startWebhook(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, strings.Join([]string{r.Method, r.URL.String(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(body)}, " "))
	})
	spec.URL += "?tenant=1"
	spec.AuthorizationSecretRef = &v1alpha1.SecretKeyReference{Name: "hook", Key: "header"}
	s, err := New(&v1alpha1.DNS01Solver{Webhook: spec}, Options{Secret: secretsOf(map[string]string{"hook/header": "Bearer abc\n"})})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Present(t.Context(), record("v")), s.CleanUp(t.Context(), record("v"))); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`POST /dns/present?tenant=1 Bearer abc application/json {"fqdn":"_acme-challenge.www.example.com.","value":"v"}`,
		`POST /dns/cleanup?tenant=1 Bearer abc application/json {"fqdn":"_acme-challenge.www.example.com.","value":"v"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want, +got):\n%s", diff)
	}
}

func TestWebhookRefusals(t *testing.T) {
	const doing = "posting TXT record " + fqdn + " to URL/dns/present: "
	answer := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "https://198.51.100.1/")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, "page with "+r.Header.Get("Authorization"))
		}
	}
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		change  func(*v1alpha1.WebhookSolver, *Options)
		want    string
		is      error
	}{
		{"unauthorized", answer(401), nil, doing + `it answers HTTP 401; check key "header" of Secret "hook"`, ErrCredentials},
		{"forbidden without header", answer(403), func(s *v1alpha1.WebhookSolver, _ *Options) { s.AuthorizationSecretRef = nil },
			doing + `it answers HTTP 403; set authorizationSecretRef`, ErrCredentials},
		{"redirect", answer(307), nil, doing + `it answers HTTP 307, a redirect, which is not followed; set url to where it leads`, ErrConfiguration},
		{"not found", answer(404), nil, doing + `it answers HTTP 404; check url, to which /present and /cleanup are added`, ErrConfiguration},
		{"failing", answer(502), nil, doing + `it answers HTTP 502; its log may say why`, nil},
		{"unknown authority", answer(200), func(s *v1alpha1.WebhookSolver, _ *Options) { s.CABundle = nil },
			doing + "its certificate is signed by an unknown authority; set caBundle to the roots that verify it", ErrConfiguration},
		{"other name", answer(200), func(s *v1alpha1.WebhookSolver, _ *Options) {
			s.URL = strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
		},
			doing + "its certificate is not for localhost", ErrConfiguration},
		{"slow", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body); <-r.Context().Done() }, func(_ *v1alpha1.WebhookSolver, o *Options) { o.Timeout = 50 * time.Millisecond },
			doing + "no answer in time", nil},
		{"not HTTP", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_, _ = io.WriteString(conn, "secret page\n\n")
			_ = conn.Close()
		}, nil, doing + "the connection broke, or what came is no HTTP answer", nil},
		{"two lines", answer(200), func(_ *v1alpha1.WebhookSolver, o *Options) {
			o.Secret = secretsOf(map[string]string{"hook/header": "Bearer abc\nX-Other: 1"})
		}, `reading dns01.webhook.authorizationSecretRef: key "header" of Secret "hook" has more than one line or characters that are not ASCII; put the value of the header there, for example Bearer and a token`, ErrCredentials},
		{"no Secret", answer(200), func(_ *v1alpha1.WebhookSolver, o *Options) { o.Secret = secretsOf(nil) },
			`reading dns01.webhook.authorizationSecretRef: secret "hook" has no key "header"`, ErrCredentials},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, spec := startWebhook(t, test.handler)
			spec.AuthorizationSecretRef = &v1alpha1.SecretKeyReference{Name: "hook", Key: "header"}
			o := Options{Secret: secretsOf(map[string]string{"hook/header": "Bearer abc"})}
			if test.change != nil {
				test.change(spec, &o)
			}
			s, err := New(&v1alpha1.DNS01Solver{Webhook: spec}, o)
			if err != nil {
				t.Fatal(err)
			}
			err = s.Present(t.Context(), record("v"))
			want := strings.Replace(test.want, "URL/dns/", spec.URL, 1)
			if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
				t.Errorf("error (-want, +got):\n%s", diff)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%v is marked wrongly", err)
			}
		})
	}
}

// TestWebhookFloods: an answer without end is not read to its end.
func TestWebhookFloods(t *testing.T) {
	ended := make(chan struct{})
	_, spec := startWebhook(t, func(w http.ResponseWriter, _ *http.Request) {
		defer close(ended)
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	})
	s, err := New(&v1alpha1.DNS01Solver{Webhook: spec}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Present(t.Context(), record("v")); err != nil {
		t.Fatal(err)
	}
	<-ended
}
