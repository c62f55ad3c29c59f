// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

// ReasonExempt is a reason of the condition beside those of packages podcondition and
// tlsready: the pod was held and no longer is, since it is exempt.
const ReasonExempt = "Exempt"

// leftFalse reports whether the condition of the pod is False.
func leftFalse(pod *corev1.Pod) bool {
	c := podcondition.Of(pod)
	return c != nil && c.Status == corev1.ConditionFalse
}

// fingerprintDigits are the hex digits of a certificate's SHA-256 that messages have.
const fingerprintDigits = 16

// conditionFor returns the condition of a pod with this verdict. A True one names the
// certificates, so that a reader of the condition alone can tell what it speaks of. It
// leaves out the versions of the Secrets: labelling one would rewrite all its pods.
func (r *reconciler) conditionFor(pod *corev1.Pod, v tlsready.Verdict) corev1.PodCondition {
	switch {
	case !v.Ready:
		return podcondition.False(v)
	case v.Reason == tlsready.WaitTimedOut:
		return podcondition.True(pod, string(tlsready.WaitTimedOut), v.Warning, v.RecheckAt)
	}
	message := "the pod names no TLS Secrets to wait for"
	if used := r.usedSecrets(pod); len(used) > 0 {
		parts := make([]string, len(used))
		for i, f := range used {
			parts[i] = f.Name
			if f.FingerprintSHA256 != "" {
				parts[i] = fmt.Sprintf("%s (certificate %.*s)", f.Name, fingerprintDigits, f.FingerprintSHA256)
			}
		}
		message = "Secrets usable: " + strings.Join(parts, ", ")
	}
	if v.Warning != "" {
		message += "; warning: " + v.Warning
	}
	return podcondition.True(pod, podcondition.ReasonUsable, message, v.RecheckAt)
}

// boundCondition returns the condition of a pod that is on a node although a Secret is not usable.
func boundCondition(pod *corev1.Pod, v tlsready.Verdict) corev1.PodCondition {
	message := "the pod is bound to a node; nothing holds it any longer, although: " + v.Message
	return podcondition.True(pod, podcondition.ReasonScheduled, message, time.Time{})
}

// ungatedCondition returns the condition of a pod that was held and no longer has a reason to be.
func ungatedCondition(pod *corev1.Pod) corev1.PodCondition {
	if declare.Declared(pod) {
		return podcondition.True(pod, ReasonExempt, "the pod's namespace or priority class is exempt; nothing holds it", time.Time{})
	}
	return podcondition.True(pod, podcondition.ReasonNotDeclared, "the pod declares no TLS Secrets", time.Time{})
}

// usedSecrets returns the facts of the TLS Secrets that the pod declares and that exist.
func (r *reconciler) usedSecrets(pod *corev1.Pod) []*tlsready.Facts {
	d, err := declare.Parse(pod)
	if err != nil {
		return nil
	}
	var used []*tlsready.Facts
	for _, requirement := range d.Requirements {
		if facts, state := r.secrets.Get(pod.Namespace, requirement.SecretName); state == tlssecrets.Found {
			used = append(used, facts)
		}
	}
	return used
}
