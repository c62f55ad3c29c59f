// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/cache"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// registerOnce registers with the registry that a manager serves, as Add does.
var registerOnce sync.Once

// served returns the counters of a name, and the counts of a histogram, that a manager serves.
func served(t *testing.T, name string) []string {
	t.Helper()
	registerOnce.Do(func() {
		if err := register(newCollector(t)); err != nil {
			t.Fatal(err)
		}
	})
	families, err := ctrlmetrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, label.GetValue())
			}
			n := metric.GetCounter().GetValue() + float64(metric.GetHistogram().GetSampleCount())
			lines = append(lines, fmt.Sprintf("%s: %.0f", strings.Join(labels, " "), n))
		}
	}
	slices.Sort(lines)
	return lines
}

func TestCounters(t *testing.T) {
	_ = served(t, "") // Registers.
	for _, vec := range []interface{ Reset() }{issuances, gatesRemoved, acmeRequests, acmeDurations} {
		vec.Reset()
	}
	before := served(t, "tollgate_pod_hold_seconds")[0]
	for range 2 {
		GateRemoved("Ready")
	}
	GateRemoved("Exempt")
	PodReleased(3 * time.Second)
	ACMERequest("newOrder", 201, time.Second)
	ACMERequest("newOrder", 429, time.Second)
	ACMERequest("directory", 0, 30*time.Second)

	elected := make(chan struct{})
	handler := attempts(elected).(cache.ResourceEventHandlerFuncs)
	change := func(before, after *v1alpha1.TLSCertificate) { handler.OnUpdate(before, after) }
	status := func(revision int64, failed, unreachable int32, reason string, options ...func(*v1alpha1.TLSCertificate)) *v1alpha1.TLSCertificate {
		cert := newCert("web", append(options, with(v1alpha1.ConditionIssuing, "False", reason))...)
		cert.Status.Revision, cert.Status.FailedAttempts, cert.Status.ConnectionFailures = revision, failed, unreachable
		return cert
	}
	change(status(0, 0, 0, "Validating"), status(1, 0, 0, "Idle")) // Another replica leads.
	close(elected)
	change(status(0, 0, 0, "Validating"), status(1, 0, 0, "Idle"))
	change(status(1, 0, 0, "Validating"), status(1, 1, 0, "ChallengeFailed"))
	change(status(1, 1, 0, "ChallengeFailed"), status(1, 1, 0, "Validating"))
	change(status(1, 1, 0, "Validating"), status(1, 3, 0, "RateLimited")) // One version was missed.
	change(status(1, 3, 0, "RateLimited"), status(1, 3, 1, "ServerUnreachable"))
	change(status(1, 3, 1, "Validating"), status(2, 0, 0, "Idle"))
	internal := by(v1alpha1.KindCertIssuer, "internal")
	change(status(0, 0, 0, "Unknown", internal), status(1, 0, 0, "Idle", internal))
	again := status(9, 9, 9, "Failed")
	again.UID = "2"
	change(status(2, 0, 0, "Idle"), again) // Another object of the name.

	if after := served(t, "tollgate_pod_hold_seconds")[0]; after == before {
		t.Errorf("tollgate_pod_hold_seconds stays %s", after)
	}
	for name, want := range map[string][]string{
		"tollgate_scheduling_gates_removed_total": {"Exempt: 1", "Ready: 2"},
		"tollgate_acme_requests_total":            {"directory error: 1", "newOrder 201: 1", "newOrder 429: 1"},
		"tollgate_acme_request_duration_seconds":  {"directory: 1", "newOrder: 2"},
		"tollgate_issuance_attempts_total": { // issuer_kind, issuer_name, issuer_namespace, result
			"CertIssuer internal shop Issued: 1",
			"ClusterCertIssuer letsencrypt  ChallengeFailed: 1",
			"ClusterCertIssuer letsencrypt  Issued: 2",
			"ClusterCertIssuer letsencrypt  RateLimited: 2",
			"ClusterCertIssuer letsencrypt  ServerUnreachable: 1",
		},
	} {
		if diff := cmp.Diff(want, served(t, name)); diff != "" {
			t.Errorf("unexpected %s (-want, +got):\n%s", name, diff)
		}
	}
}
