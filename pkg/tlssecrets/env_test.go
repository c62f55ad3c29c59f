// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/ktesting"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// env is a running Source against a fake clientset, in a synctest bubble: time passes only
// when every goroutine waits, and the bubble fails the test if a goroutine outlives it.
type env struct {
	t      *testing.T
	client *fake.Clientset
	source *Source
	stop   context.CancelFunc

	mu      sync.Mutex
	denied  map[string]bool // verbs that are refused
	once    map[string]bool // verbs that are refused the next time
	gets    int
	changes []string
	watches []watch.Interface
}

// run calls test with a Source that runs. The fake clientset does not emulate field
// selectors, so reactors do; the real behaviour is for tests with a real API server.
func run(t *testing.T, o Options, objects []runtime.Object, test func(*env)) {
	t.Helper()
	runDenied(t, o, objects, nil, test)
}

func runDenied(t *testing.T, o Options, objects []runtime.Object, denied []string, test func(*env)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := &env{t: t, client: fake.NewClientset(objects...), denied: make(map[string]bool), once: make(map[string]bool)}
		e.deny(denied...)
		e.client.PrependReactor("*", "secrets", e.react)
		e.client.PrependWatchReactor("secrets", e.watch)
		e.source = New(e.client, clock.RealClock{}, o)
		e.source.OnChange(func(namespace, name string) {
			_ = e.source.Status() // this and Get would deadlock if a lock were held
			if name != "" {
				e.source.Get(namespace, name)
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			e.changes = append(e.changes, namespace+"/"+name)
		})
		logger, _ := ktesting.NewTestContext(t)
		ctx, stop := context.WithCancel(klog.NewContext(context.Background(), logger))
		e.stop = stop
		var wg sync.WaitGroup
		wg.Go(func() { e.source.Run(ctx) })
		e.settle()
		test(e)
		stop()
		wg.Wait()
	})
}

// settle lets the informer's polling for its first sync see the result, then waits until
// every goroutine is idle.
func (e *env) settle() {
	time.Sleep(300 * time.Millisecond) // virtual time of the bubble
	synctest.Wait()
}

func (e *env) deny(verbs ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, v := range verbs {
		e.denied[v] = true
	}
}

// refuseOnce refuses the next call of each verb.
func (e *env) refuseOnce(verbs ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, v := range verbs {
		e.once[v] = true
	}
}

func (e *env) refusalsLeft() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.once)
}

func (e *env) allow(verbs ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, v := range verbs {
		delete(e.denied, v)
	}
}

// breakWatches ends the open watches, as the API server does every few minutes.
func (e *env) breakWatches() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, w := range e.watches {
		w.Stop()
	}
	e.watches = nil
}

// takeChanges returns what OnChange reported since the last call.
func (e *env) takeChanges() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	changes := e.changes
	e.changes = nil
	return changes
}

func (e *env) refusal(action clienttesting.Action) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if action.GetVerb() == "get" {
		e.gets++
	}
	if !e.denied[action.GetVerb()] && !e.once[action.GetVerb()] {
		return nil
	}
	delete(e.once, action.GetVerb())
	return apierrors.NewForbidden(action.GetResource().GroupResource(), "", fmt.Errorf(
		`User "system:serviceaccount:kube-system:tollgate" cannot %s resource "secrets" in API group "" at the cluster scope`, action.GetVerb()))
}

func (e *env) react(action clienttesting.Action) (bool, runtime.Object, error) {
	if err := e.refusal(action); err != nil {
		return true, nil, err
	}
	list, ok := action.(clienttesting.ListAction)
	if !ok {
		return false, nil, nil
	}
	selector := list.GetListRestrictions().Fields
	handled, obj, err := clienttesting.ObjectReaction(e.client.Tracker())(action)
	if err != nil {
		return handled, nil, err
	}
	all := obj.(*corev1.SecretList)
	selected := &corev1.SecretList{ListMeta: all.ListMeta}
	for i := range all.Items {
		if matches(selector, &all.Items[i]) {
			selected.Items = append(selected.Items, all.Items[i])
		}
	}
	return true, selected, nil
}

func (e *env) watch(action clienttesting.Action) (bool, watch.Interface, error) {
	if err := e.refusal(action); err != nil {
		return true, nil, err
	}
	events, err := e.client.Tracker().Watch(action.GetResource(), action.GetNamespace())
	if err != nil {
		return true, nil, err
	}
	selector := action.(clienttesting.WatchAction).GetWatchRestrictions().Fields
	filtered := watch.Filter(events, func(in watch.Event) (watch.Event, bool) {
		secret, ok := in.Object.(*corev1.Secret)
		return in, !ok || matches(selector, secret)
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	e.watches = append(e.watches, filtered)
	return true, filtered, nil
}

func matches(selector fields.Selector, secret *corev1.Secret) bool {
	return selector.Matches(fields.Set{"type": string(secret.Type)})
}

func (e *env) create(secret *corev1.Secret) {
	e.t.Helper()
	if _, err := e.client.CoreV1().Secrets(secret.Namespace).Create(e.t.Context(), secret, metav1.CreateOptions{}); err != nil {
		e.t.Fatalf("creating a secret: %v", err)
	}
}

func (e *env) delete(namespace, name string) {
	e.t.Helper()
	if err := e.client.CoreV1().Secrets(namespace).Delete(e.t.Context(), name, metav1.DeleteOptions{}); err != nil {
		e.t.Fatalf("deleting a secret: %v", err)
	}
}

func (e *env) wantState(namespace, name string, want State) {
	e.t.Helper()
	facts, got := e.source.Get(namespace, name)
	if got != want {
		e.t.Errorf("Get(%q, %q) = %v, want %v", namespace, name, got, want)
	}
	if hasFacts := facts != nil; hasFacts != (want == Found || want == OtherType) {
		e.t.Errorf("Get(%q, %q) returned facts %v in state %v", namespace, name, facts, got)
	}
}

// tlsSecret returns a Secret shop/<name> that can serve www.example.com.
func tlsSecret(tb testing.TB, name string) *corev1.Secret {
	cert, key := tlstest.NewCA(tb).Issue(tlstest.Options{DNSNames: []string{"www.example.com"}})
	return tlstest.Secret("shop", name, cert, key)
}

func opaqueSecret(name string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}, Type: corev1.SecretTypeOpaque}
}
