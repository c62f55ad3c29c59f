// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// round is one writing of a group, as it was when it began.
type round struct {
	shared, alone []*wish
	carrier       *v1alpha1.TLSCertificate
	stale         map[types.UID]*v1alpha1.TLSCertificate
	all           map[types.UID]*wish
	// seek: objects of an earlier process are to be looked for.
	seek bool
}

// begin takes what has to be written.
func (b *batch) begin(namespace string) round {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.group(namespace)
	r := round{carrier: g.carrier, stale: g.stale, all: maps.Clone(g.wishes), seek: !g.sought}
	g.dirty, g.sought, g.stale = false, true, map[types.UID]*v1alpha1.TLSCertificate{}
	oldest := slices.SortedFunc(maps.Values(g.wishes), func(a, b *wish) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.cert.UID, b.cert.UID))
	})
	n := 0
	for _, w := range oldest {
		if w.alone {
			r.alone = append(r.alone, w)
		} else if n += len(w.challenges); n <= maxShared || len(r.shared) == 0 {
			r.shared = append(r.shared, w)
		}
	}
	return r
}

// flush makes the objects of a namespace lead here what is wished for, and no more.
func (o *Objects) flush(ctx context.Context, namespace string) error {
	b := &o.batch
	r := b.begin(namespace)
	var errs []error
	failed := map[*wish]error{}
	refused, err := o.flushShared(ctx, &r)
	if err != nil {
		errs = append(errs, err)
		for _, w := range r.shared {
			failed[w] = err
		}
	}
	for _, w := range r.alone {
		if w.done {
			continue
		}
		if err := o.presentNow(ctx, w.cert, w.challenges); err != nil {
			errs, failed[w] = append(errs, err), err
		}
	}
	for uid, cert := range r.stale {
		if r.all[uid] != nil && r.all[uid].alone || r.carrier != nil && r.carrier.UID == uid {
			delete(r.stale, uid) // it has objects that are needed
		} else if err := o.removeNow(ctx, cert); err != nil {
			errs = append(errs, err)
		} else {
			delete(r.stale, uid)
		}
	}
	b.end(namespace, r, refused, failed, len(errs) > 0)
	return errors.Join(errs...)
}

// flushShared writes the shared objects. refused says that somebody refuses what they say together.
func (o *Objects) flushShared(ctx context.Context, r *round) (refused bool, err error) {
	if r.carrier != nil && len(r.shared) > 0 {
		exists, err := o.exists(ctx, r.carrier)
		if err != nil {
			return false, err
		}
		if !exists { // the garbage collector removes what was its
			o.batch.drop(r)
			r.stale[r.carrier.UID], r.carrier = r.carrier, nil
			if len(r.shared) == 0 {
				return false, nil
			}
		}
	}
	if len(r.shared) == 0 {
		if r.carrier == nil {
			return false, nil
		}
		if err := o.removeNow(ctx, r.carrier); err != nil {
			return false, err
		}
		r.carrier = nil
		return false, nil
	}
	if r.carrier == nil && r.seek {
		if r.carrier, err = o.inherited(ctx, r); err != nil {
			return false, err
		}
	}
	if r.carrier == nil {
		r.carrier = r.shared[0].cert
	}
	var all []Challenge
	for _, w := range r.shared {
		all = append(all, w.challenges...)
	}
	err = o.presentNow(ctx, r.carrier, all)
	if len(r.shared) > 1 && (apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err)) {
		klog.FromContext(ctx).Info("Leading the http-01 challenges of each TLSCertificate here by objects of its own, since those for all are refused",
			"namespace", r.carrier.Namespace, "reason", err.Error())
		r.stale[r.carrier.UID], r.carrier = r.carrier, nil
		return true, nil
	}
	return false, err
}

// drop takes the wish of the carrier out of a round, and away.
func (b *batch) drop(r *round) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.group(r.carrier.Namespace).wishes, r.carrier.UID)
	delete(r.all, r.carrier.UID)
	r.shared = slices.DeleteFunc(r.shared, func(w *wish) bool { return w.cert.UID == r.carrier.UID })
}

// inherited returns the TLSCertificate whose objects were shared when the process of before ended: the same are written again, since
// ingress controllers refuse a path that is led twice. Those of an issuance that has not said yet what it needs are its own.
func (o *Objects) inherited(ctx context.Context, r *round) (*v1alpha1.TLSCertificate, error) {
	var services corev1.ServiceList
	err := o.Reader.List(ctx, &services, client.InNamespace(r.shared[0].cert.Namespace),
		client.MatchingLabels{v1alpha1.ManagedLabel: "true"}, client.HasLabels{v1alpha1.IssuanceLabel})
	if err != nil {
		return nil, fmt.Errorf("listing Services: %w", err)
	}
	for i := range services.Items {
		s := &services.Items[i]
		cert, ok := carrierOf(s)
		if !ok || r.all[cert.UID] == nil && o.batch.orders.Pending(cert.UID) || r.all[cert.UID] != nil && r.all[cert.UID].alone {
			continue
		}
		if exists, err := o.exists(ctx, cert); err != nil || exists {
			return cert, err
		}
	}
	return nil, nil
}

// carrierOf returns the TLSCertificate that a Service was made for; ok is false if it was not made by us.
func carrierOf(s *corev1.Service) (cert *v1alpha1.TLSCertificate, ok bool) {
	owner := metav1.GetControllerOfNoCopy(s)
	if owner == nil {
		return nil, false
	}
	cert = &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{
		Namespace: s.Namespace, Name: owner.Name, UID: types.UID(s.Labels[v1alpha1.IssuanceLabel]),
	}}
	return cert, owner.UID == cert.UID && Name(cert) == s.Name
}

// exists reports whether a TLSCertificate is there and stays.
func (o *Objects) exists(ctx context.Context, cert *v1alpha1.TLSCertificate) (bool, error) {
	got := &v1alpha1.TLSCertificate{}
	err := o.Reader.Get(ctx, client.ObjectKeyFromObject(cert), got)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading TLSCertificate %s/%s: %w", cert.Namespace, cert.Name, err)
	}
	return got.UID == cert.UID && got.DeletionTimestamp == nil, nil
}

// end notes what came of a round, and wakes those whose wishes are fulfilled.
func (b *batch) end(namespace string, r round, refused bool, failed map[*wish]error, again bool) {
	b.mu.Lock()
	g := b.group(namespace)
	now := b.clock.Now()
	g.carrier, g.next, g.written = r.carrier, now.Add(together), now
	maps.Copy(g.stale, r.stale)
	var fulfilled []*wish
	for _, w := range slices.Concat(r.shared, r.alone) {
		switch err := failed[w]; {
		case err != nil:
			w.done, w.err = false, err
			fulfilled = append(fulfilled, w) // to be told
		case refused && !w.alone:
			w.done, w.alone, g.dirty = false, true, true
		case !w.done:
			w.done = true
			fulfilled = append(fulfilled, w)
		}
	}
	if len(r.shared)+len(r.alone) < len(r.all) {
		g.dirty = true // there was no room for all
	}
	if again || len(g.stale) > 0 {
		g.dirty, g.next = true, now.Add(heartbeat)
	}
	if !g.dirty && len(g.wishes) == 0 && g.carrier == nil {
		delete(b.groups, namespace)
	}
	wake := b.wake
	b.mu.Unlock()
	if wake == nil {
		return
	}
	for _, w := range fulfilled {
		wake(w.cert.Namespace, w.cert.Name)
	}
}
