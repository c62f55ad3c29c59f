// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

func podWith(annotations map[string]string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: "web-0", Annotations: annotations,
		CreationTimestamp: metav1.NewTime(tlstest.Now.Add(-time.Hour)),
	}}
}

func TestJudge(t *testing.T) {
	run(t, Options{}, []runtime.Object{tlsSecret(t, "web-tls")}, func(e *env) {
		for name, test := range map[string]struct {
			annotations map[string]string
			want        tlsready.Reason
		}{
			"declares nothing":   {nil, tlsready.Ready},
			"ready":              {map[string]string{declare.RequireTLSAnnotation: "web-tls"}, tlsready.Ready},
			"not known":          {map[string]string{declare.RequireTLSAnnotation: "web-tls,api-tls"}, tlsready.LookupPending},
			"malformed":          {map[string]string{declare.RequireTLSAnnotation: "Not A Name"}, tlsready.InvalidDeclaration},
			"malformed and more": {map[string]string{declare.RequireTLSAnnotation: "web-tls", declare.RequirementsAnnotation: "{"}, tlsready.InvalidDeclaration},
		} {
			got := e.source.Judge(podWith(test.annotations), tlstest.Now)
			if got.Reason != test.want || got.Ready != (test.want == tlsready.Ready) || (got.Message == "") != got.Ready {
				t.Errorf("%s: Judge() = %+v, want %s", name, got, test.want)
			}
		}
	})
}

func TestDeadline(t *testing.T) {
	run(t, Options{}, nil, func(e *env) {
		e.source.Get("shop", "web-tls")
		e.settle()
		deadline := tlstest.Now.Add(time.Minute)
		d := declaration(named("web-tls"))
		d.Deadline = deadline
		held := tlsready.Verdict{Reason: tlsready.SecretNotFound, Message: `secret "shop/web-tls" does not exist`, RecheckAt: deadline}
		if diff := cmp.Diff(held, e.source.Evaluate("shop", d, deadline.Add(-time.Second))); diff != "" {
			t.Errorf("unexpected verdict before the deadline (-want, +got):\n%s", diff)
		}
		got := e.source.Evaluate("shop", d, deadline)
		if !got.Ready || got.Reason != tlsready.WaitTimedOut || got.Warning == "" {
			t.Errorf("verdict %+v at the deadline, want WaitTimedOut", got)
		}
	})
}

// TestDeadlineBeforeTheFirstList checks that a pod that asked not to wait does not wait for
// the informer either.
func TestDeadlineBeforeTheFirstList(t *testing.T) {
	runDenied(t, Options{}, nil, []string{"list", "watch"}, func(e *env) {
		d := declaration(named("web-tls"), named("api-tls"))
		d.Deadline = tlstest.Now
		if got := e.source.Evaluate("shop", d, tlstest.Now); !got.Ready || got.Reason != tlsready.WaitTimedOut {
			t.Errorf("verdict %+v at the deadline, want WaitTimedOut", got)
		}
	})
}
