// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var created = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// createdPod is annotated for a pod that exists since created.
func createdPod(keysAndValues ...string) *corev1.Pod {
	pod := annotated(keysAndValues...)
	pod.CreationTimestamp = metav1.NewTime(created)
	return pod
}

func TestPolicy(t *testing.T) {
	tests := map[string]struct {
		pod  *corev1.Pod
		want Declaration
	}{
		"alone they declare nothing, well-formed or not": {
			pod: createdPod(OnExpiredAnnotation, "warn", AllowTemporaryAnnotation, "maybe", MaxWaitAnnotation, "15m"),
		},
		"all": {
			pod: createdPod(RequireTLSAnnotation, "a,b", RequirementsAnnotation, `[{"secretName":"b","usage":"client"}]`,
				OnExpiredAnnotation, " warn ", AllowTemporaryAnnotation, "true", MaxWaitAnnotation, "15m"),
			want: Declaration{Deadline: created.Add(15 * time.Minute), Requirements: []Requirement{
				{SecretName: "a", WarnExpired: true, AllowTemporary: true},
				{SecretName: "b", WarnExpired: true, AllowTemporary: true, Usage: UsageClient},
			}},
		},
		"the defaults, written out": {
			pod:  createdPod(RequireTLSAnnotation, "a", OnExpiredAnnotation, "block", AllowTemporaryAnnotation, "false"),
			want: Declaration{Requirements: []Requirement{{SecretName: "a"}}},
		},
		"the longest wait": {
			pod:  createdPod(RequireTLSAnnotation, "a", MaxWaitAnnotation, "720h"),
			want: Declaration{Deadline: created.AddDate(0, 0, 30), Requirements: []Requirement{{SecretName: "a"}}},
		},
		"a pod that was not created yet has no deadline": {
			pod:  annotated(RequireTLSAnnotation, "a", MaxWaitAnnotation, "15m"),
			want: Declaration{Requirements: []Requirement{{SecretName: "a"}}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(tt.pod)
			if err != nil {
				t.Fatalf("Parse() = %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("unexpected declaration (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestPolicyErrors(t *testing.T) {
	tests := map[string]struct {
		key, value, want string
	}{
		"empty on-expired": {OnExpiredAnnotation, "", `"" is not one of "block", "warn"`},
		"on-expired":       {OnExpiredAnnotation, "Warn", `"Warn" is not one of "block", "warn" (did you mean "warn"?)`},
		"allow-temporary":  {AllowTemporaryAnnotation, "yes\n!", `"yes\n!" is not one of "false", "true"`},
		"empty max-wait":   {MaxWaitAnnotation, "", `"" is not a duration; want hours, minutes and seconds, such as "1h30m" (a day is "24h")`},
		"max-wait":         {MaxWaitAnnotation, "15", `"15" is not a duration; want hours, minutes and seconds, such as "1h30m" (a day is "24h")`},
		"max-wait of 0":    {MaxWaitAnnotation, "0", `"0" is out of range; want more than "0s" and at most "720h"`},
		"long max-wait":    {MaxWaitAnnotation, "721h", `"721h" is out of range; want more than "0s" and at most "720h"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			checkError(t, createdPod(RequireTLSAnnotation, "a", tt.key, tt.value), "annotation "+tt.key+": "+tt.want)
		})
	}
}
