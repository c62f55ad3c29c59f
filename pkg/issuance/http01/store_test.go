// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// TestOldestRecordAnswers: a copy of a token in another Secret, by whomever, changes no answer.
func TestOldestRecordAnswers(t *testing.T) {
	store, err := NewStore(fake.NewClientset())
	if err != nil {
		t.Fatal(err)
	}
	add := func(namespace, name string, age time.Duration, answer string) {
		t.Helper()
		r, err := strip(&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, CreationTimestamp: metav1.NewTime(start.Add(-age))},
			Type:       v1alpha1.IssuanceSecretType,
			Data:       map[string][]byte{ChallengesKey: fmt.Appendf(nil, `{"tok":%q}`, answer)},
		})
		if err == nil {
			err = store.informer.GetIndexer().Add(r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want := func(want string) {
		t.Helper()
		for range 20 { // the order of an index is random
			if got, _ := store.KeyAuthorization("tok"); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	}
	want("")
	add("m", "m", time.Minute, "tok.first")
	add("a", "a", 0, "tok.later")
	want("tok.first")
	add("z", "z", 0, "tok.last")
	want("tok.first")
	add("b", "b", time.Minute, "tok.same-age")
	want("tok.same-age") // by namespace and name
}
