// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// ownerRunes are those of kinds, namespaces and names.
const ownerRunes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-./"

// lifecycle is how long a pod ran, in seconds since 1970; end is 0 for one that
// still ran.
type lifecycle struct{ start, end int64 }

// readConfig reads where the templates of pods are.
func (s *replay) readConfig(raw json.RawMessage) {
	var config struct {
		TrackedObjects map[string]struct {
			Path  *string  `json:"podSpecTemplatePath"`
			Paths []string `json:"podSpecTemplatePaths"`
		} `json:"trackedObjects"`
	}
	if raw == nil {
		return
	}
	if err := decode(raw, &config); err != nil {
		s.add("%s: config: %v", s.file, err)
		return
	}
	for gvk, o := range config.TrackedObjects {
		if o.Path != nil {
			o.Paths = append(o.Paths, *o.Path)
		}
		s.paths[gvk] = o.Paths
	}
}

// readLifecycles reads how long pods ran.
//
// Details: keys are a pair of an object's kind and its namespace/name, which
// JSON does not have; any text with these two in it will do, such as
// "apps/v1.Deployment:dsb/web". Within are lists of lifecycles by a hash of the
// pod's spec. The hash cannot be made out of a template, so that all lists of an
// object count as one, in order of start.
func (s *replay) readLifecycles(raw json.RawMessage) {
	var byOwner map[string]map[string][]json.RawMessage
	if raw == nil {
		return
	}
	if err := decode(raw, &byOwner); err != nil {
		s.add("%s: pod_lifecycles: %v", s.file, err)
		return
	}
	for _, owner := range slices.Sorted(maps.Keys(byOwner)) {
		at := fmt.Sprintf("%s: pod_lifecycles[%q]", s.file, owner)
		parts := strings.FieldsFunc(owner, func(r rune) bool {
			return !strings.ContainsRune(ownerRunes, r)
		})
		if len(parts) != 2 {
			s.add("%s: want a kind and a namespace/name, such as \"apps/v1.Deployment:default/web\"", at)
			continue
		}
		var all []lifecycle
		for _, hash := range slices.Sorted(maps.Keys(byOwner[owner])) {
			for i, raw := range byOwner[owner][hash] {
				l, err := readLifecycle(raw)
				if err != nil {
					s.add("%s[%q][%d]: %v", at, hash, i, err)
					continue
				}
				all = append(all, l)
			}
		}
		slices.SortStableFunc(all, func(a, b lifecycle) int { return int(min(max(a.start-b.start, -1), 1)) })
		s.lifecycles[parts[0]+" "+parts[1]] = all
	}
}

// readLifecycle reads either form: {"start_ts": 1, "end_ts": 2}, or what
// SimKube's serializer makes of its type: {"Finished": [1, 2]}, {"Running": 1},
// "Empty".
func readLifecycle(raw json.RawMessage) (lifecycle, error) {
	if string(raw) == `"Empty"` {
		return lifecycle{}, nil
	}
	var l struct {
		Start    *int64  `json:"start_ts"`
		End      *int64  `json:"end_ts"`
		Running  *int64  `json:"Running"`
		Finished []int64 `json:"Finished"`
	}
	err := decode(raw, &l)
	var out lifecycle
	switch {
	case err != nil:
	case len(l.Finished) == 2:
		out = lifecycle{start: l.Finished[0], end: l.Finished[1]}
	case l.Running != nil:
		return lifecycle{start: *l.Running}, nil
	case l.Start != nil && l.End != nil:
		out = lifecycle{start: *l.Start, end: *l.End}
	case l.Start != nil:
		return lifecycle{start: *l.Start}, nil
	}
	if out.start < 0 || out.end <= 0 || out.end < out.start || out.end-out.start > maxSeconds {
		return out, fmt.Errorf("is %s; want start_ts and an end_ts that is not before it, in seconds", orMissing(raw))
	}
	return out, nil
}

// lifetime is how long the n-th pod of an object runs, at most.
func (s *replay) lifetime(key string, n int) time.Duration {
	all := s.lifecycles[key]
	if len(all) == 0 {
		return seconds(maxSeconds)
	}
	l := all[n%len(all)]
	if l.end == 0 {
		return seconds(maxSeconds)
	}
	return max(time.Second, seconds(l.end-l.start))
}
