// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Result says what is deadlocked, and what to do about it.
type Result struct {
	// Certificates and Pods have a message for each that is part of a deadlock.
	Certificates, Pods map[types.NamespacedName]string
}

// backend is what the CA's requests have to pass: of its pods one must run.
//
// Ingress classes, Gateways and the backends of a host are such.
type backend struct {
	// name, such as `ingress class "nginx"`.
	name string
	// marks returns why a pod belongs to the backend.
	marks func(*corev1.Pod) []mark
	// running is true if a pod of it runs.
	running bool
	held    []heldPod
	stuck   bool
}

// heldPod is a pod of a backend that waits for certificates, given by their positions.
type heldPod struct {
	Pod
	why          string
	certificates []int
}

// Decide finds the certificates that cannot be issued since what answers for them is held, and the pods that
// are held for them.
//
// A certificate is stuck if one of its backends is. A backend is stuck if it has pods, none of them runs and
// one of them is held for a stuck certificate. Everything is taken to be stuck until the opposite is shown, so
// that circles of any length are found, and what hangs on them.
func Decide(in *Inputs) Result {
	certificates := slices.Clone(in.Certificates)
	slices.SortFunc(certificates, func(a, b Certificate) int {
		return cmp.Or(compareNames(a.Name, b.Name), cmp.Compare(a.via(), b.via()), slices.Compare(a.Hosts, b.Hosts))
	})
	backends, of := in.allBackends(certificates)
	in.populate(backends, certificates)

	stuck := make([]bool, len(certificates))
	for i := range stuck {
		stuck[i] = true
	}
	for changed := true; changed; {
		changed = false
		for _, b := range backends {
			b.stuck = !b.running && slices.ContainsFunc(b.held, func(p heldPod) bool { return p.stuck(stuck) })
		}
		for i := range stuck {
			if stuck[i] && !slices.ContainsFunc(of[i], func(b *backend) bool { return b.stuck }) {
				stuck[i], changed = false, true
			}
		}
	}

	r := Result{Certificates: map[types.NamespacedName]string{}, Pods: map[types.NamespacedName]string{}}
	for _, b := range backends {
		b.held = slices.DeleteFunc(b.held, func(p heldPod) bool { return !p.stuck(stuck) })
	}
	texts, parts := map[*backend]string{}, map[types.NamespacedName][]string{}
	for i := range certificates {
		if !stuck[i] {
			continue
		}
		for _, b := range of[i] {
			if !b.stuck {
				continue
			}
			if texts[b] == "" {
				texts[b] = certificateText(b, certificates, stuck)
			}
			name := certificates[i].Name
			parts[name] = append(parts[name], texts[b])
		}
	}
	for name, texts := range parts {
		r.Certificates[name] = strings.Join(slices.Compact(texts), "; ") + "; " + advice
	}
	for _, b := range backends {
		for _, p := range b.held {
			if b.stuck && r.Pods[key(p.Pod.Pod)] == "" {
				r.Pods[key(p.Pod.Pod)] = podText(b, &p, certificates, stuck)
			}
		}
	}
	in.addSolvers(r.Pods)
	return r
}

// stuck reports whether the pod is held for a certificate that is stuck.
func (p *heldPod) stuck(stuck []bool) bool {
	return slices.ContainsFunc(p.certificates, func(i int) bool { return stuck[i] })
}

// allBackends returns the backends of all certificates, sorted, and those of each.
func (in *Inputs) allBackends(certificates []Certificate) (all []*backend, of [][]*backend) {
	known := map[string]*backend{}
	get := func(key, name string, marks func(*corev1.Pod) []mark) *backend {
		if known[key] == nil {
			known[key] = &backend{name: name, marks: marks}
			all = append(all, known[key])
		}
		return known[key]
	}
	of = make([][]*backend, len(certificates))
	for i := range certificates {
		c := &certificates[i]
		if len(c.Gateways) > 0 {
			of[i] = append(of[i], get(fmt.Sprint(c.Gateways), c.via(), func(p *corev1.Pod) []mark { return marksOfGateways(c.Gateways, p) }))
			continue
		}
		of[i] = append(of[i], get(c.Class, c.via(), func(p *corev1.Pod) []mark { return in.marksOfClass(c.Class, p) }))
		if !needsBackends(c.Class, in.classNamed(c.Class)) {
			continue
		}
		if services := in.servicesBehind(c); len(services) > 0 {
			name := backendsName(c, services)
			of[i] = append(of[i], get(name, name, func(p *corev1.Pod) []mark {
				return in.marksOfServices(c.Name.Namespace, services, p)
			}))
		}
	}
	slices.SortStableFunc(all, func(a, b *backend) int { return cmp.Compare(a.name, b.name) })
	return all, of
}

// populate puts the pods into the backends.
func (in *Inputs) populate(backends []*backend, certificates []Certificate) {
	writers := map[types.NamespacedName][]int{} // by Secret
	for i := range certificates {
		secret := types.NamespacedName{Namespace: certificates[i].Name.Namespace, Name: certificates[i].SecretName}
		writers[secret] = append(writers[secret], i)
	}
	pods := slices.Clone(in.Pods)
	slices.SortFunc(pods, func(a, b Pod) int { return compareNames(key(a.Pod), key(b.Pod)) })
	for _, p := range pods {
		up := running(p.Pod)
		held := heldPod{Pod: p}
		for _, secret := range p.Awaits {
			held.certificates = append(held.certificates, writers[types.NamespacedName{Namespace: p.Namespace, Name: secret}]...)
		}
		if !up && (len(held.certificates) == 0 || p.Spec.NodeName != "" || finished(p.Pod)) {
			continue
		}
		for _, b := range backends {
			if b.running {
				continue
			}
			if marks := b.marks(p.Pod); len(marks) > 0 {
				held.why = marks[0].why
				b.running = up
				if !up {
					b.held = append(b.held, held)
				}
			}
		}
	}
}

func compareNames(a, b types.NamespacedName) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}
