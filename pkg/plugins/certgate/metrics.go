// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

const subsystem = "scheduler"

// Values of the label result.
const (
	resultReady = "ready"
	resultHeld  = "held"
)

var (
	evaluations = metrics.NewCounterVec(&metrics.CounterOpts{
		Subsystem:      subsystem,
		Name:           "certgate_evaluations_total",
		Help:           "Number of times a pod that declares TLS Secrets was judged. Labeled by result (ready or held) and reason.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"result", "reason"})

	waitingPods = metrics.NewGauge(&metrics.GaugeOpts{
		Subsystem:      subsystem,
		Name:           "certgate_waiting_pods",
		Help:           "Number of pods that are held until their declared TLS Secrets can serve.",
		StabilityLevel: metrics.ALPHA,
	})

	gateWait = metrics.NewHistogram(&metrics.HistogramOpts{
		Subsystem: subsystem,
		Name:      "certgate_gate_wait_seconds",
		Help:      "Time in seconds from the first hold of a pod to its release. Pods that were deleted while held are not counted.",
		// 10 ms to 23 h.
		Buckets:        metrics.ExponentialBuckets(0.01, 2.9, 16),
		StabilityLevel: metrics.ALPHA,
	})

	watches = &watchHealth{sources: map[watched]struct{}{}}

	registerOnce sync.Once
)

// registerMetrics registers the metrics that all instances of the plugin share.
func registerMetrics() {
	registerOnce.Do(func() {
		legacyregistry.MustRegister(evaluations, waitingPods, gateWait)
		legacyregistry.CustomMustRegister(watches)
	})
}

func observeEvaluation(v tlsready.Verdict) {
	result := resultHeld
	if v.Ready {
		result = resultReady
	}
	evaluations.WithLabelValues(result, reasonLabel(v.Reason)).Inc()
}

// reasonOther stands for reasons that this version does not know: with source PodCondition
// they come from outside and must not make up series of their own.
const reasonOther = "Other"

var knownReasons = sets.New(
	tlsready.Ready, tlsready.SecretNotFound, tlsready.WrongType, tlsready.MissingData, tlsready.TooLarge, tlsready.BadPEM,
	tlsready.BadCertificate, tlsready.BadKey, tlsready.KeyMismatch, tlsready.NotALeaf, tlsready.Temporary, tlsready.NotYetValid,
	tlsready.Expired, tlsready.ExpiresTooSoon, tlsready.NameNotCovered, tlsready.BrokenChain, tlsready.IncompleteChain,
	tlsready.IntermediateExpired, tlsready.WeakKey, tlsready.WeakSignature, tlsready.WrongUsage, tlsready.Untrusted,
	tlsready.InvalidDeclaration, tlsready.SecretsForbidden, tlsready.NotSynced, tlsready.LookupPending, tlsready.TrustNotFound,
	tlsready.WaitTimedOut, tlsready.Deadlock, tlsready.NoReport, tlsready.ReportStale,
)

func reasonLabel(reason tlsready.Reason) string {
	if knownReasons.Has(reason) {
		return string(reason)
	}
	return reasonOther
}

func observeHeld(delta int) {
	waitingPods.Add(float64(delta))
}

func observeWait(waited time.Duration) {
	gateWait.Observe(waited.Seconds())
}
