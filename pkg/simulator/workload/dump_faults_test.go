// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

func TestReadDumpFaults(t *testing.T) {
	const command = "kubectl get nodes,pods -A -o json"
	n, p := node("n"), pod("p", "", onN, "")
	for name, tc := range map[string]struct{ in, want string }{
		"empty":       {" \n", "f.json is empty"},
		"cut":         {list(n, p)[:400], "f.json:3: the file ends within a JSON object; write it again in full"},
		"kind":        {`{"apiVersion":"v1","kind":"ServiceList","items":[{},{}]}`, `f.json has no nodes, only 2 objects of other kinds; take nodes and pods with: ` + command},
		"no kind":     {`{"items":[]}`, `f.json: kind is missing; want List, NodeList or PodList: take nodes and pods with: ` + command},
		"field":       {`{"kind":"List","apiVersion":"v1","item":[]}`, `f.json: unknown field "item"; did you mean "items"?`},
		"items":       {`{"kind":"List","apiVersion":"v1","items":{}}`, `f.json.items: want an array`},
		"no nodes":    {list(p), `f.json has no nodes; take nodes and pods with: ` + command},
		"virtual":     {list(strings.Replace(n, `"l":"v"`, `"type":"virtual-kubelet"`, 1), p), `f.json has virtual nodes only, and no machine to simulate; take the dump of a cluster with nodes`},
		"no pods":     {list(n), `f.json has no pods; take nodes and pods with: ` + command},
		"wrong list":  {list(n, p) + `{"kind":"NodeList","items":[` + p + `]}`, `f.json: object 2: items[0] (Pod ns/p): Pod of v1 is not read; take nodes and pods with: ` + command},
		"no item":     {list(n, p, `{"metadata":{"name":"s"}}`), `f.json: items[2]: kind is missing; want Node or Pod`},
		"number":      {list(n, p, `3`), `f.json: items[2]: cannot unmarshal number into Go value of type v1.PartialObjectMetadata`},
		"no name":     {list(n, p, `{"apiVersion":"v1","kind":"Pod"}`), `f.json: items[2]: metadata.name is missing`},
		"all gone":    {list(n, pod("q", "", `,"nodeName":"m"`, ""), pod("done", "", onN, `"phase":"Failed"`)), `f.json has none of the nodes that its pods are bound to; take nodes and pods at once, with: ` + command},
		"node type":   {list(strings.Replace(n, `"cpu":"4"`, `"cpu":[]`, 1), p), "f.json: items[0] (Node n): quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
		"node":        {list(n, p, node("n")), `f.json: items[2] (Node n): there is another node of that name`},
		"allocatable": {list(strings.Replace(n, allocatable, `"allocatable":{"cpu":"4","memory":"8Gi"}`, 1), p), `f.json has no node with cpu, memory and pods in status.allocatable; take nodes and pods with: ` + command},
		"capacity":    {list(strings.Replace(n, `"capacity":{"cpu":"4"}`, `"capacity":{"cpu":"-4"}`, 1), p), `f.json: items[0] (Node n): status.capacity: cpu is -4; want 0 or more`},
		"namespace":   {list(n, strings.Replace(p, `"namespace":"ns",`, "", 1)), `f.json: items[1] (Pod p): metadata.namespace is missing`},
		"pod":         {list(n, p, p), `f.json: items[2] (Pod ns/p): there is another pod of that name`},
		"uid":         {list(n, pod("p", `,"uid":"u"`, onN, ""), pod("q", `,"uid":"u"`, onN, "")), `f.json: items[2] (Pod ns/q): metadata.uid is that of ns/p`},
		"containers":  {list(n, strings.Replace(p, `[{"name":"c"}]`, `[]`, 1)), `f.json: items[1] (Pod ns/p): spec.containers is empty`},
		"request":     {list(n, strings.Replace(p, `{"name":"c"}`, `{"name":"c","resources":{"requests":{"cpu":"1000001"}}}`, 1)), `f.json: items[1] (Pod ns/p): spec.containers[0].resources.requests: cpu is 1000001; want at most 1M`},
		"exponent":    {list(n, strings.Replace(p, `{"name":"c"}`, `{"name":"c","resources":{"requests":{"cpu":"1e999999999"}}}`, 1)), `f.json: items[1] (Pod ns/p): spec.containers[0].resources.requests.cpu is 1e999999999; want a quantity with an exponent of at most three digits`},
		"small":       {list(n, strings.Replace(p, `{"name":"c"}`, `{"name":"c","resources":{"requests":{"cpu":1E-999999999}}}`, 1)), `f.json: items[1] (Pod ns/p): spec.containers[0].resources.requests.cpu is 1E-999999999; want a quantity with an exponent of at most three digits`},
		"escaped":     {list(n, strings.Replace(p, `{"name":"c"}`, `{"name":"c","resources":{"requests":{"cpu":"1\u0065999999999"}}}`, 1)), `f.json: items[1] (Pod ns/p): spec.containers[0].resources.requests.cpu is 1e999999999; want a quantity with an exponent of at most three digits`},
		"sizeLimit":   {list(n, pod("p", "", `,"volumes":[{"name":"v","emptyDir":{"sizeLimit":"1e999999999"}}]`, "")), `f.json: items[1] (Pod ns/p): spec.volumes[0].emptyDir.sizeLimit is 1e999999999; want a quantity with an exponent of at most three digits`},
		"exabytes":    {list(n, strings.Replace(p, `{"name":"c"}`, `{"name":"c","resources":{"requests":{"cpu":"1e999"}}}`, 1)), `f.json: items[1] (Pod ns/p): spec.containers[0].resources.requests: cpu is 1e999; want at most 1M`},
		"overhead":    {list(n, pod("p", "", onN+`,"overhead":{"cpu":"-1"}`, "")), `f.json: items[1] (Pod ns/p): spec.overhead: cpu is -1; want 0 or more`},
		"type":        {list(n, pod("p", "", onN+`,"priority":"high"`, "")), `f.json: items[1] (Pod ns/p): cannot unmarshal string into Go struct field PodSpec.spec.priority of type int32`},
		"duplicate":   {list(n, pod("p", "", onN+onN, "")), `f.json: items[1] (Pod ns/p): duplicate field "spec.nodeName"`},
		"mirror":      {list(n, pod("p", `,"annotations":{"kubernetes.io/config.mirror":"x"}`, "", "")), `f.json: items[1] (Pod ns/p): a mirror pod without spec.nodeName`},
		"second":      {list(n) + list(p, "4"), `f.json: object 2: items[1]: cannot unmarshal number into Go value of type v1.PartialObjectMetadata`},
		"lone":        {n + strings.Replace(p, `"containers":[{"name":"c"}]`, `"x":1`, 1), `f.json: object 2 (Pod ns/p): spec.containers is empty`},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := workload.ReadDump("f.json", strings.NewReader(tc.in), workload.Options{})
			wantError(t, w, err, "reading dump: "+tc.want)
		})
	}
}

func TestReadDumpOptions(t *testing.T) {
	in := list(node("n"), pod("p", "", onN, ""))
	for name, tc := range map[string]struct {
		options workload.Options
		want    string
	}{
		"negative": {workload.Options{Horizon: -time.Hour}, "the horizon is -1h0m0s; want 1s to 100 years"},
		"short":    {workload.Options{Horizon: time.Second}, "restarts is 1; a horizon of 1s has room for 0"},
		"many":     {workload.Options{Horizon: time.Minute, Restarts: 60}, "restarts is 60; a horizon of 1m0s has room for 59"},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := workload.ReadDump("f.json", strings.NewReader(in), tc.options)
			wantError(t, w, err, "reading dump: f.json: "+tc.want)
		})
	}
}
