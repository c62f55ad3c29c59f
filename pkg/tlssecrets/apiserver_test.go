// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
)

// apiServer speaks list, watch and get of Secrets, JSON over HTTP, as far as client-go needs
// it: resource versions that expire, and initial events in a watch.
type apiServer struct {
	noInitialEvents bool // as API servers before 1.32

	mu         sync.Mutex
	secrets    map[string]*corev1.Secret
	history    []change
	oldest     int                               // older versions cannot be watched from
	refuse     func(verb, namespace string) bool // namespace "" is the cluster
	requests   []string                          // verb and path
	changed    chan struct{}                     // closed at every change
	generation int                               // of watches; older ones end
	down       bool                              // all requests fail
}

type change struct {
	kind   watch.EventType
	secret *corev1.Secret
}

func newAPIServer() *apiServer {
	return &apiServer{
		secrets: make(map[string]*corev1.Secret),
		refuse:  func(string, string) bool { return false },
		changed: make(chan struct{}),
	}
}

// put creates or replaces Secrets.
func (a *apiServer) put(secrets ...*corev1.Secret) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.set(secrets...)
}

// set is put with the lock held.
func (a *apiServer) set(secrets ...*corev1.Secret) {
	for _, s := range secrets {
		kind, key := watch.Added, s.Namespace+"/"+s.Name
		if a.secrets[key] != nil {
			kind = watch.Modified
		}
		a.secrets[key] = s
		a.log(kind, s)
	}
}

// unset deletes a Secret; the lock must be held.
func (a *apiServer) unset(namespace, name string) {
	s := a.secrets[namespace+"/"+name].DeepCopy()
	delete(a.secrets, namespace+"/"+name)
	a.log(watch.Deleted, s)
}

func (a *apiServer) log(kind watch.EventType, s *corev1.Secret) {
	s.APIVersion, s.Kind = "v1", "Secret"
	a.history = append(a.history, change{kind, s})
	s.ResourceVersion = strconv.Itoa(len(a.history))
	a.wake()
}

func (a *apiServer) wake() {
	close(a.changed)
	a.changed = make(chan struct{})
}

// expire ends all watches before they see what happens in unseen, and lets them begin again
// only after that.
func (a *apiServer) expire(unseen func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	unseen()
	a.oldest = len(a.history)
	a.generation++
	a.wake()
}

func (a *apiServer) refuseIf(refuse func(verb, namespace string) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refuse = refuse
}

// setDown ends all watches and lets all requests fail, or work again.
func (a *apiServer) setDown(down bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.down = down
	a.generation++
	a.wake()
}

// count returns how many requests began with the prefix.
func (a *apiServer) count(prefix string) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

// seen returns the different requests so far, sorted.
func (a *apiServer) seen() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(a.requests)))
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/v1/"), "/")
	namespace, name := "", ""
	if parts[0] == "namespaces" {
		namespace, parts = parts[1], parts[2:]
	}
	query, verb := r.URL.Query(), "list"
	if len(parts) == 2 {
		verb, name = "get", parts[1]
	} else if query.Get("watch") == "true" {
		verb = "watch"
	}
	a.mu.Lock()
	a.requests = append(a.requests, verb+" "+r.URL.Path)
	refused, down := a.refuse(verb, namespace), a.down
	a.mu.Unlock()
	secrets := corev1.Resource("secrets")
	switch {
	case down:
		reply(w, apierrors.NewServiceUnavailable("etcd has no leader"))
	case parts[0] != "secrets" || verb != "get" && query.Get("fieldSelector") != "type=kubernetes.io/tls":
		reply(w, apierrors.NewBadRequest("unexpected request "+r.URL.String()))
	case refused:
		reply(w, apierrors.NewForbidden(secrets, name, fmt.Errorf("User %q cannot %s in namespace %q", "jane", verb, namespace)))
	case verb == "get":
		a.mu.Lock()
		defer a.mu.Unlock()
		if s := a.secrets[namespace+"/"+name]; s != nil {
			reply(w, s)
		} else {
			reply(w, apierrors.NewNotFound(secrets, name))
		}
	case verb == "list":
		items, version := a.list(namespace)
		list := &corev1.SecretList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "SecretList"}, ListMeta: metav1.ListMeta{ResourceVersion: strconv.Itoa(version)}}
		for _, s := range items {
			list.Items = append(list.Items, *s)
		}
		reply(w, list)
	case a.noInitialEvents && query.Has("sendInitialEvents"):
		reply(w, apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("ListOptions").GroupKind(), "", nil))
	default:
		a.watch(w, r, namespace, query)
	}
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if failure, ok := body.(*apierrors.StatusError); ok {
		status := failure.ErrStatus
		status.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
		w.WriteHeader(int(status.Code))
		body = &status
	}
	_ = json.NewEncoder(w).Encode(body) // The client has gone if it fails.
}

func (a *apiServer) list(namespace string) (items []*corev1.Secret, version int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(a.secrets)) {
		if s := a.secrets[key]; namespace == "" || s.Namespace == namespace {
			items = append(items, s)
		}
	}
	return items, len(a.history)
}

func (a *apiServer) watch(w http.ResponseWriter, r *http.Request, namespace string, query url.Values) {
	w.Header().Set("Content-Type", "application/json")
	out := json.NewEncoder(w)
	send := func(kind watch.EventType, obj runtime.Object) {
		raw, _ := json.Marshal(obj)
		_ = out.Encode(metav1.WatchEvent{Type: string(kind), Object: runtime.RawExtension{Raw: raw}})
		w.(http.Flusher).Flush()
	}
	a.mu.Lock()
	generation := a.generation
	a.mu.Unlock()
	next, _ := strconv.Atoi(query.Get("resourceVersion"))
	if query.Get("sendInitialEvents") == "true" {
		items, version := a.list(namespace)
		for _, s := range items {
			send(watch.Added, s)
		}
		next = version
		send(watch.Bookmark, &corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{
			ResourceVersion: strconv.Itoa(next), Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true"},
		}})
	}
	for {
		a.mu.Lock()
		history, oldest, ended, changed := a.history, a.oldest, a.generation != generation, a.changed
		a.mu.Unlock()
		switch {
		case next < oldest && !ended:
			status := apierrors.NewResourceExpired("too old resource version").ErrStatus
			send(watch.Error, &status)
			return
		case ended:
			return
		}
		for ; next < len(history); next++ {
			if c := history[next]; namespace == "" || c.secret.Namespace == namespace {
				send(c.kind, c.secret)
			}
		}
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		}
	}
}
