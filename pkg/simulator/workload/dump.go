// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
)

const (
	readingDump = "reading dump"
	dumpCommand = "kubectl get nodes,pods -A -o json"
)

// ReadDump reads a cluster as it is, from what this command prints:
//
//	kubectl get nodes,pods -A -o json
//
// One List of nodes and pods, or a NodeList and a PodList one after the other,
// also in YAML. Objects of other kinds are left out.
//
//   - Nodes are Workload.Nodes, without what is of no use to a scheduler. Virtual
//     nodes are left out, and so are their pods.
//   - Pods that have succeeded, failed, or are being deleted are left out, and
//     so are those of a node that is not there: it went while the dump was made.
//   - A pod of a DaemonSet is not a pod of the workload: the newest pod of each,
//     without what ties it to its node, is in Workload.DaemonSets.
//   - Mirror pods, those of static manifests, stay on their node to the end.
//   - Bound pods run on their node from the beginning, and their status says
//     since when they have been there.
//   - Pods that wait for a node arrive at 0.
//
// What comes next is made up, since a dump does not say. Each bound pod with a
// controller ends Options.Restarts times within the horizon, at random times,
// and the next of its name (<name>-r1, <name>-r2, ...) arrives at that instant,
// without a node. All else runs to the horizon. The times depend on the seed and
// on the pod's namespace and name alone, so that the same pod ends at the same
// time with another pod more or less in the dump.
//
// Volumes, TLS declarations, scheduling gates and schedulerName are left out.
// The pods of one name share containers and affinity: nobody may change those.
//
// name is the file's, for errors and for Pod.Source. Unless everything is right
// there is no workload, and an error that names each fault with its object.
func ReadDump(name string, r io.Reader, options Options) (*Workload, error) {
	data, err := readAll(readingDump, name, r)
	if err != nil {
		return nil, err
	}
	docs, err := documents(name, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", readingDump, err)
	}
	return dump(name, docs, options)
}

func dump(name string, docs []object, options Options) (*Workload, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", readingDump, name, err)
	}
	d := &cluster{
		file: name, options: options, nodes: map[string]*corev1.Node{}, pods: map[types.NamespacedName]*dumpedPod{},
		uids: map[types.UID]string{}, names: names{}, daemonSets: map[string]*corev1.Pod{},
		joining: map[string]bool{}, virtual: map[string]bool{},
	}
	for i, doc := range docs {
		at := name + ": "
		if len(docs) > 1 {
			at = fmt.Sprintf("%s: object %d: ", name, i+1)
		}
		d.document(at, doc)
	}
	d.checkContent()
	if d.any() {
		return nil, d.err(readingDump)
	}
	return d.workload(), nil
}

// document reads a list, or an object that stands alone.
func (d *cluster) document(at string, doc object) {
	var head metav1.TypeMeta
	raw, err := json.Marshal(object{"apiVersion": orNull(doc["apiVersion"]), "kind": orNull(doc["kind"])})
	if err == nil {
		err = decode(raw, &head)
	}
	if err != nil {
		d.add("%skind: %v", at, err)
		return
	}
	itemKind := ""
	switch head.Kind {
	case "List":
	case "NodeList", "PodList":
		itemKind = strings.TrimSuffix(head.Kind, "List")
	case "Node", "Pod":
		if raw, err = json.Marshal(doc); err != nil {
			d.add("%s%v", at, err)
			return
		}
		d.item(at, raw, head.Kind)
		return
	case "":
		d.add("%skind is missing; want List, NodeList or PodList: take nodes and pods with: %s", at, dumpCommand)
		return
	default:
		var items []json.RawMessage
		if json.Unmarshal(doc["items"], &items) != nil || !strings.HasSuffix(head.Kind, "List") {
			items = make([]json.RawMessage, 1)
		}
		d.others += len(items)
		return
	}
	doc.unknownFields(&d.faults, strings.TrimSuffix(at, ": "), "apiVersion", "kind", "metadata", "items")
	for i, raw := range doc.list(&d.faults, strings.TrimSuffix(at, ": "), "items") {
		d.item(fmt.Sprintf("%sitems[%d]", at, i), raw, itemKind)
	}
}

func orNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("null")
	}
	return raw
}

// item reads a node or a pod. kind is that of the list, "" if it does not say:
// then, and in what kubectl prints, items say theirs.
func (d *cluster) item(at string, raw json.RawMessage, kind string) {
	var head metav1.PartialObjectMetadata
	if err := decode(raw, &head); err != nil {
		d.add("%s: %v", at, err)
		return
	}
	at = strings.TrimSuffix(at, ": ")
	what := fmt.Sprintf("%s (%s %s)", at, head.Kind, klog.KObj(&head))
	switch {
	case head.Kind == "" && kind != "":
		what = fmt.Sprintf("%s (%s %s)", at, kind, klog.KObj(&head))
	case head.Kind == "":
		d.add("%s: kind is missing; want Node or Pod", at)
		return
	case kind == "" && head.APIVersion != "" && (head.Kind != "Node" && head.Kind != "Pod" || head.APIVersion != "v1"):
		d.others++
		return
	case head.Kind != "Node" && head.Kind != "Pod" || head.APIVersion != "v1" || kind != "" && kind != head.Kind:
		d.add("%s: %s of %s is not read; take nodes and pods with: %s", what, head.Kind, orNone(head.APIVersion), dumpCommand)
		return
	default:
		kind = head.Kind
	}
	if head.Name == "" {
		d.add("%s: metadata.name is missing", at)
		return
	}
	if kind == "Node" {
		d.readNode(what, head.Name, raw)
	} else {
		d.readPod(what, raw)
	}
}

func orNone(s string) string {
	if s == "" {
		return "no apiVersion"
	}
	return s
}

// checkContent checks that there is something to simulate.
func (d *cluster) checkContent() {
	if d.any() {
		return
	}
	with := ""
	if d.others > 0 && len(d.pods) == 0 {
		with = fmt.Sprintf(", only %d objects of other kinds", d.others)
	}
	switch {
	case len(d.nodes) > 0 && len(d.nodes) == len(d.virtual):
		d.add("%s has virtual nodes only, and no machine to simulate; take the dump of a cluster with nodes", d.file)
	case len(d.joining) > 0 && len(d.nodes) == len(d.joining)+len(d.virtual):
		d.add("%s has no node with cpu, memory and pods in status.allocatable; take nodes and pods with: %s", d.file, dumpCommand)
	case len(d.nodes) == 0:
		d.add("%s has no nodes%s; take nodes and pods with: %s", d.file, with, dumpCommand)
	case len(d.pods) == 0:
		d.add("%s has no pods; take nodes and pods with: %s", d.file, dumpCommand)
	case d.allGone():
		d.add("%s has none of the nodes that its pods are bound to; take nodes and pods at once, with: %s", d.file, dumpCommand)
	}
}

// isGone reports whether the pod is bound to a node that is not there.
func (d *cluster) isGone(pod *corev1.Pod) bool {
	return pod.Spec.NodeName != "" && d.nodes[pod.Spec.NodeName] == nil
}

// allGone reports whether all pods that would be simulated are bound to nodes
// that are not there.
func (d *cluster) allGone() bool {
	gone := false
	for _, p := range d.pods {
		if podutil.IsPodTerminal(p.Pod) || p.DeletionTimestamp != nil {
			continue
		}
		if !d.isGone(p.Pod) {
			return false
		}
		gone = true
	}
	return gone
}

// sorted returns the pods by namespace and name, whatever their order in the
// file.
func (d *cluster) sorted() []*dumpedPod {
	list := make([]*dumpedPod, 0, len(d.pods))
	for _, p := range d.pods {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *dumpedPod) int { return strings.Compare(a.key(), b.key()) })
	return list
}
