// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var certManagerCertificates = kind{
	name:      "cert-manager Certificates",
	resources: []schema.GroupVersionResource{{Group: "cert-manager.io", Version: "v1", Resource: "certificates"}},
	read:      readCertManagerCertificate,
}

// certManagerPreamble begins the message of every failed issuance and says nothing more than "failed".
const certManagerPreamble = "The certificate request has failed to complete and will be retried: "

// readCertManagerCertificate reads a cert-manager Certificate. While cert-manager issues,
// the condition Issuing is True; after a failure it is False until the next attempt; after
// a success it is gone.
func readCertManagerCertificate(o *unstructured.Unstructured) []claim {
	who := "cert-manager Certificate " + quote(o.GetName())
	issuing, ready := conditionOf(o.Object, "Issuing"), conditionOf(o.Object, "Ready")
	attempts, _ := field(o.Object, "status", "failedIssuanceAttempts").(int64)
	var clause string
	switch {
	case issuing.status == "True":
		clause = who + " is issuing it" + brackets(join("; ", join(": ", "Issuing", issuing.String()), failedBefore(attempts)))
	case issuing.status == "False":
		issuing.message = strings.TrimPrefix(issuing.message, certManagerPreamble)
		if issuing.reason == "Failed" && issuing.message != "" {
			issuing.reason = "" // It adds nothing; that of an approval policy does.
		}
		clause = who + " failed to issue it" + brackets(join("; ", issuing.String(), nextAttempt(str(o.Object, "status", "lastFailureTime"), attempts)))
	case ready.status == "True":
		clause = who + " is Ready, so cert-manager should write it again; if it does not, check that cert-manager is running"
	case ready.status != "":
		clause = who + " is about to issue it" + brackets(join(": ", "Ready", ready.String()))
	default:
		clause = who + " waits for cert-manager, which has not looked at it yet; check that cert-manager is running"
	}
	return []claim{{secret: str(o.Object, "spec", "secretName"), clause: clause}}
}

// failedBefore says how many attempts in a row failed before the one that goes on.
func failedBefore(attempts int64) string {
	switch {
	case attempts <= 0:
		return ""
	case attempts == 1:
		return "the attempt before failed"
	}
	return fmt.Sprintf("%d attempts before failed", attempts)
}

// nextAttempt says when cert-manager tries again, with its default back-off: 1 h * 2^(attempts-1),
// at most 32 h, after the last failure (API reference of CertificateStatus.failedIssuanceAttempts).
// Releases that do not count attempts always wait 1 h.
func nextAttempt(lastFailure string, attempts int64) string {
	last, err := time.Parse(time.RFC3339, lastFailure)
	if err != nil {
		return ""
	}
	const doublings = 5 // 2^5 h = 32 h
	next := last.Add(time.Hour << min(max(attempts, 1)-1, doublings))
	return "next attempt at " + next.UTC().Format(time.RFC3339)
}
