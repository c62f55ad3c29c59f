// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload_test

import (
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

func TestReadSimKubeFaults(t *testing.T) {
	good := event(100, deployment("a", 1), "")
	for name, tc := range map[string]struct{ in, want string }{
		"empty":     {"", "f.json is empty"},
		"no JSON":   {"{\n\"version\": 2,\n}", "f.json:3: this is no JSON: invalid character '}' looking for beginning of object key string"},
		"cut":       {"{\n\"version\": 2,\n", "f.json:3: the file ends within a JSON object; write it again in full"},
		"array":     {"[]", "f.json:1: want a JSON object, found array"},
		"null":      {"null", "f.json:1: want a JSON object, found null"},
		"two":       {simKube("", good) + simKube("", good), "f.json: there are 2 JSON objects; want one trace"},
		"version":   {strings.Replace(simKube("", good), `"version":2`, `"version":1`, 1), "f.json: version: want 2, found 1; export the trace with SimKube 2"},
		"none":      {strings.Replace(simKube("", good), `"version":2,`, ``, 1), "f.json: version: want 2, found none; export the trace with SimKube 2"},
		"no events": {simKube(""), "f.json: events: there are none"},
		"no pods":   {simKube("", event(1, "", "")), "f.json: events: no object in them makes pods"},
		"field":     {simKube(`"event":[],`, good), `f.json: unknown field "event"; did you mean "events"?`},
		"far field": {simKube(`"comment":[],`, good), `f.json: unknown field "comment"; want version, config, events, index, pod_lifecycles`},
		"objs":      {simKube("", good, `{"ts":101,"applied_obj":[]}`), `f.json: events[1]: unknown field "applied_obj"; did you mean "applied_objs"?`},
		"no array":  {simKube("", good, `{"ts":101,"applied_objs":{}}`), `f.json: events[1].applied_objs: want an array`},
		"no object": {simKube("", good, `3`), `f.json: events[1]: want an object`},
		"no ts":     {simKube("", good, `{}`), `f.json: events[1].ts is missing`},
		"ts":        {simKube("", good, event(-1, "", "")), `f.json: events[1].ts is -1; want seconds since 1970`},
		"ts text":   {simKube("", good, `{"ts":"x"}`), `f.json: events[1].ts is "x"; want seconds since 1970`},
		"backwards": {simKube("", good, event(99, "", "")), `f.json: events[1].ts is 99, before the event that precedes it (100)`},
		"far":       {simKube("", good, event(100+3153600001, "", "")), `f.json: events[1].ts is 3153600101, more than 100 years after the first event`},
		"kind":      {simKube("", event(1, `{"metadata":{"name":"a"}}`, "")), "f.json: events[0].applied_objs[0]: want apiVersion, kind and metadata.name"},
		"replicas":  {simKube("", event(1, deployment("a", -1), "")), `f.json: events[0].applied_objs[0] (Deployment ns/a): wants -1 pods; want 0 to 100000`},
		"many":      {simKube("", event(1, deployment("a", 100001), "")), `f.json: events[0].applied_objs[0] (Deployment ns/a): wants 100001 pods; want 0 to 100000`},
		"request": {simKube("", event(1, object("Deployment", "a", "", `,"resources":{"requests":{"cpu":"-1"}}`), "")),
			`f.json: events[0].applied_objs[0] (Deployment ns/a): /spec/template: spec.containers[0].resources.requests: cpu is -1; want 0 or more`},
		"large": {simKube("", event(1, object("Deployment", "a", "", `,"resources":{"requests":{"memory":"2Pi"}}`), "")),
			`f.json: events[0].applied_objs[0] (Deployment ns/a): /spec/template: spec.containers[0].resources.requests: memory is 2Pi; want at most 1Pi`},
		"exponent": {simKube("", event(1, object("Deployment", "a", "", `,"resources":{"requests":{"memory":"1e999999999"}}`), "")),
			"f.json: events[0].applied_objs[0] (Deployment ns/a): /spec/template: spec.containers[0].resources.requests.memory is 1e999999999; want a quantity with an exponent of at most three digits"},
		"quantity": {simKube("", event(1, object("Deployment", "a", "", `,"resources":{"requests":{"memory":"2 GB"}}`), "")),
			"f.json: events[0].applied_objs[0] (Deployment ns/a): /spec/template: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
		"path": {strings.Replace(simKube("", good), `/spec/template`, `/spec/templates`, 1), `f.json: events[0].applied_objs[0] (Deployment ns/a): /spec/templates: there is no "templates"`},
		"no path": {strings.Replace(simKube("", good), `/spec/template`, `spec.template`, 1),
			`f.json: events[0].applied_objs[0] (Deployment ns/a): spec.template: want a JSON pointer, such as /spec/template`},
		"paths": {strings.Replace(simKube("", good), `["/spec/template"]`, `["/a","/b"]`, 1), `f.json: events[0].applied_objs[0] (Deployment ns/a): there are 2 podSpecTemplatePaths for it; want one`},
		"owner": {simKube(`"pod_lifecycles":{"ns":{}},`, good), `f.json: pod_lifecycles["ns"]: want a kind and a namespace/name, such as "apps/v1.Deployment:default/web"`},
		"lifecycle": {simKube(`"pod_lifecycles":{"v1.X:ns/a":{"1":[{"start_ts":5,"end_ts":4}]}},`, good),
			`f.json: pod_lifecycles["v1.X:ns/a"]["1"][0]: is {"start_ts":5,"end_ts":4}; want start_ts and an end_ts that is not before it, in seconds`},
		"both": {simKube("", event(1, deployment("a", -1)+","+deployment("b", -1), "")),
			"there are 2 faults:\nf.json: events[0].applied_objs[0] (Deployment ns/a): wants -1 pods; want 0 to 100000\nf.json: events[0].applied_objs[1] (Deployment ns/b): wants -1 pods; want 0 to 100000"},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := workload.ReadSimKube("f.json", strings.NewReader(tc.in))
			wantError(t, w, err, "reading trace: "+tc.want)
		})
	}
}
