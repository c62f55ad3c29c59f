// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"sync"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// Wakeups enqueue the issuers whose CA is in a Secret that has changed. They never block whoever tells of it: before this replica
// leads, there is nobody to wake.
type Wakeups struct {
	mu     sync.Mutex
	queues []*queue
}

// queue is that of one kind of issuers; it is a source.
type queue struct {
	list      func() client.ObjectList
	reader    client.Reader
	namespace string

	mu sync.Mutex
	q  workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// of returns the source of the controller of one kind.
func (w *Wakeups) of(newIssuer func() v1alpha1.Issuer, reader client.Reader, namespace string) *queue {
	q := &queue{reader: reader, namespace: namespace, list: func() client.ObjectList { return &v1alpha1.CertIssuerList{} }}
	if newIssuer().Kind() == v1alpha1.KindClusterCertIssuer {
		q.list = func() client.ObjectList { return &v1alpha1.ClusterCertIssuerList{} }
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queues = append(w.queues, q)
	return q
}

// Start implements source.Source.
func (q *queue) Start(_ context.Context, work workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.q = work
	return nil
}

// Secret wakes the issuers of a Secret; an empty name means all of the namespace, or of all if that is empty too.
func (w *Wakeups) Secret(namespace, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, q := range w.queues {
		q.secret(namespace, name)
	}
}

func (q *queue) secret(namespace, name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.q == nil {
		return
	}
	list := q.list()
	if err := q.reader.List(context.Background(), list); err != nil {
		klog.Background().Error(err, "Listing issuers for a changed Secret", "secret", klog.KRef(namespace, name))
		return
	}
	// The function returns no error, and the list is one of objects.
	_ = apimeta.EachListItem(list, func(o runtime.Object) error {
		issuer := o.(v1alpha1.Issuer)
		spec := issuer.GetSpec().CA
		if spec == nil || namespace != "" && v1alpha1.SecretNamespace(issuer, q.namespace) != namespace || name != "" && spec.SecretName != name {
			return nil
		}
		q.q.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(issuer)})
		return nil
	})
}
