// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"strconv"
	"time"

	"k8s.io/component-base/metrics"
)

var (
	issuances = metrics.NewCounterVec(&metrics.CounterOpts{
		Subsystem:      subsystem,
		Name:           "issuance_attempts_total",
		Help:           "Number of attempts to obtain a certificate that have ended. Labeled by issuer_kind, issuer_namespace (empty for a ClusterCertIssuer), issuer_name and result: Issued, or why the attempt failed.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"issuer_kind", "issuer_namespace", "issuer_name", "result"})

	gatesRemoved = metrics.NewCounterVec(&metrics.CounterOpts{
		Subsystem:      subsystem,
		Name:           "scheduling_gates_removed_total",
		Help:           "Number of pods that the scheduling gate tollgate.dev/tls-ready was removed from. Labeled by reason: Ready, WaitTimedOut or Exempt.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"reason"})

	holds = metrics.NewHistogram(&metrics.HistogramOpts{
		Subsystem: subsystem,
		Name:      "pod_hold_seconds",
		Help:      "Time in seconds from the first hold of a pod to its release. Pods that were deleted while held are not counted.",
		// From what a certificate of an internal CA takes to a day.
		Buckets:        []float64{0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 180, 600, 1800, 3600, 10800, 43200, 86400},
		StabilityLevel: metrics.ALPHA,
	})

	acmeRequests = metrics.NewCounterVec(&metrics.CounterOpts{
		Subsystem:      subsystem,
		Name:           "acme_requests_total",
		Help:           "Number of requests to ACME servers. Labeled by endpoint (directory, newNonce, newOrder and so on) and status: the HTTP status, or error if there was no answer.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"endpoint", "status"})

	acmeDurations = metrics.NewHistogramVec(&metrics.HistogramOpts{
		Subsystem: subsystem,
		Name:      "acme_request_duration_seconds",
		Help:      "Time in seconds until an ACME server has answered a request. Labeled by endpoint.",
		// A call may take 30 s.
		Buckets:        []float64{0.005, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30},
		StabilityLevel: metrics.ALPHA,
	}, []string{"endpoint"})
)

// counter is a metric of component-base that any registry takes.
type counter interface {
	metrics.Registerable
	FQName() string
}

var counters = []counter{issuances, gatesRemoved, holds, acmeRequests, acmeDurations}

// GateRemoved counts a pod that the scheduling gate was removed from.
func GateRemoved(reason string) { gatesRemoved.WithLabelValues(reason).Inc() }

// PodReleased counts a pod that was held for that long.
func PodReleased(held time.Duration) { holds.Observe(held.Seconds()) }

// ACMERequest counts a request to an ACME server. Endpoint is one of a few fixed words; status is that of HTTP, 0 if
// there was no answer.
func ACMERequest(endpoint string, status int, took time.Duration) {
	label := "error"
	if status > 0 {
		label = strconv.Itoa(status)
	}
	acmeRequests.WithLabelValues(endpoint, label).Inc()
	acmeDurations.WithLabelValues(endpoint).Observe(took.Seconds())
}
