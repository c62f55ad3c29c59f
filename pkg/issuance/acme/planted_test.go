// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/textlogger"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme/acmetest"
	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// planted is the value of every Secret of the tests below: it can be read as base64, and so as a key.
var planted = base64.StdEncoding.EncodeToString([]byte("marker-secret-value-012345678901"))

// listener hears what people see: the log at its finest, events, and status.
type listener struct {
	*harness
	log bytes.Buffer
	ctx context.Context
}

func (h *harness) listen() *listener {
	l := &listener{harness: h}
	l.ctx = klog.NewContext(h.Context(), textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(&l.log), textlogger.Verbosity(10))))
	return l
}

// change changes the issuer's spec, and prepares it with a controller that remembers nothing.
func (l *listener) change(change func(*v1alpha1.ACMEIssuer)) {
	l.Helper()
	issuer := l.issuer()
	change(issuer.Spec.ACME)
	issuer.Generation++
	l.must(l.client.Update(l.ctx, issuer))
	l.restart()
}

// plant writes a Secret.
func (l *listener) plant(name string, data map[string]string) {
	l.Helper()
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}, Data: map[string][]byte{}}
	for key, value := range data {
		s.Data[key] = []byte(value)
	}
	l.must(client.IgnoreNotFound(l.client.Delete(l.ctx, s.DeepCopy())))
	l.must(l.client.Create(l.ctx, s))
}

// heard reconciles a TLSCertificate until it fails, and returns all that was said.
func (l *listener) heard(name string) string {
	l.Helper()
	cert := &v1alpha1.TLSCertificate{}
	for deadline := time.Now().Add(time.Minute); cert.Status.NextAttemptTime == nil && time.Now().Before(deadline); {
		result, err := l.reconciler.Reconcile(l.ctx, request(name))
		fmt.Fprintf(&l.log, "error: %v\n", err)
		l.must(l.client.Get(l.ctx, request(name).NamespacedName, cert))
		if c := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionIssuing); c != nil && c.Reason == v1alpha1.ReasonWaitingForIssuer {
			break
		}
		time.Sleep(min(result.RequeueAfter, 20*time.Millisecond))
	}
	statuses, err := json.Marshal([]any{cert.Status, l.issuer().Status})
	l.must(err)
	return l.log.String() + l.events() + strings.ReplaceAll(string(statuses), `\"`, `"`)
}

// silent fails if a planted value was said, in any spelling.
func silent(t *testing.T, said string) {
	t.Helper()
	raw, _ := base64.StdEncoding.DecodeString(planted)
	for _, secret := range []string{planted, strings.TrimRight(planted, "="), string(raw), base64.StdEncoding.EncodeToString([]byte(planted)), fmt.Sprintf("%x", raw), fmt.Sprintf("%x", planted)} {
		if strings.Contains(said, secret) {
			t.Errorf("%q was said:\n%s", secret, said)
		}
	}
}

// TestNoCredentialIsSaid has every credential of a dns01 solver refused by who repeats it, or garbled.
func TestNoCredentialIsSaid(t *testing.T) {
	hook := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", r.Header.Get("Authorization"))
		http.Error(w, "you said "+r.Header.Get("Authorization"), http.StatusUnauthorized)
	}))
	t.Cleanup(hook.Close)
	dir, err := os.MkdirTemp("", "plugins-") //nolint:usetesting // plugins run as another user, who cannot enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for code := 1; code < 5; code++ {
		script := fmt.Sprintf("#!/bin/sh\nread line\necho \"cannot log in: $line\" >&2\necho \"$line\"\nexit %d\n", code)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("exit-%d", code)), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}

	h := newDNSHarness(t)
	configure := h.configure
	h.configure = func(e *acme.Executor) {
		configure(e)
		e.DNS01 = func(spec *v1alpha1.DNS01Solver, _ v1alpha1.Issuer, namespace string) (dns01.Solver, error) {
			return dns01.New(spec, dns01.Options{
				AllowExec: true, PluginDir: dir, SharedUser: true, TokenPath: filepath.Join(dir, "none"),
				Secret: func(ctx context.Context, ref v1alpha1.SecretKeyReference) ([]byte, error) {
					s := &corev1.Secret{}
					err := h.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: ref.Name}, s)
					return s.Data[ref.Key], err
				},
			})
		}
	}
	l := h.listen()
	ref := &v1alpha1.SecretKeyReference{Name: "credentials", Key: "value"}
	tsig := &v1alpha1.DNS01Solver{RFC2136: &v1alpha1.RFC2136Solver{Nameserver: h.zone.Primary(), TSIGKeyName: "tollgate", TSIGSecretRef: ref}}
	webhook := &v1alpha1.DNS01Solver{Webhook: &v1alpha1.WebhookSolver{
		URL: hook.URL, AuthorizationSecretRef: ref, CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: hook.Certificate().Raw}),
	}}
	plugin := func(code int) *v1alpha1.DNS01Solver {
		return &v1alpha1.DNS01Solver{Exec: &v1alpha1.ExecSolver{Plugin: fmt.Sprintf("exit-%d", code), ConfigSecretRef: ref}}
	}
	for i, tt := range []struct {
		solver      *v1alpha1.DNS01Solver
		value, want string
	}{
		{tsig, planted, "does not know TSIG key"},
		{tsig, planted + "!", "is not base64"},
		{tsig, `key "k" { secret "` + planted + `"; };`, "looks like a whole key clause"},
		{webhook, "Bearer " + planted, "it answers HTTP 401"},
		{webhook, "Bearer " + planted + "\nX: " + planted, "more than one line"},
		{plugin(1), "token: " + planted, "it failed: "},
		{plugin(2), `{"token": "` + planted + `"}`, "does not accept its configuration"},
		{plugin(3), "TOKEN=" + planted, "does not speak version v1"},
		{plugin(4), planted, "exit code 4"},
	} {
		l.plant("credentials", map[string]string{"value": tt.value})
		l.change(func(spec *v1alpha1.ACMEIssuer) { spec.Solvers = []v1alpha1.Solver{{DNS01: tt.solver}} })
		name := fmt.Sprintf("web-%d", i)
		l.must(l.client.Create(l.ctx, newCert(name, name+".example.com")))
		said := l.heard(name)
		if !strings.Contains(said, tt.want) {
			t.Errorf("%q was not said:\n%s", tt.want, said)
		}
		silent(t, said)
		l.log.Reset()
	}
}

// TestNoKeyOfAnAccountIsSaid has garbage for the keys that the CA knows the account by.
func TestNoKeyOfAnAccountIsSaid(t *testing.T) {
	mac := base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte("x"), 32))
	h := newHarnessWith(t, acmetest.Options{ExternalAccounts: map[string]string{"kid-1": mac}}, nil, newCert("web", "www.example.com"))
	l := h.listen()
	block := "-----BEGIN PRIVATE KEY-----\n" + planted + "\n-----END PRIVATE KEY-----\n"
	for _, tt := range []struct{ account, eab, want string }{
		{block, "", "reading the account key"},
		{planted, "", "reading the account key"},
		{"", planted, "registering the account"},
		{"", `"` + planted + `"`, "it is not base64url"},
		{"", planted[:8], "too short for a MAC key"},
	} {
		l.must(client.IgnoreNotFound(l.client.Delete(l.ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "account"}})))
		if tt.account != "" {
			l.plant("account", map[string]string{corev1.TLSPrivateKeyKey: tt.account})
		}
		l.plant("eab", map[string]string{"mac": tt.eab})
		l.change(func(spec *v1alpha1.ACMEIssuer) {
			spec.ExternalAccountBinding = &v1alpha1.ExternalAccountBinding{KeyID: "kid-1", KeySecretRef: v1alpha1.SecretKeyReference{Name: "eab", Key: "mac"}}
		})
		said := l.heard("web")
		if !strings.Contains(said, tt.want) {
			t.Errorf("%q was not said:\n%s", tt.want, said)
		}
		silent(t, said)
		if strings.Contains(said, planted[:8]) {
			t.Errorf("the beginning of the key was said:\n%s", said)
		}
	}
}

// TestClocksTenMinutesOff has a controller whose clock is ten minutes off the CA's. It orders once, and waits until the certificate
// is valid by its own clock.
func TestClocksTenMinutesOff(t *testing.T) {
	for _, off := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		t.Run(off.String(), func(t *testing.T) {
			h := newHarness(t, newCert("web", "www.example.com"))
			h.clock.SetTime(time.Now().Add(off))
			cert, err := h.reconcile("web")
			h.must(err)
			for range 5 {
				c := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionReady)
				if ready := c.Status == metav1.ConditionTrue; ready != (off > 0) || !ready && c.Reason != string(tlsready.NotYetValid) {
					t.Fatalf("Ready = %+v", c)
				}
				h.restart()
				cert, err = h.reconcile("web")
				h.must(err)
			}
			if off < 0 {
				c := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionReady)
				if !strings.Contains(c.Message, "compare the clocks") {
					t.Errorf("message %q does not say what to do", c.Message)
				}
				h.clock.SetTime(h.clock.Now().Add(11 * time.Minute))
				cert, err = h.reconcile("web")
				h.must(err)
			}
			h.issued(cert)
			if n := h.server.Orders(); n != 1 {
				t.Errorf("%d orders, want 1", n)
			}
			h.clean()
		})
	}
}
