// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

const allocatable = `"allocatable":{"cpu":"4","memory":"8Gi","pods":"110"}`

func node(name string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Node","metadata":{"name":%q,"labels":{"l":"v"},"annotations":{"a":"v"},"creationTimestamp":"2026-01-01T00:00:00Z","managedFields":[{}]},
		"spec":{"providerID":"aws:///x","taints":[{"key":"t","effect":"NoSchedule"}],"podCIDR":"10.0.0.0/24"},
		"status":{%s,"capacity":{"cpu":"4"},"images":[{"names":["i"]}],"conditions":[{"type":"Ready","status":"True","lastHeartbeatTime":"2026-01-02T00:00:00Z"}]}}`, name, allocatable)
}

// pod is one with metadata, spec and status beside the least there is.
func pod(name, meta, spec, status string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"ns","name":%q%s},"spec":{"containers":[{"name":"c"}]%s},"status":{%s}}`, name, meta, spec, status)
}

func controller(kind string) string {
	return fmt.Sprintf(`,"ownerReferences":[{"apiVersion":"apps/v1","kind":%q,"name":"owner","uid":"u","controller":true}]`, kind)
}

const onN = `,"nodeName":"n"`

func list(items ...string) string {
	return `{"apiVersion":"v1","kind":"List","metadata":{},"items":[` + strings.Join(items, ",") + `]}`
}

func readDump(t *testing.T, in string, options workload.Options) *workload.Workload {
	t.Helper()
	w, err := workload.ReadDump("f.json", strings.NewReader(in), options)
	if err != nil {
		t.Fatal(err)
	}
	mustCheck(t, w)
	return w
}

func TestReadDump(t *testing.T) {
	in := list(node("n"),
		pod("bare", `,"labels":{"commit":"123e4567"}`, onN, ""), // no quantity
		pod("pending", controller("ReplicaSet"), `,"schedulerName":"x","schedulingGates":[{"name":"g"}]`, ""),
		pod("mirror", `,"annotations":{"kubernetes.io/config.mirror":"x"}`+controller("Node"), onN, ""),
		pod("done", "", `,"nodeName":"gone"`, `"phase":"Succeeded"`),
		pod("failed", "", onN, `"phase":"Failed"`),
		pod("deleted", `,"deletionTimestamp":"2026-01-01T00:00:00Z"`, onN, ""),
		pod("web", `,"annotations":{"tollgate.dev/tls-requirements":"[]"}`+controller("ReplicaSet"),
			onN+`,"volumes":[{"name":"t","projected":{"sources":[{"serviceAccountToken":{"path":"t"}}]}},{"name":"c","configMap":{"name":"c"}}]`,
			`"startTime":"2026-01-01T10:00:00Z","podIP":"10.0.0.1","conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2026-01-03T00:00:00Z"},{"type":"PodScheduled","status":"True","lastTransitionTime":"2026-01-01T09:00:00Z"}]`),
	)
	w := readDump(t, in, workload.Options{Restarts: -1, Horizon: time.Hour})
	if want := "ns/bare@n 0s+1h0m0s\nns/mirror@n 0s+1h0m0s\nns/pending 0s+1h0m0s\nns/web@n 0s+1h0m0s\n"; lines(w) != want {
		t.Errorf("got\n%swant\n%s", lines(w), want)
	}
	if want := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC); w.Start != want {
		t.Errorf("begins at %s, want %s", w.Start, want)
	}
	if !w.Pods[1].IsMirror() || w.Pods[3].IsMirror() || w.Pods[3].Object.OwnerReferences == nil {
		t.Error("one is not told as a mirror pod, or another is, or has lost its owner")
	}
	web := w.Pods[3].Object
	if web.Annotations != nil || len(web.Status.Conditions) != 1 || web.Status.Conditions[0].Type != corev1.PodScheduled ||
		web.Status.Conditions[0].LastTransitionTime.Hour() != 9 || web.Status.StartTime.Hour() != 10 || web.Status.PodIP != "" {
		t.Errorf("got %+v", web)
	}
	n := w.Nodes[0]
	if len(w.Nodes) != 1 || n.Labels["l"] != "v" || n.Annotations["a"] != "v" || n.Spec.ProviderID != "aws:///x" || len(n.Spec.Taints) != 1 || n.CreationTimestamp.IsZero() ||
		n.Status.Allocatable.Cpu().String() != "4" || n.Status.Capacity.Cpu().String() != "4" || n.Status.Images != nil || n.ManagedFields != nil || n.Spec.PodCIDR != "" {
		t.Errorf("got %+v", n)
	}
	want := []string{
		"Pods that have succeeded or failed are not simulated; there are 2.",
		"Pods that are being deleted are not simulated; there are 1.",
		"Volumes of ConfigMaps, Secrets and node directories are not simulated; 1 pods have some.",
		"Certificates are taken as ready; 1 pods declare that they need some.",
		"Scheduling gates are taken as lifted; 1 pods have some.",
	}
	if diff := cmp.Diff(want, w.LeftOut); diff != "" {
		t.Errorf("LeftOut (-want, +got):\n%s", diff)
	}
}

// A node that does not say its size, as one that is still joining, is no reason
// to refuse the rest of the cluster.
func TestReadDumpNodeWithoutAllocatable(t *testing.T) {
	for _, says := range []string{``, `"capacity":{"cpu":"4"},`, `"allocatable":{},"capacity":{"cpu":"4"},`, `"allocatable":{"pods":"110"},`, `"allocatable":{"cpu":"4","memory":"0","pods":"110"},`} {
		joining := strings.Replace(node("new"), allocatable+`,"capacity":{"cpu":"4"},`, says, 1)
		onNew := strings.Replace(pod("agent", "", onN, ""), `"nodeName":"n"`, `"nodeName":"new"`, 1)
		w := readDump(t, list(node("n"), joining, pod("web", "", onN, ""), onNew), workload.Options{Restarts: -1})
		if len(w.Nodes) != 1 || w.Nodes[0].Name != "n" || len(w.Pods) != 1 || w.Pods[0].Object.Name != "web" {
			t.Errorf("with %q: got %d nodes and\n%s", says, len(w.Nodes), lines(w))
		}
		if want := "Nodes without cpu, memory or pods in status.allocatable are not simulated, nor is what was bound to them; there are 1, with 1 pods."; !slices.Contains(w.LeftOut, want) {
			t.Errorf("with %q: LeftOut %q lacks %q", says, w.LeftOut, want)
		}
	}
}

// A virtual node is no machine: nobody buys another one like it.
func TestReadDumpVirtualNode(t *testing.T) {
	byTaint := strings.Replace(node("vk"), `"key":"t"`, `"key":"virtual-kubelet.io/provider","value":"azure"`, 1)
	byLabel := strings.Replace(node("vl"), `"l":"v"`, `"type":"virtual-kubelet"`, 1)
	onVirtual := strings.Replace(pod("burst", controller("ReplicaSet"), onN, ""), `"nodeName":"n"`, `"nodeName":"vk"`, 1)
	agent := strings.Replace(pod("agent", controller("DaemonSet"), onN, ""), `"nodeName":"n"`, `"nodeName":"vl"`, 1)
	w := readDump(t, list(node("n"), byTaint, byLabel, pod("web", "", onN, ""), onVirtual, agent), workload.Options{Restarts: -1})
	if len(w.Nodes) != 1 || w.Nodes[0].Name != "n" || len(w.Pods) != 1 || w.Pods[0].Object.Name != "web" || len(w.DaemonSets) != 0 {
		t.Errorf("got %d nodes, %d DaemonSets and\n%s", len(w.Nodes), len(w.DaemonSets), lines(w))
	}
	if want := "Virtual nodes are no machines that can be bought; they and what is bound to them are not simulated: there are 2, with 2 pods."; !slices.Contains(w.LeftOut, want) {
		t.Errorf("LeftOut %q lacks %q", w.LeftOut, want)
	}
}

// A dump without annotations, which may hold secrets, tells mirror pods by their
// owner. They keep it.
func TestReadDumpMirrorPods(t *testing.T) {
	w := readDump(t, list(node("n"), pod("a", controller("Node"), onN, ""), pod("b", `,"annotations":{"kubernetes.io/config.mirror":"x"}`, onN, ""),
		pod("c", controller("ReplicaSet"), onN, "")), workload.Options{})
	for i, want := range []bool{true, true, false} {
		if p := &w.Pods[i]; p.IsMirror() != want {
			t.Errorf("pod %s: is a mirror pod: %t, want %t", p.Object.Name, p.IsMirror(), want)
		}
	}
	if want := "ns/a@n 0s+24h0m0s\nns/b@n 0s+24h0m0s\n"; !strings.HasPrefix(lines(w), want) {
		t.Errorf("got\n%swant first\n%s", lines(w), want)
	}
}

// Between the list of the nodes and that of the pods a node may go.
func TestReadDumpGoneNode(t *testing.T) {
	gone := pod("gone", controller("ReplicaSet"), `,"nodeName":"m"`, "")
	w := readDump(t, list(node("n"), gone, pod("web", "", onN, ""), pod("agent", controller("DaemonSet"), `,"nodeName":"m"`, "")), workload.Options{})
	if len(w.Pods) != 1 || w.Pods[0].Object.Name != "web" || len(w.DaemonSets) != 0 {
		t.Errorf("got %d DaemonSets and\n%s", len(w.DaemonSets), lines(w))
	}
	if want := "Pods bound to a node that is not in the file are not simulated; there are 2."; !slices.Contains(w.LeftOut, want) {
		t.Errorf("LeftOut %q lacks %q", w.LeftOut, want)
	}
	pending := readDump(t, list(node("n"), gone, pod("web", "", "", "")), workload.Options{})
	if len(pending.Pods) != 1 {
		t.Errorf("got\n%s", lines(pending))
	}
}

func TestReadDumpOtherKinds(t *testing.T) {
	service := `{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"ns","name":"s"}}`
	metrics := `{"apiVersion":"metrics.k8s.io/v1beta1","kind":"Node","metadata":{"name":"n"}}`
	w := readDump(t, list(node("n"), service, pod("p", "", onN, ""), metrics)+service+`{"kind":"WidgetList","apiVersion":"x/v1","items":[{},{}]}`, workload.Options{})
	if len(w.Pods) != 1 || len(w.Nodes) != 1 {
		t.Errorf("got %d nodes and\n%s", len(w.Nodes), lines(w))
	}
	if want := "Objects other than nodes and pods are not read; there are 5."; !slices.Contains(w.LeftOut, want) {
		t.Errorf("LeftOut %q lacks %q", w.LeftOut, want)
	}
}

func TestReadDumpRestarts(t *testing.T) {
	web, bare, job := pod("web", controller("ReplicaSet"), onN, ""), pod("bare", "", onN, ""), pod("job", controller("Job"), onN, "")
	taken := pod("web-r1", "", onN, "")
	w := readDump(t, list(node("n"), web, bare, job, taken), workload.Options{Seed: 1})
	at := map[string]workload.Pod{}
	for _, p := range w.Pods {
		at[p.Object.Name] = p
	}
	first, next := at["web"], at["web-r1-2"]
	if len(w.Pods) != 6 || first.Lifetime != next.Arrives || next.Arrives+next.Lifetime != 24*time.Hour || next.Object.Spec.NodeName != "" || next.Object.OwnerReferences == nil {
		t.Errorf("got\n%s", lines(w))
	}
	if at["job"].Lifetime == first.Lifetime {
		t.Error("two pods end at the same time")
	}
	if got := w.LeftOut[0]; got != "What the cluster does next is not known: 2 bound pods with a controller are created anew within 24h0m0s, once each, and no others come or go." {
		t.Errorf("LeftOut: %s", got)
	}
	// Another order, or a pod less, changes nothing for the others.
	again := readDump(t, list(web, taken, node("n"), bare), workload.Options{Seed: 1})
	if !strings.Contains(lines(again), fmt.Sprintf("ns/web@n 0s+%s\n", first.Lifetime)) {
		t.Errorf("got\n%swant web to end at %s", lines(again), first.Lifetime)
	}
	if other := readDump(t, list(web, node("n")), workload.Options{Seed: 2}); other.Pods[0].Lifetime == first.Lifetime {
		t.Error("another seed gives the same times")
	}
	// As many as fit: every second.
	full := readDump(t, list(web, node("n")), workload.Options{Restarts: 3, Horizon: 4 * time.Second})
	if want := "ns/web@n 0s+1s\nns/web-r1 1s+1s\nns/web-r2 2s+1s\nns/web-r3 3s+1s\n"; lines(full) != want {
		t.Errorf("got\n%swant\n%s", lines(full), want)
	}
}

func TestReadDumpDaemonSets(t *testing.T) {
	fields := `"matchFields":[{"key":"metadata.name","operator":"In","values":["n"]}]`
	in := func(affinity string) string {
		return list(node("n"), node("m"),
			pod("d-1", controller("DaemonSet")+`,"creationTimestamp":"2026-01-01T00:00:00Z"`, onN, ""),
			pod("d-2", controller("DaemonSet")+`,"labels":{"new":"yes"},"creationTimestamp":"2026-01-02T00:00:00Z"`, `,"nodeName":"m"`+affinity, ""))
	}
	required := func(term string) string {
		return `,"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{` + term + `}]}}}`
	}
	w := readDump(t, in(required(fields)), workload.Options{})
	if len(w.Pods) != 0 || len(w.DaemonSets) != 1 {
		t.Fatalf("got %d DaemonSets, pods\n%s", len(w.DaemonSets), lines(w))
	}
	d := w.DaemonSets[0]
	if d.Name != "owner" || d.Labels["new"] != "yes" || d.Spec.NodeName != "" || d.Spec.Affinity.NodeAffinity != nil {
		t.Errorf("got %+v", d)
	}
	d = readDump(t, in(required(fields+`,"matchExpressions":[{"key":"k","operator":"Exists"}]`)), workload.Options{}).DaemonSets[0]
	want := []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{}, MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "k", Operator: corev1.NodeSelectorOpExists}}}}
	if diff := cmp.Diff(want, d.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
}

func TestReadDumpAcceptsTypedLists(t *testing.T) {
	typed := func(kind, item string) string {
		item = strings.Replace(item, fmt.Sprintf(`"apiVersion":"v1","kind":%q,`, kind), "", 1) // as the API server sends them
		return fmt.Sprintf(`{"kind":"%sList","apiVersion":"v1","metadata":{},"items":[%s]}`, kind, item)
	}
	given := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	w := readDump(t, typed("Node", node("n"))+"\n"+typed("Pod", pod("p", "", onN, "")), workload.Options{Start: given})
	if lines(w) != "ns/p@n 0s+24h0m0s\n" || w.Start != given {
		t.Errorf("begins at %s:\n%s", w.Start, lines(w))
	}
}
