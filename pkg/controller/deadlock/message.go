// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// maxListed bounds the pods and certificates that a message lists.
const maxListed = 3

// advice is what can be done: any one of it suffices.
const advice = "issue that certificate over dns-01 or from a CA issuer; or let the pod start without it (annotation " +
	declare.MaxWaitAnnotation + ", or " + declare.AllowTemporaryAnnotation + " and " + declare.OnExpiredAnnotation +
	": warn if the Secret has such a certificate); or exempt the pod's namespace or priority class in the gate's arguments; " +
	"or keep another replica running that does not wait"

func className(class string) string {
	if class == "" {
		return "Ingresses without a class"
	}
	return fmt.Sprintf("ingress class %q", class)
}

func backendsName(c *Certificate, services []string) string {
	return fmt.Sprintf("%s, which needs healthy pods behind Service %s in namespace %q,", className(c.Class), list(services), c.Name.Namespace)
}

// certificateText says to the certificates of the backend why they wait.
func certificateText(b *backend, certificates []Certificate, stuck []bool) string {
	var pods []string
	for i := range b.held {
		pods = append(pods, key(b.held[i].Pod.Pod).String())
	}
	verb := " is held until "
	if len(pods) > 1 {
		verb = " are held until "
	}
	return "no pod that serves " + b.name + " is running, so the CA's http-01 requests are not answered: " +
		list(pods) + verb + awaited(b.held, certificates, stuck)
}

// podText says to a pod of the backend why it waits.
func podText(b *backend, p *heldPod, certificates []Certificate, stuck []bool) string {
	return "deadlock: this pod serves " + b.name + " (it " + p.why + "), none that does is running, and it is held until " +
		awaited([]heldPod{*p}, certificates, stuck) + "; " + advice
}

// awaited names the stuck certificates for which the pods are held, and over what they are issued.
func awaited(pods []heldPod, certificates []Certificate, stuck []bool) string {
	var indices []int
	for i := range pods {
		for _, c := range pods[i].certificates {
			if stuck[c] {
				indices = append(indices, c)
			}
		}
	}
	slices.Sort(indices)
	indices = slices.Compact(indices)
	var names []string
	for _, i := range indices {
		c := &certificates[i]
		names = append(names, fmt.Sprintf("TLSCertificate %s fills secret %q over http-01 with %s",
			c.Name, types.NamespacedName{Namespace: c.Name.Namespace, Name: c.SecretName}.String(), c.via()))
	}
	return list(slices.Compact(names)) // a class may be that of one name and the default of another
}

// list shows three items and counts the rest.
func list(items []string) string {
	if len(items) > maxListed {
		return fmt.Sprintf("%s and %d more", strings.Join(items[:maxListed], ", "), len(items)-maxListed)
	}
	if n := len(items); n > 1 {
		return strings.Join(items[:n-1], ", ") + " and " + items[n-1]
	}
	return strings.Join(items, "")
}
