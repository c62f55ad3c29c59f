// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podcertificates

import (
	"cmp"
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// workloads groups the asks, which are given the oldest pod first, by workload; the workload
// of the oldest pod comes first. Left out are workloads that do not exist any more: a
// TLSCertificate made for one would be deleted at once, and made again, until its last pod is gone.
func (r *reconciler) workloads(ctx context.Context, cert *v1alpha1.TLSCertificate, asks []ask) ([]*workload, error) {
	var all []*workload
	byUID := map[types.UID]*workload{}
	for _, a := range asks {
		owner, err := r.owners.of(ctx, a.pod)
		if err != nil {
			return nil, err
		}
		w := byUID[owner.UID]
		if w == nil {
			w = &workload{owner: owner}
			byUID[owner.UID] = w
			all = append(all, w)
		}
		w.asks = append(w.asks, a)
	}
	var existing []*workload
	for _, w := range all {
		if !owns(cert, w) {
			exists, err := r.owners.exist(ctx, asks[0].pod.Namespace, &w.owner)
			if err != nil {
				return nil, err
			}
			if !exists {
				continue
			}
		}
		if err := r.newestLast(ctx, w); err != nil {
			return nil, err
		}
		existing = append(existing, w)
	}
	return existing, nil
}

// newestLast sorts the asks of a workload whose pods disagree: by the revision of the
// Deployment's ReplicaSet, then by age. Age alone would not do, since a pod of the old
// ReplicaSet may be replaced in the middle of a rollout.
func (r *reconciler) newestLast(ctx context.Context, w *workload) error {
	first := w.asks[0].request
	if !slices.ContainsFunc(w.asks, func(a ask) bool { return !same(a.request, first) }) {
		return nil
	}
	revisions := map[types.UID]int64{}
	for _, a := range w.asks {
		controller := metav1.GetControllerOf(a.pod)
		if controller == nil {
			continue
		}
		if _, ok := revisions[controller.UID]; ok {
			continue
		}
		revision, err := r.owners.revision(ctx, a.pod.Namespace, controller)
		if err != nil {
			return err
		}
		revisions[controller.UID] = revision
	}
	of := func(a ask) int64 {
		if controller := metav1.GetControllerOf(a.pod); controller != nil {
			return revisions[controller.UID]
		}
		return 0
	}
	slices.SortFunc(w.asks, func(a, b ask) int { return cmp.Or(cmp.Compare(of(a), of(b)), byAge(a, b)) })
	return nil
}
