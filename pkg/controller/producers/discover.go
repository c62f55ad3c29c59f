// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"context"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/klog/v2"
)

// Discovery is what a Registry asks of a discovery client. It is asked for single group
// versions, so that a broken aggregated API elsewhere in the cluster cannot be in the way.
type Discovery interface {
	ServerResourcesForGroupVersion(groupVersion string) (*metav1.APIResourceList, error)
}

// discover starts and stops watchers as the API server now serves their kinds.
func (r *Registry) discover(ctx context.Context, wg *sync.WaitGroup) {
	round := &discoveryRound{ctx: ctx, discovery: r.discovery, resources: map[schema.GroupVersion]*metav1.APIResourceList{}}
	discovered := true
	var stopped []*watcher
	for i, k := range r.kinds {
		current := r.watchers[i] // Only this goroutine writes it.
		var resource schema.GroupVersionResource
		if current != nil {
			resource = current.resource
		}
		next, known := round.find(k, resource)
		discovered = discovered && known
		if !known || next == resource {
			continue
		}
		if current != nil {
			stopped = append(stopped, current)
			r.set(i, nil)
			current.stop()
			klog.FromContext(ctx).Info("Stopped watching", "resource", current.resource)
		}
		if !next.Empty() {
			w := r.newWatcher(k, next)
			r.set(i, w)
			watchCtx, stop := context.WithCancel(ctx)
			w.stop = stop
			klog.FromContext(ctx).Info("Watching who makes Secrets", "resource", next)
			wg.Go(func() { w.run(watchCtx) })
		}
	}
	r.mu.Lock()
	r.discovered = r.discovered || discovered
	r.mu.Unlock()
	for _, w := range stopped {
		r.changed(w.secrets())
	}
	r.stateChanged()
}

func (r *Registry) set(i int, w *watcher) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watchers[i] = w
}

// discoveryRound asks at most once for each group version. A nil list means that it is not served.
type discoveryRound struct {
	ctx       context.Context
	discovery Discovery
	resources map[schema.GroupVersion]*metav1.APIResourceList
	failed    []schema.GroupVersion
}

// find returns the resource to watch for a kind: the current one while it is served, so
// that an update of the operator does not stop the watch, otherwise the first that is; the
// empty one if none is. known is false if the API server did not answer.
func (d *discoveryRound) find(k kind, current schema.GroupVersionResource) (resource schema.GroupVersionResource, known bool) {
	if len(k.needs) > 0 {
		if needed, known := d.first(k.needs); !known || needed.Empty() {
			return schema.GroupVersionResource{}, known
		}
	}
	if current.Empty() {
		return d.first(k.resources)
	}
	return d.first(slices.Concat([]schema.GroupVersionResource{current}, k.resources))
}

// first returns the first of the resources that is served. It passes over none without an answer.
func (d *discoveryRound) first(resources []schema.GroupVersionResource) (found schema.GroupVersionResource, known bool) {
	for _, resource := range resources {
		served, answered := d.serves(resource)
		if served || !answered {
			return resource, answered
		}
	}
	return schema.GroupVersionResource{}, true
}

func (d *discoveryRound) serves(resource schema.GroupVersionResource) (served, answered bool) {
	gv := resource.GroupVersion()
	if slices.Contains(d.failed, gv) {
		return false, false
	}
	list, asked := d.resources[gv]
	if !asked {
		var err error
		list, err = d.discovery.ServerResourcesForGroupVersion(gv.String())
		if apierrors.IsNotFound(err) {
			list, err = nil, nil
		}
		if err != nil {
			klog.FromContext(d.ctx).V(2).Info("Failed to discover, asking again", "groupVersion", gv, "after", discoveryInterval, "err", err)
			d.failed = append(d.failed, gv)
			return false, false
		}
		d.resources[gv] = list
	}
	return list != nil && slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool {
		return r.Name == resource.Resource
	}), true
}
