// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package placer

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/informers/core"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// factory is a SharedInformerFactory whose nodes come from function calls: an
// event reaches all handlers before the call returns. So the scheduler and its
// plugins see nodes at a known time, without goroutines of informers.
type factory struct {
	informers.SharedInformerFactory
	nodes *nodeInformer
}

func newFactory(f informers.SharedInformerFactory) *factory {
	inner := f.Core().V1().Nodes()
	return &factory{f, &nodeInformer{NodeInformer: inner, SharedIndexInformer: inner.Informer()}}
}

// Core returns the group in which the nodes are replaced.
func (f *factory) Core() core.Interface { return coreGroup{f.SharedInformerFactory.Core(), f.nodes} }

type coreGroup struct {
	core.Interface
	nodes *nodeInformer
}

// V1 returns the version in which the nodes are replaced.
func (g coreGroup) V1() coreinformers.Interface { return coreVersion{g.Interface.V1(), g.nodes} }

type coreVersion struct {
	coreinformers.Interface
	nodes *nodeInformer
}

// Nodes returns the replacement.
func (v coreVersion) Nodes() coreinformers.NodeInformer { return v.nodes }

// nodeInformer keeps the handlers and calls them itself. The store is the inner
// informer's, which listers read.
type nodeInformer struct {
	coreinformers.NodeInformer
	cache.SharedIndexInformer
	handlers []cache.ResourceEventHandler
}

// Informer returns the informer that keeps the handlers.
func (n *nodeInformer) Informer() cache.SharedIndexInformer { return n }

// AddEventHandler keeps the handler.
func (n *nodeInformer) AddEventHandler(h cache.ResourceEventHandler) (cache.ResourceEventHandlerRegistration, error) {
	n.handlers = append(n.handlers, h)
	return registration{}, nil
}

// AddEventHandlerWithResyncPeriod keeps the handler; nothing is resynced.
func (n *nodeInformer) AddEventHandlerWithResyncPeriod(h cache.ResourceEventHandler, _ time.Duration) (cache.ResourceEventHandlerRegistration, error) {
	return n.AddEventHandler(h)
}

// AddEventHandlerWithOptions keeps the handler; the options are about resyncs
// and logs.
func (n *nodeInformer) AddEventHandlerWithOptions(h cache.ResourceEventHandler, _ cache.HandlerOptions) (cache.ResourceEventHandlerRegistration, error) {
	return n.AddEventHandler(h)
}

// HasSynced is always true: a node is known when add returns.
func (n *nodeInformer) HasSynced() bool { return true }

type registration struct{}

func (registration) HasSynced() bool { return true }

func (n *nodeInformer) add(node *corev1.Node) error {
	if err := n.GetStore().Add(node); err != nil {
		return fmt.Errorf("adding node %s: %w", node.Name, err)
	}
	for _, h := range n.handlers {
		h.OnAdd(node, false)
	}
	return nil
}

func (n *nodeInformer) update(node *corev1.Node) error {
	old, ok, err := n.GetStore().GetByKey(node.Name)
	if err != nil || !ok {
		return fmt.Errorf("updating node %s: it was not added", node.Name)
	}
	if err := n.GetStore().Update(node); err != nil {
		return fmt.Errorf("updating node %s: %w", node.Name, err)
	}
	for _, h := range n.handlers {
		h.OnUpdate(old, node)
	}
	return nil
}

func (n *nodeInformer) remove(name string) error {
	old, ok, err := n.GetStore().GetByKey(name)
	if err != nil || !ok {
		return fmt.Errorf("removing node %s: it was not added", name)
	}
	if err := n.GetStore().Delete(old); err != nil {
		return fmt.Errorf("removing node %s: %w", name, err)
	}
	for _, h := range n.handlers {
		h.OnDelete(old)
	}
	return nil
}
