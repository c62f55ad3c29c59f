// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/pager"
)

// active selects the pods that hold resources or wait for some.
const active = "status.phase!=Succeeded,status.phase!=Failed"

// FromCluster lists the nodes and the pods that have not finished.
func FromCluster(ctx context.Context, client kubernetes.Interface) (*Snapshot, error) {
	s := &Snapshot{}
	err := each(ctx, metav1.ListOptions{}, func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		return client.CoreV1().Nodes().List(ctx, o)
	}, func(obj runtime.Object) { s.Nodes = append(s.Nodes, obj.(*corev1.Node)) })
	if err != nil {
		return nil, fmt.Errorf("listing nodes: %w", err)
	}
	err = each(ctx, metav1.ListOptions{FieldSelector: active}, func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		return client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, o)
	}, func(obj runtime.Object) { s.Pods = append(s.Pods, obj.(*corev1.Pod)) })
	if err != nil {
		return nil, fmt.Errorf("listing pods of all namespaces: %w", err)
	}
	s.sort()
	return s, nil
}

// AddFor adds from the cluster what filters need to judge the pod beside nodes
// and pods. What may not be read or is not served is named in Notes.
func (s *Snapshot) AddFor(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod) error {
	for _, k := range kindsFor(client, pod) {
		var found []runtime.Object
		err := each(ctx, metav1.ListOptions{}, k.list, func(obj runtime.Object) { found = append(found, obj) })
		switch {
		case err == nil:
			s.Others = append(s.Others, found...)
		case apierrors.IsForbidden(err), apierrors.IsNotFound(err):
			s.Notes = append(s.Notes, fmt.Sprintf("%s could not be read, so filters that depend on them may be wrong: %v", k.name, err))
		default:
			return fmt.Errorf("listing %s: %w", k.name, err)
		}
	}
	return nil
}

type lister func(context.Context, metav1.ListOptions) (runtime.Object, error)

// kind is a list of objects of the cluster.
type kind struct {
	name string
	list lister
}

// kindsFor returns the kinds that the filters read for a pod like this one.
func kindsFor(client kubernetes.Interface, pod *corev1.Pod) []kind {
	core, storage, resource := client.CoreV1(), client.StorageV1(), client.ResourceV1()
	kinds := []kind{
		{"namespaces", func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return core.Namespaces().List(ctx, o)
		}},
	}
	if usesClaims(pod) {
		kinds = append(kinds,
			kind{"persistentvolumeclaims", func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return core.PersistentVolumeClaims(metav1.NamespaceAll).List(ctx, o)
			}},
			kind{"persistentvolumes", func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return core.PersistentVolumes().List(ctx, o)
			}},
			kind{"storageclasses", func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return storage.StorageClasses().List(ctx, o)
			}},
			kind{"csinodes", func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return storage.CSINodes().List(ctx, o)
			}},
			kind{"csidrivers", func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return storage.CSIDrivers().List(ctx, o)
			}},
			kind{"csistoragecapacities", func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return storage.CSIStorageCapacities(metav1.NamespaceAll).List(ctx, o)
			}},
		)
	}
	if len(pod.Spec.ResourceClaims) > 0 {
		kinds = append(kinds,
			kind{"resourceclaims", func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return resource.ResourceClaims(metav1.NamespaceAll).List(ctx, o)
			}},
			kind{"resourceslices", func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return resource.ResourceSlices().List(ctx, o)
			}},
			kind{"deviceclasses", func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return resource.DeviceClasses().List(ctx, o)
			}},
		)
	}
	return kinds
}

func usesClaims(pod *corev1.Pod) bool {
	for i := range pod.Spec.Volumes {
		if v := &pod.Spec.Volumes[i]; v.PersistentVolumeClaim != nil || v.Ephemeral != nil {
			return true
		}
	}
	return false
}

// each calls add for every object, in the order of the API.
func each(ctx context.Context, o metav1.ListOptions, list lister, add func(runtime.Object)) error {
	p := pager.New(pager.ListPageFunc(list))
	return p.EachListItem(ctx, o, func(obj runtime.Object) error {
		m, err := meta.Accessor(obj)
		if err != nil {
			return err
		}
		m.SetManagedFields(nil) // nobody reads them, and they are half of an object
		add(obj)
		return nil
	})
}
