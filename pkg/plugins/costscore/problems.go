// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"slices"
	"strings"
	"sync"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/text"
)

const (
	// EventReasonInvalidPrice is the reason of the warning on a Node whose price
	// annotation cannot be used.
	EventReasonInvalidPrice = "InvalidPrice"
	// EventReasonInvalidLifetime is the reason of the warning on a Pod whose
	// expected lifetime cannot be read.
	EventReasonInvalidLifetime = "InvalidLifetime"
)

// maxNote is how many bytes of note the API server accepts. It refuses the whole
// event for one more.
const maxNote = 1024

// problemReporter tells people about what was passed over: by a warning event
// on the object, and by a metric where it is a price.
type problemReporter struct {
	recorder events.EventRecorder
	keys     []string

	mu       sync.Mutex
	reported map[string]problem // by node
}

// problem is what was told about a node. A node of the same name with another
// UID is another node.
type problem struct {
	uid  types.UID
	text string
}

// newProblemReporter wants the annotations that are read after
// pricing.PriceAnnotation. A nil recorder writes no events.
func newProblemReporter(recorder events.EventRecorder, annotations []string) *problemReporter {
	r := &problemReporter{recorder: recorder, keys: []string{pricing.PriceAnnotation, pricing.AsOfAnnotation}, reported: map[string]problem{}}
	for _, key := range annotations {
		if !slices.Contains(r.keys, key) {
			r.keys = append(r.keys, key, key+pricing.AsOfSuffix)
		}
	}
	return r
}

// report tells once about every node and every problem there.
func (r *problemReporter) report(node *v1.Node, price pricing.Price) {
	r.mu.Lock()
	found := problem{uid: node.UID, text: price.Problem}
	known := r.reported[node.Name] == found
	r.reported[node.Name] = found
	r.mu.Unlock()
	if known {
		return
	}
	for _, key := range r.keys {
		// A problem names the annotations that it is about.
		if strings.Contains(price.Problem, "annotation "+key+" ") {
			priceProblems.WithLabelValues(key).Inc()
		}
	}
	if r.recorder == nil {
		return
	}
	instead := "the node now has no price"
	if price.Known() {
		instead = "using " + price.PerHour.String() + " from " + price.Detail
	}
	r.recorder.Eventf(node, nil, v1.EventTypeWarning, EventReasonInvalidPrice, "Pricing", "%s; %s", text.Truncate(price.Problem, maxNote-len("; ")-len(instead)), instead)
}

// reportLifetime tells, each time the pod is scored, that its lifetime is not
// used. The recorder sums repetitions up.
func (r *problemReporter) reportLifetime(pod *v1.Pod, s *preScoreState) {
	if r.recorder == nil {
		return
	}
	instead := "counting the pod as one that never ends"
	if s.lifetime != costmodel.Forever {
		instead = "using " + s.lifetime.String() + " from activeDeadlineSeconds"
	}
	r.recorder.Eventf(pod, nil, v1.EventTypeWarning, EventReasonInvalidLifetime, "Scoring", "%s; %s", s.lifetimeErr, instead)
}

// solved forgets the problem of a node, so that it is news if it comes back.
func (r *problemReporter) solved(name string) {
	r.mu.Lock()
	delete(r.reported, name)
	r.mu.Unlock()
}

// forget forgets a deleted node; see forgetNode.
func (r *problemReporter) forget(name string, most int, gone func(name string) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	forgetNode(r.reported, name, most, gone)
}
