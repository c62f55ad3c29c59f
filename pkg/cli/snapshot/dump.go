// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
)

// Parse reads what "kubectl get nodes,pods -A -o json" (or yaml) writes: one
// list, or several documents. Objects that no filter reads are left out.
func Parse(r io.Reader) (*Snapshot, error) {
	s := &Snapshot{}
	seen := map[string]bool{}
	docs := utilyaml.NewYAMLReader(bufio.NewReader(r))
	count := 0
	for {
		doc, err := docs.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading document %d: %w", count+1, err)
		}
		if len(bytes.TrimSpace(doc)) == 0 {
			continue
		}
		count++
		if err := s.addDocument(doc, seen); err != nil {
			return nil, fmt.Errorf("reading document %d: %w", count, err)
		}
	}
	if count == 0 {
		return nil, errors.New("it is empty")
	}
	s.sort()
	return s, nil
}

func (s *Snapshot) addDocument(doc []byte, seen map[string]bool) error {
	obj, _, err := scheme.Codecs.UniversalDeserializer().Decode(doc, nil, nil)
	if err != nil {
		return fmt.Errorf("decoding it as objects of Kubernetes: %w", err)
	}
	if !meta.IsListType(obj) {
		return s.add(obj, seen)
	}
	items, err := meta.ExtractList(obj)
	if err != nil {
		return fmt.Errorf("decoding items: %w", err)
	}
	for i, item := range items {
		if raw, ok := item.(*runtime.Unknown); ok {
			item, _, err = scheme.Codecs.UniversalDeserializer().Decode(raw.Raw, nil, nil)
			if runtime.IsNotRegisteredError(err) {
				continue // a custom resource
			}
			if err != nil {
				return fmt.Errorf("decoding item %d: %w", i, err)
			}
		}
		if err := s.add(item, seen); err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
	}
	return nil
}

func (s *Snapshot) add(obj runtime.Object, seen map[string]bool) error {
	switch obj.(type) {
	case *corev1.Node, *corev1.Pod, *corev1.Namespace, *corev1.PersistentVolumeClaim, *corev1.PersistentVolume,
		*storagev1.StorageClass, *storagev1.CSINode, *storagev1.CSIDriver, *storagev1.CSIStorageCapacity,
		*resourcev1.ResourceClaim, *resourcev1.ResourceSlice, *resourcev1.DeviceClass:
	default:
		return nil
	}
	m, err := meta.Accessor(obj)
	if err != nil {
		return err
	}
	if m.GetName() == "" {
		return fmt.Errorf("a %T has no name", obj)
	}
	key := fmt.Sprintf("%T %s/%s", obj, m.GetNamespace(), m.GetName())
	if seen[key] {
		return fmt.Errorf("%s is there twice", key)
	}
	seen[key] = true
	switch obj := obj.(type) {
	case *corev1.Node:
		s.Nodes = append(s.Nodes, obj)
	case *corev1.Pod:
		if obj.Namespace == "" {
			obj.Namespace = corev1.NamespaceDefault
		}
		if obj.UID == "" { // written by hand; a scheduler tells pods by it
			obj.UID = types.UID(obj.Namespace + "/" + obj.Name)
		}
		s.Pods = append(s.Pods, obj)
	default:
		s.Others = append(s.Others, obj)
	}
	return nil
}
