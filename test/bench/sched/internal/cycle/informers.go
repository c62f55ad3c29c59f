// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cycle

import (
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/informers/core"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// factory is a SharedInformerFactory whose nodes, pods, volumes and claims come from function calls: an event has reached all
// handlers when the call returns. All other informers are those of the embedded factory.
type factory struct {
	informers.SharedInformerFactory
	nodes   *nodeInformer
	pods    *podInformer
	volumes *volumeInformer
	claims  *claimInformer
}

func newFactory(client kubernetes.Interface) *factory {
	// The informers behind these are never started. Only their stores are used, which listers read.
	still := informers.NewSharedInformerFactory(client, 0).Core().V1()
	return &factory{
		SharedInformerFactory: informers.NewSharedInformerFactory(client, 0),
		nodes:                 &nodeInformer{still.Nodes(), &feed{SharedIndexInformer: still.Nodes().Informer()}},
		pods:                  &podInformer{still.Pods(), &feed{SharedIndexInformer: still.Pods().Informer()}},
		volumes:               &volumeInformer{still.PersistentVolumes(), &feed{SharedIndexInformer: still.PersistentVolumes().Informer()}},
		claims:                &claimInformer{still.PersistentVolumeClaims(), &feed{SharedIndexInformer: still.PersistentVolumeClaims().Informer()}},
	}
}

// Core returns the group in which they are replaced.
func (f *factory) Core() core.Interface { return coreGroup{f.SharedInformerFactory.Core(), f} }

type coreGroup struct {
	core.Interface
	f *factory
}

// V1 returns the version in which they are replaced.
func (g coreGroup) V1() coreinformers.Interface { return coreVersion{g.Interface.V1(), g.f} }

type coreVersion struct {
	coreinformers.Interface
	f *factory
}

func (v coreVersion) Nodes() coreinformers.NodeInformer { return v.f.nodes }
func (v coreVersion) Pods() coreinformers.PodInformer   { return v.f.pods }

func (v coreVersion) PersistentVolumes() coreinformers.PersistentVolumeInformer { return v.f.volumes }
func (v coreVersion) PersistentVolumeClaims() coreinformers.PersistentVolumeClaimInformer {
	return v.f.claims
}

type nodeInformer struct {
	coreinformers.NodeInformer
	feed *feed
}

func (n *nodeInformer) Informer() cache.SharedIndexInformer { return n.feed }

type podInformer struct {
	coreinformers.PodInformer
	feed *feed
}

func (p *podInformer) Informer() cache.SharedIndexInformer { return p.feed }

type volumeInformer struct {
	coreinformers.PersistentVolumeInformer
	feed *feed
}

func (v *volumeInformer) Informer() cache.SharedIndexInformer { return v.feed }

type claimInformer struct {
	coreinformers.PersistentVolumeClaimInformer
	feed *feed
}

func (c *claimInformer) Informer() cache.SharedIndexInformer { return c.feed }

// feed is an informer that is told by its caller what changes.
type feed struct {
	cache.SharedIndexInformer
	handlers []cache.ResourceEventHandler
}

// AddEventHandler keeps the handler.
func (f *feed) AddEventHandler(h cache.ResourceEventHandler) (cache.ResourceEventHandlerRegistration, error) {
	f.handlers = append(f.handlers, h)
	return synced{}, nil
}

// AddEventHandlerWithResyncPeriod keeps the handler; nothing is resynced.
func (f *feed) AddEventHandlerWithResyncPeriod(h cache.ResourceEventHandler, _ time.Duration) (cache.ResourceEventHandlerRegistration, error) {
	return f.AddEventHandler(h)
}

// AddEventHandlerWithOptions keeps the handler; the options are about resyncs and logs.
func (f *feed) AddEventHandlerWithOptions(h cache.ResourceEventHandler, _ cache.HandlerOptions) (cache.ResourceEventHandlerRegistration, error) {
	return f.AddEventHandler(h)
}

// HasSynced is always true: what was fed is known.
func (f *feed) HasSynced() bool { return true }

type synced struct{}

func (synced) HasSynced() bool { return true }

func (f *feed) add(obj any) error {
	if err := f.GetStore().Add(obj); err != nil {
		return err
	}
	for _, h := range f.handlers {
		h.OnAdd(obj, false)
	}
	return nil
}

func (f *feed) update(old, obj any) error {
	if err := f.GetStore().Update(obj); err != nil {
		return err
	}
	for _, h := range f.handlers {
		h.OnUpdate(old, obj)
	}
	return nil
}

func (f *feed) remove(obj any) error {
	if err := f.GetStore().Delete(obj); err != nil {
		return err
	}
	for _, h := range f.handlers {
		h.OnDelete(obj)
	}
	return nil
}
