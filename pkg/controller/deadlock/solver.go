// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/text"
)

// SolverLabel is "true" on the pods with which cert-manager answers http-01 challenges.
const SolverLabel = "acme.cert-manager.io/http01-solver"

// domainArgument of a solver pod names the domain. Nothing else of its arguments may be shown: they hold the
// token and its key authorization.
const domainArgument = "--domain="

// addSolvers adds a message for each solver pod that is held.
func (in *Inputs) addSolvers(messages map[types.NamespacedName]string) {
	for _, p := range in.Solvers {
		if p.Labels[SolverLabel] == "true" && len(p.Awaits) > 0 && p.Spec.NodeName == "" && !finished(p.Pod) &&
			!in.Now.Before(p.CreationTimestamp.Add(patience)) {
			messages[key(p.Pod)] = solverText(&p)
		}
	}
}

func solverText(p *Pod) string {
	domain := ""
	if d := domainOf(p.Pod); d != "" {
		domain = fmt.Sprintf(" for %q", d)
	}
	return fmt.Sprintf("deadlock: this pod answers a challenge of cert-manager over http-01%s, which it cannot while it is held until secret %s "+
		"can be used; remove annotation %s from the solver's podTemplate in the issuer; or exempt the pod's namespace or priority class "+
		"in the gate's arguments; or issue over dns-01", domain, quoted(p), annotations(p.Pod))
}

// annotations names those with which the pod declares.
func annotations(p *corev1.Pod) string {
	var found []string
	for _, name := range []string{declare.RequireTLSAnnotation, declare.RequirementsAnnotation} {
		if _, ok := p.Annotations[name]; ok {
			found = append(found, name)
		}
	}
	return list(found)
}

func quoted(p *Pod) string {
	var names []string
	for _, name := range p.Awaits {
		names = append(names, fmt.Sprintf("%q", p.Namespace+"/"+name))
	}
	return list(names)
}

// domainOf returns the domain that a solver pod answers for; empty if it does not say.
func domainOf(p *corev1.Pod) string {
	for _, c := range p.Spec.Containers {
		for _, a := range c.Args {
			if domain, ok := strings.CutPrefix(a, domainArgument); ok {
				return text.Clip(domain, 253) // the longest DNS name (RFC 1035 section 2.3.4)
			}
		}
	}
	return ""
}
