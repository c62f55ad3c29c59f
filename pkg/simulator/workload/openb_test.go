// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

const minimal = "name,cpu_milli,memory_mib,creation_time,deletion_time\n"

func TestReadOpenB(t *testing.T) {
	const in = `gpu_spec,deletion_time,name,memory_mib,cpu_milli,creation_time,gpu_milli,num_gpu,scheduled_time
,160,late,2048,1500,130,,,
V100M32|T4|V100M32,150,gpu,0,2000,100,500,2,101
T4,100,short,1,0,100,,1,100
`
	w, err := workload.ReadOpenB("dir/some.csv.gz", strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	mustCheck(t, w)
	if want := "default/gpu 0s+50s\ndefault/short 0s+1s\ndefault/late 30s+30s\n"; lines(w) != want {
		t.Errorf("got\n%swant\n%s", lines(w), want)
	}
	if w.Name != "some" || w.Start.IsZero() || w.Pods[0].Source != "dir/some.csv.gz:3" {
		t.Errorf("got name %q, start %s, source %q", w.Name, w.Start, w.Pods[0].Source)
	}
	want := []string{"When the traced cluster scheduled its pods is not used: pods run from creation to deletion, also the 1 that it never scheduled."}
	if diff := cmp.Diff(want, w.Notes()); diff != "" {
		t.Errorf("Notes (-want, +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Only the first 1 of 3 pods are simulated."}, workload.Head(w, 1).Notes()); diff != "" {
		t.Errorf("Notes of the first pod (-want, +got):\n%s", diff)
	}
	if notes := workload.Superpose(w, 2, 1).Notes(); len(notes) == 0 || !strings.Contains(notes[0], "also the 2 that it never scheduled") {
		t.Errorf("Notes of two copies: %q, want both of the pod counted", notes)
	}
	for i, want := range []map[string]string{
		{"cpu": "2", "tollgate.dev/gpu-milli": "1k"},
		{"memory": "1Mi", "tollgate.dev/gpu-milli": "1k"},
		{"cpu": "1500m", "memory": "2Gi"},
	} {
		got := map[string]string{}
		for name, q := range w.Pods[i].Object.Spec.Containers[0].Resources.Requests {
			got[string(name)] = q.String()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("requests of pod %d (-want, +got):\n%s", i, diff)
		}
	}
	terms := w.Pods[0].Object.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	wantTerms := []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: workload.GPUModelLabel, Operator: corev1.NodeSelectorOpIn, Values: []string{"T4", "V100M32"}}}}}
	if diff := cmp.Diff(wantTerms, terms); diff != "" {
		t.Errorf("affinity (-want, +got):\n%s", diff)
	}
	if w.Pods[2].Object.Spec.Affinity != nil {
		t.Error("a pod without gpu_spec has an affinity")
	}
	again, err := workload.ReadOpenB("dir/some.csv.gz", strings.NewReader(in))
	if diff := cmp.Diff(w, again); diff != "" || err != nil {
		t.Errorf("read again (-first, +second), %v:\n%s", err, diff)
	}
}

func TestReadOpenBFaults(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"empty":     {"", `f.csv is empty; want a header with name,cpu_milli,memory_mib,creation_time,deletion_time`},
		"header":    {minimal, `f.csv has a header and no pods`},
		"unknown":   {"name,cpu_mili,memory_mib,creation_time,deletion_time\n", "there are 2 faults:\nf.csv:1: unknown column \"cpu_mili\"; did you mean \"cpu_milli\"?\nf.csv:1: column \"cpu_milli\" is missing"},
		"far":       {"zone," + minimal, `f.csv:1: unknown column "zone"; want name, cpu_milli, memory_mib, creation_time, deletion_time, num_gpu, gpu_milli, gpu_spec, qos, pod_phase, scheduled_time`},
		"twice":     {"name," + minimal, `f.csv:1: column "name" is there twice`},
		"missing":   {"name\n", "there are 4 faults:\nf.csv:1: column \"cpu_milli\" is missing\nf.csv:1: column \"memory_mib\" is missing\nf.csv:1: column \"creation_time\" is missing\nf.csv:1: column \"deletion_time\" is missing"},
		"too many":  {minimal + "a,1,1,0,1,7\n", `f.csv:2: there are 6 fields, the header has 5`},
		"too few":   {minimal + "a,1,1,0\n", `f.csv:2: there are 4 fields, the header has 5`},
		"letters":   {minimal + "a,x,1,0,1\n", `f.csv:2: cpu_milli is "x"; want a whole number`},
		"fraction":  {minimal + "a,0.5,1,0,1\n", `f.csv:2: cpu_milli is "0.5"; want a whole number`},
		"blank":     {minimal + "a, 1,1,0,1\n", `f.csv:2: cpu_milli is " 1"; want a whole number`},
		"no number": {minimal + "a,,1,0,1\n", `f.csv:2: cpu_milli is empty`},
		"negative":  {minimal + "a,1,-1,0,1\n", `f.csv:2: memory_mib is -1; want 0 to 1073741824`},
		"int64":     {minimal + "a,1,9223372036854775808,0,1\n", `f.csv:2: memory_mib is 9223372036854775808; want 0 to 1073741824`},
		"bytes":     {minimal + "a,1,8796093022208,0,1\n", `f.csv:2: memory_mib is 8796093022208; want 0 to 1073741824`},
		"cores":     {minimal + "a,1000000001,1,0,1\n", `f.csv:2: cpu_milli is 1000000001; want 0 to 1000000000`},
		"time":      {minimal + "a,1,1,0,9223372036854775807\n", `f.csv:2: deletion_time is 9223372036854775807; want 0 to 3153600000`},
		"before":    {minimal + "a,1,1,7,6\n", `f.csv:2: deletion_time 6 is before creation_time 7`},
		"same name": {minimal + "a,1,1,0,1\n\na,1,1,0,1\n", `f.csv:4: name "a" is taken by line 2`},
		"no name":   {minimal + ",1,1,0,1\n", `f.csv:2: name "": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`},
		"quote":     {minimal + "a,1,1,0,\"1\n", `f.csv:2: extraneous or missing " in quoted-field`},
		"unclosed":  {minimal + "a,1,1,0,1\n\"b,1,1,0,1\nc,1,1,0,1\nd,1,1,0,1\n", `f.csv:3: a quote is not closed`},
		"bare":      {minimal + "a\"a,1,1,0,1\n", `f.csv:2: bare " in non-quoted-field`},
		"no gpu":    {"gpu_milli,num_gpu," + minimal + "0,1,a,1,1,0,1\n", `f.csv:2: num_gpu is 1 but gpu_milli is 0; want 1 to 1000 of each GPU`},
		"milli":     {"gpu_milli,num_gpu," + minimal + "500,0,a,1,1,0,1\n", `f.csv:2: gpu_milli is 500 but num_gpu is 0`},
		"whole":     {"gpu_milli,num_gpu," + minimal + "1001,1,a,1,1,0,1\n", `f.csv:2: gpu_milli is 1001; want 0 to 1000`},
		"spec":      {"gpu_spec,num_gpu," + minimal + "T4||A10,1,a,1,1,0,1\n", `f.csv:2: gpu_spec is "T4||A10": a model is empty; want models with | between them`},
		"cpu spec":  {"gpu_spec," + minimal + "T4,a,1,1,0,1\n", `f.csv:2: gpu_spec is "T4" but num_gpu is 0`},
		"scheduled": {"scheduled_time," + minimal + "x,a,1,1,0,1\n", `f.csv:2: scheduled_time is "x"; want a whole number`},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := workload.ReadOpenB("f.csv", strings.NewReader(tc.in))
			wantError(t, w, err, "reading trace: "+tc.want)
		})
	}
}

func TestReadOpenBTellsTenFaults(t *testing.T) {
	in, want := minimal, "reading trace: there are 12 faults:\n"
	for i := range 12 {
		in += fmt.Sprintf("p%d,-1,1,0,1\n", i)
		if i < 10 {
			want += fmt.Sprintf("f.csv:%d: cpu_milli is -1; want 0 to 1000000000\n", i+2)
		}
	}
	w, err := workload.ReadOpenB("f.csv", strings.NewReader(in))
	wantError(t, w, err, want+"and 2 more")
}

// The first 200 pods of the trace, see testdata/README.md.
func TestOpenOpenBExcerpt(t *testing.T) {
	w, err := workload.Open("testdata/openb_head.csv.gz", workload.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mustCheck(t, w)
	if len(w.Pods) != 200 || w.Name != "openb_head" || w.Pods[0].Object.Name != "openb-pod-0000" || w.Pods[0].Lifetime != 12537496*time.Second {
		t.Errorf("got %d pods of %q, the first %s for %s", len(w.Pods), w.Name, w.Pods[0].Object.Name, w.Pods[0].Lifetime)
	}
	if uid := string(w.Pods[1].Object.UID); !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(uid) {
		t.Errorf("UID %s is no UUID of version 8", uid)
	}
}
