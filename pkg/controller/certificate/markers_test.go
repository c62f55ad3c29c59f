// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/textlogger"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// TestNoSecretIsSaid plants markers in every Secret that is read, and real keys, and looks for them in what people see.
func TestNoSecretIsSaid(t *testing.T) {
	const marker = "bWFya2VyLXNlY3JldC12YWx1ZQ"
	e := newEnv(t, internal("**.example.com"), web())
	recorder := events.NewFakeRecorder(1000)
	e.Recorder = recorder
	var seen bytes.Buffer
	ctx := klog.NewContext(t.Context(), textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(&seen), textlogger.Verbosity(10))))
	plant := func(namespace, name, key, value string) {
		t.Helper()
		s := &corev1.Secret{}
		if err := e.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, s); err != nil {
			t.Fatal(err)
		}
		s.Data[key] = []byte(value)
		if err := e.Update(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	block := "-----BEGIN PRIVATE KEY-----\n" + marker + "\n-----END PRIVATE KEY-----\n"
	key := client.ObjectKey{Namespace: "shop", Name: "web"}
	for _, plants := range []func(){
		func() {},
		func() { plant("shop", "web-tls", corev1.TLSPrivateKeyKey, block) },
		func() { plant("shop", "web-tls", corev1.TLSCertKey, block) },
		func() { plant("shop", "web-tls", corev1.TLSCertKey, marker) },
		func() { plant("shop", "web-tls", marker, marker) },
		func() { plant(controllerNamespace, "tollgate-ca-internal-state", corev1.TLSPrivateKeyKey, block) },
		func() { plant(controllerNamespace, "tollgate-ca-internal-state", "state.json", marker) },
		func() { plant(controllerNamespace, "ca", corev1.TLSPrivateKeyKey, marker) },
		func() { plant("shop", "web-tls", corev1.TLSPrivateKeyKey, marker) },
	} {
		plants()
		e.issuer()
		if _, err := e.Reconcile(ctx, ctrl.Request{NamespacedName: key}); err != nil {
			seen.WriteString(err.Error())
		}
		cert := &v1alpha1.TLSCertificate{}
		if err := e.Get(ctx, key, cert); err != nil {
			t.Fatal(err)
		}
		status, err := json.Marshal(cert.Status)
		if err != nil {
			t.Fatal(err)
		}
		seen.Write(status)
		for _, name := range []client.ObjectKey{{Namespace: "shop", Name: "web-tls"}, {Namespace: controllerNamespace, Name: "ca"}} {
			s := &corev1.Secret{}
			if err := e.Get(ctx, name, s); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(s.Data[corev1.TLSPrivateKeyKey])) {
				if line = strings.TrimSpace(line); len(line) > 20 && !strings.HasPrefix(line, "---") && strings.Contains(seen.String(), line) {
					t.Errorf("a line of the key in Secret %s is in the output", name)
				}
			}
		}
		e.pass(100 * 24 * time.Hour)
	}
	close(recorder.Events)
	for event := range recorder.Events {
		seen.WriteString(event)
	}
	if !strings.Contains(seen.String(), "CertificateIssued") {
		t.Error("no event was seen: the test sees nothing")
	}
	for _, secret := range []string{marker, "PRIVATE KEY"} {
		if strings.Contains(seen.String(), secret) {
			t.Errorf("%q is in the output:\n%s", secret, seen.String())
		}
	}
}
