// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	fieldManager = "tollgate-sandbox"

	// applyPatience bounds how long a new CRD may take to be served.
	applyPatience = time.Minute
	applyInterval = 100 * time.Millisecond
)

// Apply builds a kustomization and applies it server-side, taking over fields
// that others manage: Namespaces and CustomResourceDefinitions first, then,
// once those are Established, the rest in kustomize's order. Objects without a
// namespace go to the default one. All objects are tried; the error joins the
// failures.
func (s *Sandbox) Apply(ctx context.Context, kustomizeDir string) error {
	objects, err := build(kustomizeDir)
	if err != nil {
		return err
	}
	a, err := newApplier(s)
	if err != nil {
		return err
	}
	var first, rest []*unstructured.Unstructured
	for _, obj := range objects {
		switch obj.GroupVersionKind().GroupKind() {
		case namespaceKind, crdKind:
			first = append(first, obj)
		default:
			rest = append(rest, obj)
		}
	}
	if err := a.applyAll(ctx, first); err != nil {
		return fmt.Errorf("applying %s: %w", kustomizeDir, err)
	}
	for _, obj := range first {
		if obj.GroupVersionKind().GroupKind() == crdKind {
			if err := a.waitEstablished(ctx, obj.GetName()); err != nil {
				return fmt.Errorf("applying %s: %w", kustomizeDir, err)
			}
			if err := a.waitDiscovered(ctx, obj); err != nil {
				return fmt.Errorf("applying %s: %w", kustomizeDir, err)
			}
		}
	}
	if err := a.applyAll(ctx, rest); err != nil {
		return fmt.Errorf("applying %s: %w", kustomizeDir, err)
	}
	return nil
}

var (
	namespaceKind = schema.GroupKind{Kind: "Namespace"}
	crdKind       = schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}
	crdResource   = schema.GroupVersionResource{Group: crdKind.Group, Version: "v1", Resource: "customresourcedefinitions"}
)

// build runs kustomize on dir.
func build(dir string) ([]*unstructured.Unstructured, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, fmt.Errorf("building kustomization %s: %w", dir, err)
	}
	var objects []*unstructured.Unstructured
	for _, resource := range resources.Resources() {
		data, err := resource.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("building kustomization %s: encoding %s: %w", dir, resource.CurId(), err)
		}
		obj := &unstructured.Unstructured{}
		if err := obj.UnmarshalJSON(data); err != nil {
			return nil, fmt.Errorf("building kustomization %s: decoding %s: %w", dir, resource.CurId(), err)
		}
		objects = append(objects, obj)
	}
	return objects, nil
}

// applier applies objects of any kind that the API server serves.
type applier struct {
	client dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

func newApplier(s *Sandbox) (*applier, error) {
	client, err := dynamic.NewForConfig(s.config)
	if err != nil {
		return nil, fmt.Errorf("creating a client: %w", err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(s.config)
	if err != nil {
		return nil, fmt.Errorf("creating a discovery client: %w", err)
	}
	return &applier{client: client, mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco))}, nil
}

func (a *applier) applyAll(ctx context.Context, objects []*unstructured.Unstructured) error {
	var errs []error
	for _, obj := range objects {
		if err := a.apply(ctx, obj); err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", obj.GetKind(), name(obj), err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// apply retries while the object's kind is not served yet, which is how a
// custom resource fares right after its definition was Established.
func (a *applier) apply(ctx context.Context, obj *unstructured.Unstructured) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, applyInterval, applyPatience, true, func(ctx context.Context) (bool, error) {
		last = a.applyOnce(ctx, obj)
		if meta.IsNoMatchError(last) {
			a.mapper.Reset()
			return false, nil
		}
		if notServed(last) {
			return false, nil
		}
		return true, last
	})
	if last != nil {
		return last
	}
	return err
}

func (a *applier) applyOnce(ctx context.Context, obj *unstructured.Unstructured) error {
	gvk := obj.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return err
	}
	var client dynamic.ResourceInterface = a.client.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		namespace := obj.GetNamespace()
		if namespace == "" {
			namespace = corev1.NamespaceDefault
		}
		client = a.client.Resource(mapping.Resource).Namespace(namespace)
	}
	data, err := obj.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = client.Patch(ctx, obj.GetName(), types.ApplyPatchType, data,
		metav1.PatchOptions{FieldManager: fieldManager, Force: new(true)})
	return err
}

// waitEstablished waits until the API server serves a CRD.
func (a *applier) waitEstablished(ctx context.Context, name string) error {
	state := "it has no conditions"
	err := wait.PollUntilContextTimeout(ctx, applyInterval, applyPatience, true, func(ctx context.Context) (bool, error) {
		crd, err := a.client.Resource(crdResource).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		conditions, _, _ := unstructured.NestedSlice(crd.Object, "status", "conditions")
		for _, c := range conditions {
			condition, _ := c.(map[string]any)
			if condition["status"] == "False" {
				state = fmt.Sprintf("%v: %v", condition["reason"], condition["message"])
			}
			if condition["type"] == "Established" && condition["status"] == "True" {
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for CustomResourceDefinition %s to be established (%s): %w", name, state, err)
	}
	return nil
}

// waitDiscovered waits until discovery has the kind of a CRD, which may be a moment
// after it was Established: programs that look for it before end or go without.
func (a *applier) waitDiscovered(ctx context.Context, crd *unstructured.Unstructured) error {
	group, _, _ := unstructured.NestedString(crd.Object, "spec", "group")
	kind, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "kind")
	err := wait.PollUntilContextTimeout(ctx, applyInterval, applyPatience, true, func(context.Context) (bool, error) {
		_, err := a.mapper.RESTMapping(schema.GroupKind{Group: group, Kind: kind})
		if meta.IsNoMatchError(err) {
			a.mapper.Reset()
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return fmt.Errorf("waiting for kind %s of group %s to be discovered: %w", kind, group, err)
	}
	return nil
}

// notServed tells a missing endpoint from a missing object.
func notServed(err error) bool {
	return apierrors.IsNotFound(err) && strings.Contains(err.Error(), "the server could not find the requested resource")
}

func name(obj *unstructured.Unstructured) string {
	if obj.GetNamespace() == "" {
		return obj.GetName()
	}
	return obj.GetNamespace() + "/" + obj.GetName()
}
