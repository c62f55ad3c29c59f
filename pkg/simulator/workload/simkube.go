// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// simKubeVersion is the version of the format that is read.
const simKubeVersion = 2

// ReadSimKube reads a trace that SimKube (github.com/acrlabs/simkube) recorded
// in a cluster, version 2, in JSON: a list of events, each with the objects that
// were applied and deleted at a time.
//
// Deployments, StatefulSets, ReplicaSets and Jobs make pods, <object>-<number>
// each, from the templates that config.trackedObjects points to
// (podSpecTemplatePaths, by default /spec/template):
//
//   - as many as replicas says; of a Job, parallelism, but not more than
//     completions, and none once it is suspended or done;
//   - with fewer replicas, the youngest end first, as the ReplicaSet controller
//     chooses;
//   - with another template, all end and as many begin; of a ReplicaSet or Job
//     those that run stay;
//   - with the object, all end.
//
// An object that is applied several times in one event counts as applied last.
// Pods that still run at the last event end there, since nobody knows how they
// go on; those that begin there run for 1 s. Where pod_lifecycles knows how long
// the pods of an object ran, the n-th of them runs for at most the n-th of these
// times, in order of start and around again, and nobody takes its place.
//
// DaemonSets are in Workload.DaemonSets: as they were applied last, for the
// whole trace. Objects of other kinds make no pods; LeftOut says so. Volumes,
// environment and all that only matters to a kubelet are left out. Pods of one
// template share what it holds: nobody may change that.
func ReadSimKube(name string, r io.Reader) (*Workload, error) {
	data, err := readAll(readingTrace, name, r)
	if err != nil {
		return nil, err
	}
	docs, err := documents(name, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", readingTrace, err)
	}
	return simKube(name, docs)
}

func simKube(name string, docs []object) (*Workload, error) {
	s := newReplay(name)
	if len(docs) > 1 {
		s.add("%s: there are %d JSON objects; want one trace", name, len(docs))
	}
	doc := docs[0]
	doc.unknownFields(&s.faults, name, "version", "config", "events", "index", "pod_lifecycles")
	var version int
	if err := decode(doc["version"], &version); err != nil || version != simKubeVersion {
		s.add("%s: version: want %d, found %s; export the trace with SimKube 2", name, simKubeVersion, orMissing(doc["version"]))
	}
	s.readConfig(doc["config"])
	s.readLifecycles(doc["pod_lifecycles"])
	events := doc.list(&s.faults, name, "events")
	if len(events) == 0 {
		s.add("%s: events: there are none", name)
	}
	for i, raw := range events {
		s.event(fmt.Sprintf("%s: events[%d]", name, i), raw)
		if len(s.pods) > maxPods {
			return nil, fmt.Errorf("%s: %s has more than %d pods; split it", readingTrace, name, maxPods)
		}
	}
	if !s.any() && s.made == 0 && len(s.daemonSets) == 0 {
		s.add("%s: events: no object in them makes pods", name)
	}
	if s.any() {
		return nil, s.err(readingTrace)
	}
	return s.workload(), nil
}

func orMissing(raw json.RawMessage) string {
	if raw == nil {
		return "none"
	}
	return string(raw[:min(len(raw), 40)])
}

// event reads what happened at one time.
func (s *replay) event(at string, raw json.RawMessage) {
	var o object
	if err := json.Unmarshal(raw, &o); err != nil || o == nil {
		s.add("%s: want an object", at)
		return
	}
	o.unknownFields(&s.faults, at, "ts", "applied_objs", "deleted_objs")
	var ts int64
	switch err := decode(o["ts"], &ts); {
	case o["ts"] == nil:
		s.add("%s.ts is missing", at)
		return
	case err != nil || ts < 0 || ts > 1<<40: // the year 36812
		s.add("%s.ts is %s; want seconds since 1970", at, orMissing(o["ts"]))
		return
	case s.begun && ts < s.now:
		s.add("%s.ts is %d, before the event that precedes it (%d)", at, ts, s.now)
		return
	case s.begun && ts-s.start > maxSeconds:
		s.add("%s.ts is %d, more than 100 years after the first event", at, ts)
		return
	}
	if !s.begun {
		s.start, s.begun = ts, true
	}
	s.now = ts
	applied := map[string]int{} // key to place in objects
	var objects []*trackedObject
	for i, raw := range o.list(&s.faults, at, "applied_objs") {
		t := s.readObject(fmt.Sprintf("%s.applied_objs[%d]", at, i), raw, true)
		if t == nil {
			continue
		}
		if j, ok := applied[t.key]; ok {
			objects[j] = t
		} else {
			applied[t.key] = len(objects)
			objects = append(objects, t)
		}
	}
	for i, raw := range o.list(&s.faults, at, "deleted_objs") {
		if t := s.readObject(fmt.Sprintf("%s.deleted_objs[%d]", at, i), raw, false); t != nil {
			if j, ok := applied[t.key]; ok {
				objects[j] = nil
			}
			objects = append(objects, t)
		}
	}
	for _, t := range slices.DeleteFunc(objects, func(t *trackedObject) bool { return t == nil }) {
		s.apply(t)
	}
}

// elapsed is the time since the first event.
func (s *replay) elapsed() time.Duration { return seconds(s.now - s.start) }
