// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/clock"
)

// slowJudge judges a Secret once it is told to.
type slowJudge struct {
	mu    sync.Mutex
	begun []string
	gates map[string]chan struct{}
}

func (j *slowJudge) gate(name string) chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.gates[name] == nil {
		j.gates[name] = make(chan struct{})
	}
	return j.gates[name]
}

func (j *slowJudge) convert(secret *corev1.Secret, _ bool) runtime.Object {
	gate := j.gate(secret.Name)
	j.mu.Lock()
	j.begun = append(j.begun, secret.Name)
	j.mu.Unlock()
	<-gate
	return secret
}

// want checks which Secrets have begun to be judged.
func (j *slowJudge) want(t *testing.T, names []string) {
	t.Helper()
	synctest.Wait()
	j.mu.Lock()
	defer j.mu.Unlock()
	if got := slices.Sorted(slices.Values(j.begun)); !slices.Equal(got, names) {
		t.Fatalf("judged or being judged: %v, want %v", got, names)
	}
}

func newJudging(t *testing.T) (*watcher, *slowJudge) {
	t.Helper()
	w := newWatcher(fake.NewClientset(), clock.RealClock{}, "", func(secretKey) {}, func(string, string) {})
	j := &slowJudge{gates: map[string]chan struct{}{}}
	w.convert = j.convert
	return w, j
}

func numberedSecrets(n int) (secrets []*corev1.Secret, names []string) {
	for i := range n {
		name := fmt.Sprintf("web-%02d", i)
		secrets = append(secrets, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}})
		names = append(names, name)
	}
	return secrets, names
}

// TestEventsKeepTheirOrder judges several at a time, but not more, and passes them on as they came.
func TestEventsKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newJudging(t)
		n := judgedAtATime()
		secrets, names := numberedSecrets(n + 3)
		source := watch.NewFakeWithChanSize(2*len(secrets), false)
		events := w.judgeEvents(source)
		for _, secret := range secrets {
			source.Add(secret)
		}
		source.Action(watch.Bookmark, &corev1.Secret{})
		j.want(t, names[:n])
		for i := n - 1; i > 0; i-- { // the first takes longest
			close(j.gate(names[i]))
		}
		synctest.Wait()
		select {
		case event := <-events.ResultChan():
			t.Fatalf("%v came before the first was judged", event)
		default:
		}
		j.want(t, names[:n])
		close(j.gate(names[0]))
		for i := n; i < len(names); i++ {
			close(j.gate(names[i]))
		}
		for _, name := range names {
			if event := <-events.ResultChan(); event.Type != watch.Added || event.Object.(*corev1.Secret).Name != name {
				t.Errorf("event %v, want that of %s", event, name)
			}
		}
		if event := <-events.ResultChan(); event.Type != watch.Bookmark {
			t.Errorf("event %v, want the bookmark", event)
		}
		source.Stop()
		if event, ok := <-events.ResultChan(); ok {
			t.Errorf("event %v after the end", event)
		}
	})
}

// TestStoppedWatchEnds: the bubble fails if a goroutine is left.
func TestStoppedWatchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newJudging(t)
		secrets, names := numberedSecrets(judgedAtATime() + 3)
		source := watch.NewFakeWithChanSize(len(secrets), false)
		events := w.judgeEvents(source)
		for _, secret := range secrets {
			source.Add(secret)
		}
		j.want(t, names[:judgedAtATime()])
		events.Stop()
		events.Stop()
		for _, name := range names {
			close(j.gate(name))
		}
		synctest.Wait()
		if w.open.Load() != nil {
			t.Error("the watch counts as open")
		}
	})
}

func TestListsAreJudgedSeveralAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newJudging(t)
		secrets, names := numberedSecrets(judgedAtATime() + 3)
		list := &corev1.SecretList{ListMeta: metav1.ListMeta{ResourceVersion: "7", Continue: "more"}}
		for _, secret := range secrets {
			list.Items = append(list.Items, *secret)
		}
		go func() {
			j.want(t, names[:judgedAtATime()])
			for _, name := range names {
				close(j.gate(name))
			}
		}()
		judged := w.judgeList(list)
		if judged.ResourceVersion != "7" || judged.Continue != "more" || len(judged.Items) != len(names) {
			t.Errorf("list %+v", judged)
		}
		for i, item := range judged.Items {
			if got := item.(*corev1.Secret).Name; got != names[i] {
				t.Errorf("item %d is %s, want %s", i, got, names[i])
			}
		}
	})
}

// TestJudgingWipesKeys looks at the very bytes of the key, in what was added and in what was deleted.
func TestJudgingWipesKeys(t *testing.T) {
	w := newWatcher(fake.NewClientset(), clock.RealClock{}, "", func(secretKey) {}, func(string, string) {})
	for _, kind := range []watch.EventType{watch.Added, watch.Modified, watch.Deleted} {
		secret := tlsSecret(t, "web")
		key := secret.Data[corev1.TLSPrivateKeyKey]
		event := w.judgeEvent(watch.Event{Type: kind, Object: secret})
		if _, ok := event.Object.(*judged); !ok || len(secret.Data[corev1.TLSPrivateKeyKey]) > 0 {
			t.Errorf("%s: passed on %T, and left a key of %d bytes", kind, event.Object, len(secret.Data[corev1.TLSPrivateKeyKey]))
		}
		if slices.ContainsFunc(key, func(b byte) bool { return b != 0 }) {
			t.Errorf("%s: the bytes of the key are still there", kind)
		}
	}
}
