// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

// With the real source a missing Secret is unknown first, then looked up, then told.
func TestWithRealSource(t *testing.T) {
	w := newWorld(t, newPod())
	source := tlssecrets.New(fake.NewClientset(), clock.RealClock{}, tlssecrets.Options{})
	w.r.secrets = source
	changed := make(chan struct{}, 100)
	source.OnChange(func(string, string) { changed <- struct{}{} })
	w.reconcile()
	expect(t, "writes", w.took())
	done := make(chan struct{})
	go func() {
		defer close(done)
		source.Run(t.Context())
	}()
	t.Cleanup(func() { <-done })
	for w.condition(podcondition.Type) == nil {
		<-changed
		w.reconcile()
	}
	expectCondition(t, w, corev1.ConditionFalse, "SecretNotFound", missing)
	expect(t, "writes", w.took(), "patch status", "create event")
}
