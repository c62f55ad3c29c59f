// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// object is one of kind apps/v1 or batch/v1 with a template of one container.
func object(kind, name, spec, container string) string {
	group := "apps/v1"
	if kind == "Job" {
		group = "batch/v1"
	}
	return fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{"namespace":"ns","name":%q},"spec":{%s"template":{"spec":{"containers":[{"name":"c"%s}]}}}}`,
		group, kind, name, spec, container)
}

func deployment(name string, replicas int) string {
	return object("Deployment", name, fmt.Sprintf(`"replicas":%d,`, replicas), "")
}

func event(ts int, applied, deleted string) string {
	return fmt.Sprintf(`{"ts":%d,"applied_objs":[%s],"deleted_objs":[%s]}`, ts, applied, deleted)
}

func simKube(more string, events ...string) string {
	return `{"version":2,"index":{},"config":{"trackedObjects":{"apps/v1.Deployment":{"podSpecTemplatePaths":["/spec/template"]}}},` + more +
		`"events":[` + strings.Join(events, ",") + `]}`
}

func TestReadSimKube(t *testing.T) {
	another := object("Deployment", "a", `"replicas":1,`, `,"image":"i2"`)
	for name, tc := range map[string]struct{ in, want string }{
		"runs to the last event": {
			simKube("", event(100, deployment("a", 2), ""), event(160, "", "")),
			"ns/a-0 0s+1m0s\nns/a-1 0s+1m0s\n"},
		"scales": {
			simKube("", event(100, deployment("a", 1), ""), event(110, deployment("a", 3), ""), event(130, deployment("a", 2), ""), event(160, "", "")),
			"ns/a-0 0s+1m0s\nns/a-1 10s+50s\nns/a-2 10s+20s\n"},
		"is deleted and comes back": {
			simKube("", event(100, deployment("a", 1), ""), event(110, "", deployment("a", 1)), event(120, deployment("a", 1), ""), event(160, "", "")),
			"ns/a-0 0s+10s\nns/a-1 20s+40s\n"},
		"last of one event counts": {
			simKube("", event(100, deployment("a", 5)+","+deployment("a", 1), ""), event(160, "", "")),
			"ns/a-0 0s+1m0s\n"},
		"begins and ends at once": {
			simKube("", event(100, deployment("a", 1)+","+deployment("b", 1), deployment("a", 1)), event(160, "", "")),
			"ns/b-0 0s+1m0s\n"},
		"ends in the second it began": {
			simKube("", event(100, deployment("a", 1), ""), event(100, deployment("a", 0), ""), event(101, deployment("a", 1), ""), event(102, "", "")),
			"ns/a-1 1s+1s\n"},
		"begins with the last event": {
			simKube("", event(100, deployment("a", 1), "")),
			"ns/a-0 0s+1s\n"},
		"new template": {
			simKube("", event(100, deployment("a", 2), ""), event(110, another, ""), event(160, "", "")),
			"ns/a-0 0s+10s\nns/a-1 0s+10s\nns/a-2 10s+50s\n"},
		"new template of a ReplicaSet": {
			simKube("", event(100, object("ReplicaSet", "a", "", ""), ""), event(110, object("ReplicaSet", "a", `"replicas":2,`, `,"image":"i2"`), ""), event(160, "", "")),
			"ns/a-0 0s+1m0s\nns/a-1 10s+50s\n"},
		"StatefulSet": {
			simKube("", event(100, object("StatefulSet", "a", "", ""), ""), event(160, "", "")),
			"ns/a-0 0s+1m0s\n"},
		"Job": {
			simKube("", event(100, object("Job", "a", `"parallelism":5,"completions":2,`, ""), ""),
				event(130, strings.Replace(object("Job", "a", "", ""), `"spec"`, `"status":{"conditions":[{"type":"Complete","status":"True"}]},"spec"`, 1), ""), event(160, "", "")),
			"ns/a-0 0s+30s\nns/a-1 0s+30s\n"},
		"lifecycles": {
			simKube(`"pod_lifecycles":{"('apps/v1.Deployment', 'ns/a')":{"17":[{"Finished":[130,150]},{"start_ts":100,"end_ts":110}],"18":["Empty"]}},`,
				event(100, deployment("a", 4), ""), event(160, "", "")),
			"ns/a-0 0s+1m0s\nns/a-1 0s+10s\nns/a-2 0s+20s\nns/a-3 0s+1m0s\n"},
		"names collide": {
			simKube("", event(100, deployment("a", 1)+","+object("StatefulSet", "a", "", ""), ""), event(160, "", "")),
			"ns/a-0 0s+1m0s\nns/a-0-2 0s+1m0s\n"},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := workload.ReadSimKube("f.json", strings.NewReader(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			mustCheck(t, w)
			if diff := cmp.Diff(tc.want, lines(w)); diff != "" {
				t.Errorf("(-want, +got):\n%s", diff)
			}
			if w.Start != time.Unix(100, 0).UTC() {
				t.Errorf("begins at %s", w.Start)
			}
		})
	}
}

func TestReadSimKubeTemplates(t *testing.T) {
	daemon := object("DaemonSet", "d", "", "")
	newer := object("DaemonSet", "d", "", `,"resources":{"limits":{"cpu":"2"}}`)
	in := simKube("", event(100, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"}},`+daemon+","+
		`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"},"spec":{"replicas":2,"template":{
		"metadata":{"labels":{"app":"a"},"annotations":{"tollgate.dev/require-tls":"auto","keep":"me"}},
		"spec":{"schedulerName":"x","nodeSelector":{"n":"v"},"tolerations":[{"key":"k"}],
		"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"}}],
		"containers":[{"name":"c","env":[{"name":"E"}],"ports":[{"containerPort":80},{"containerPort":81,"hostPort":81}],
		"resources":{"requests":{"cpu":"1"},"limits":{"cpu":"2","memory":"1Gi"}}}]}}}}`, ""), event(160, newer, ""))
	w, err := workload.ReadSimKube("f.json", strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	mustCheck(t, w)
	pod := w.Pods[1].Object
	c := pod.Spec.Containers[0]
	if pod.Namespace != "default" || pod.Labels["app"] != "a" || pod.Spec.NodeSelector["n"] != "v" || len(pod.Spec.Tolerations) != 1 ||
		c.Resources.Requests.Cpu().String() != "1" || c.Resources.Requests.Memory().String() != "1Gi" ||
		c.Env != nil || len(c.Ports) != 1 || len(pod.Annotations) != 1 || pod.OwnerReferences[0].Kind != "Deployment" {
		t.Errorf("got %+v", pod)
	}
	if len(w.DaemonSets) != 1 || w.DaemonSets[0].Name != "d" || w.DaemonSets[0].Spec.Containers[0].Resources.Requests.Cpu().String() != "2" {
		t.Errorf("got DaemonSets %+v", w.DaemonSets)
	}
	want := []string{
		"Objects of kind v1.ConfigMap make no pods here; there are 1.",
		"What is after the last event is not known: 2 pods that still run end there.",
		"Persistent volumes are not simulated: 2 pods use claims, and may run where their volumes are not.",
		"Certificates are taken as ready; 2 pods declare that they need some.",
	}
	if diff := cmp.Diff(want, w.LeftOut); diff != "" {
		t.Errorf("LeftOut (-want, +got):\n%s", diff)
	}
}

// The first events of a trace, see testdata/README.md.
func TestOpenSimKubeExcerpt(t *testing.T) {
	w, err := workload.Open("testdata/simkube_head.json.gz", workload.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mustCheck(t, w)
	// 27 Deployments of one pod, and 11 pods more as they are scaled up.
	if len(w.Pods) != 38 || w.Duration() != 557*time.Second {
		t.Errorf("got %d pods, %s:\n%s", len(w.Pods), w.Duration(), lines(w))
	}
}
