// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	discoveryfake "k8s.io/client-go/discovery/fake"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/ktesting"
	"k8s.io/utils/clock"
)

// Resources of the tests.
var (
	certificates    = certManagerCertificates.resources[0]
	externalV1      = externalSecrets.resources[0]
	externalV1beta1 = externalSecrets.resources[1]
	services        = servingCertServices.resources[0]
	ingresses       = certManagerIngresses.resources[0]
)

// env is a running Registry against a fake API server, in a synctest bubble: time passes
// only when every goroutine waits, and the bubble fails the test if a goroutine outlives it.
type env struct {
	t        *testing.T
	client   *fake.FakeDynamicClient
	registry *Registry

	mu      sync.Mutex
	served  []schema.GroupVersionResource
	broken  []schema.GroupVersion                 // that discovery fails for
	fails   map[schema.GroupVersionResource]error // what list and watch return
	watches map[schema.GroupVersionResource][]watch.Interface
	opened  int
	changes []string
}

// run calls test with a Registry that has run for a second.
func run(t *testing.T, served []schema.GroupVersionResource, prepare, test func(*env)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		listKinds := map[schema.GroupVersionResource]string{}
		for _, k := range kinds {
			for _, r := range k.resources {
				listKinds[r] = "List"
			}
		}
		e := &env{
			t: t, served: served, client: fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), listKinds),
			fails: map[schema.GroupVersionResource]error{}, watches: map[schema.GroupVersionResource][]watch.Interface{},
		}
		e.client.PrependReactor("list", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
			err := e.failure(action)
			return err != nil, nil, err
		})
		e.client.PrependWatchReactor("*", e.watch)
		e.registry = New(e.client, e, clock.RealClock{})
		e.registry.OnChange(func(namespace, secret string) {
			e.registry.Looked() // this and Of would deadlock if a lock were held
			e.registry.Of(namespace, secret)
			e.mu.Lock()
			defer e.mu.Unlock()
			e.changes = append(e.changes, namespace+"/"+secret)
		})
		if prepare != nil {
			prepare(e)
		}
		logger, _ := ktesting.NewTestContext(t)
		ctx, stop := context.WithCancel(klog.NewContext(context.Background(), logger))
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := e.registry.Start(ctx); err != nil {
				t.Errorf("Start() = %v", err)
			}
		})
		e.pass(time.Second)
		test(e)
		stop()
		wg.Wait()
	})
}

// pass lets virtual time pass, then waits until every goroutine is idle.
func (e *env) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// nextRound passes the time until discovery was asked again and what it found was listed.
func (e *env) nextRound() { e.pass(discoveryInterval + time.Second) }

// ServerResourcesForGroupVersion implements Discovery with client-go's fake.
func (e *env) ServerResourcesForGroupVersion(groupVersion string) (*metav1.APIResourceList, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	byGroup := map[string]*metav1.APIResourceList{}
	f := &discoveryfake.FakeDiscovery{Fake: &clienttesting.Fake{}}
	for _, r := range e.served {
		gv := r.GroupVersion().String()
		if byGroup[gv] == nil {
			byGroup[gv] = &metav1.APIResourceList{GroupVersion: gv}
			f.Resources = append(f.Resources, byGroup[gv])
		}
		byGroup[gv].APIResources = append(byGroup[gv].APIResources, metav1.APIResource{Name: r.Resource})
	}
	if slices.ContainsFunc(e.broken, func(gv schema.GroupVersion) bool { return gv.String() == groupVersion }) {
		return nil, errors.New("connection refused")
	}
	return f.ServerResourcesForGroupVersion(groupVersion)
}

func (e *env) serve(resources ...schema.GroupVersionResource) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.served = resources
}

func (e *env) breakDiscovery(groupVersions ...schema.GroupVersion) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.broken = groupVersions
}

// fail makes list and watch of a resource return an error, nil for none.
func (e *env) fail(resource schema.GroupVersionResource, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fails[resource] = err
}

func (e *env) forbid(resource schema.GroupVersionResource) {
	e.fail(resource, apierrors.NewForbidden(resource.GroupResource(), "", fmt.Errorf(
		`User "system:serviceaccount:tollgate-system:tollgate-controller" cannot list resource %q in API group %q at the cluster scope`, resource.Resource, resource.Group)))
}

// breakWatches ends the open watches, as the API server does every few minutes.
func (e *env) breakWatches(resource schema.GroupVersionResource) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, w := range e.watches[resource] {
		w.Stop()
	}
	delete(e.watches, resource)
}

func (e *env) failure(action clienttesting.Action) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.fails[action.GetResource()]
}

func (e *env) watch(action clienttesting.Action) (bool, watch.Interface, error) {
	if err := e.failure(action); err != nil {
		return true, nil, err
	}
	events, err := e.client.Tracker().Watch(action.GetResource(), action.GetNamespace())
	if err != nil {
		return true, nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.opened++
	e.watches[action.GetResource()] = append(e.watches[action.GetResource()], events)
	return true, events, nil
}

func (e *env) create(resource schema.GroupVersionResource, object *unstructured.Unstructured) {
	e.t.Helper()
	if err := e.client.Tracker().Create(resource, object, object.GetNamespace()); err != nil {
		e.t.Fatalf("creating: %v", err)
	}
	synctest.Wait()
}

func (e *env) update(resource schema.GroupVersionResource, object *unstructured.Unstructured) {
	e.t.Helper()
	if err := e.client.Tracker().Update(resource, object, object.GetNamespace()); err != nil {
		e.t.Fatalf("updating: %v", err)
	}
	synctest.Wait()
}

func (e *env) delete(resource schema.GroupVersionResource, name string) {
	e.t.Helper()
	if err := e.client.Tracker().Delete(resource, "shop", name); err != nil {
		e.t.Fatalf("deleting: %v", err)
	}
	synctest.Wait()
}

// want compares the clause for Secret shop/<secret>; empty for none.
func (e *env) want(secret, clause string) {
	e.t.Helper()
	got, found := e.registry.Of("shop", secret)
	if got != clause || found != (clause != "") {
		e.t.Errorf("Of(shop, %s) = %q, %v, want %q", secret, got, found, clause)
	}
}

func (e *env) wantLooked(want ...string) {
	e.t.Helper()
	if diff := cmp.Diff(want, e.registry.Looked()); diff != "" {
		e.t.Errorf("Looked() differs (-want +got):\n%s", diff)
	}
}

func (e *env) wantSettled(want bool) {
	e.t.Helper()
	if got := e.registry.Settled(); got != want {
		e.t.Errorf("Settled() = %v, want %v", got, want)
	}
}

// wantChanges compares what OnChange reported since the last call.
func (e *env) wantChanges(want ...string) {
	e.t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if diff := cmp.Diff(want, e.changes); diff != "" {
		e.t.Errorf("changes differ (-want +got):\n%s", diff)
	}
	e.changes = nil
}
