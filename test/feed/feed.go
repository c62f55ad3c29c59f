// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package feed has informers that are told by function calls what there is: an event has reached all handlers when the call returns.
package feed

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Informer keeps its handlers and calls them itself. Listers read its store.
type Informer struct {
	cache.SharedIndexInformer
	handlers []cache.ResourceEventHandler
}

// Register makes a factory use such an informer for the objects of a type, before it makes one of its own. newInformer is the constructor
// of package informers for that type; the factory need not be started.
func Register(f informers.SharedInformerFactory, obj runtime.Object, newInformer func(kubernetes.Interface, time.Duration) cache.SharedIndexInformer) *Informer {
	i := &Informer{}
	f.InformerFor(obj, func(client kubernetes.Interface, resync time.Duration) cache.SharedIndexInformer {
		i.SharedIndexInformer = newInformer(client, resync)
		return i
	})
	return i
}

// Namespaced are the indexers that factories give to informers.
func Namespaced() cache.Indexers {
	return cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}
}

// AddEventHandler keeps the handler.
func (i *Informer) AddEventHandler(h cache.ResourceEventHandler) (cache.ResourceEventHandlerRegistration, error) {
	i.handlers = append(i.handlers, h)
	return synced{}, nil
}

// AddEventHandlerWithResyncPeriod keeps the handler; nothing is resynced.
func (i *Informer) AddEventHandlerWithResyncPeriod(h cache.ResourceEventHandler, _ time.Duration) (cache.ResourceEventHandlerRegistration, error) {
	return i.AddEventHandler(h)
}

// AddEventHandlerWithOptions keeps the handler; the options are about resyncs and logs.
func (i *Informer) AddEventHandlerWithOptions(h cache.ResourceEventHandler, _ cache.HandlerOptions) (cache.ResourceEventHandlerRegistration, error) {
	return i.AddEventHandler(h)
}

// Run does nothing: there is nobody to watch.
func (i *Informer) Run(<-chan struct{}) {}

// RunWithContext does nothing either.
func (i *Informer) RunWithContext(context.Context) {}

// HasSynced is always true: what was fed is known.
func (i *Informer) HasSynced() bool { return true }

type synced struct{}

func (synced) HasSynced() bool { return true }

// Add adds an object.
func (i *Informer) Add(obj any) error {
	if err := i.GetStore().Add(obj); err != nil {
		return err
	}
	for _, h := range i.handlers {
		h.OnAdd(obj, false)
	}
	return nil
}

// Update replaces an object by another state of it.
func (i *Informer) Update(old, obj any) error {
	if err := i.GetStore().Update(obj); err != nil {
		return err
	}
	for _, h := range i.handlers {
		h.OnUpdate(old, obj)
	}
	return nil
}

// Remove deletes an object.
func (i *Informer) Remove(obj any) error {
	if err := i.GetStore().Delete(obj); err != nil {
		return err
	}
	for _, h := range i.handlers {
		h.OnDelete(obj)
	}
	return nil
}
