// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bytes"
	"encoding/json"
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

	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// Parse reads what "kubectl get nodes,pods -A -o json" (or yaml) writes, packed
// with gzip or not: one list, or several documents. Objects that no filter reads
// are left out.
func Parse(r io.Reader) (*Snapshot, error) {
	unpacked, err := workload.Unpack(r)
	if err != nil {
		return nil, fmt.Errorf("unpacking it: %w", err)
	}
	s := &Snapshot{}
	seen := map[string]bool{}
	docs := utilyaml.NewYAMLReader(unpacked)
	count := 0
	for {
		doc, err := docs.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New("it ends within the packed data; write it again in full")
		}
		if err != nil {
			return nil, fmt.Errorf("reading document %d: %w", count+1, err)
		}
		if len(bytes.TrimSpace(doc)) == 0 {
			continue
		}
		for _, object := range objects(doc) {
			count++
			if err := s.addDocument(object, seen); err != nil {
				return nil, fmt.Errorf("reading document %d: %w", count, err)
			}
		}
	}
	if count == 0 {
		return nil, errors.New("it is empty")
	}
	s.sort()
	return s, nil
}

// objects splits a document that is several JSON objects, one after the other.
func objects(doc []byte) [][]byte {
	if !bytes.HasPrefix(bytes.TrimSpace(doc), []byte("{")) {
		return [][]byte{doc}
	}
	var all [][]byte
	for d := json.NewDecoder(bytes.NewReader(doc)); ; {
		var object json.RawMessage
		switch err := d.Decode(&object); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			return [][]byte{doc} // who decodes it says what is wrong
		}
		all = append(all, object)
	}
}

func (s *Snapshot) addDocument(doc []byte, seen map[string]bool) error {
	obj, _, err := scheme.Codecs.UniversalDeserializer().Decode(doc, nil, nil)
	switch {
	case runtime.IsNotRegisteredError(err):
		return nil // a custom resource
	case runtime.IsMissingKind(err), runtime.IsMissingVersion(err): // whose message is all of the document
		return errors.New("apiVersion or kind is missing; want a List, NodeList or PodList")
	case err != nil:
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
			if runtime.IsMissingKind(err) || runtime.IsMissingVersion(err) {
				return fmt.Errorf("item %d: apiVersion or kind is missing", i)
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
