// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Limits of one look. What exceeds them is not looked at, so that nothing wrong is said.
const (
	// pageSize is the number of objects asked for at once.
	pageSize = 500
	// maxPages bounds one list: 10,000 objects.
	maxPages = 20
	// maxSelectors bounds the lists of pods that share a mark.
	maxSelectors = 50
	// maxNamespaces bounds the namespaces whose Services are read.
	maxNamespaces = 20
)

// solvers reads cert-manager's solver pods that are held.
func (r *reader) solvers(ctx context.Context, now time.Time) ([]Pod, error) {
	var solvers []Pod
	err := r.pods(ctx, func(pod *corev1.Pod) bool {
		if names := r.awaits(pod, now); len(names) > 0 {
			solvers = append(solvers, Pod{Pod: pod, Awaits: names})
		}
		return true
	}, client.MatchingLabels{SolverLabel: "true"})
	return solvers, err
}

// livePods reads the pods with the UIDs that are still held.
func (r *reader) livePods(ctx context.Context, uids map[types.UID]bool, now time.Time) ([]Pod, error) {
	var pods []Pod
	left := len(uids)
	err := r.pods(ctx, func(pod *corev1.Pod) bool {
		if uids[pod.UID] {
			left--
			if names := r.awaits(pod, now); len(names) > 0 {
				pods = append(pods, Pod{Pod: pod, Awaits: names})
			}
		}
		return left > 0
	}, client.MatchingFields{"spec.nodeName": ""})
	return pods, err
}

// pods calls each for the pods that the options select, until it returns false or the limit is reached.
func (r *reader) pods(ctx context.Context, each func(*corev1.Pod) bool, options ...client.ListOption) error {
	return pages(ctx, r.live, &corev1.PodList{}, func(page *corev1.PodList) bool {
		for i := range page.Items {
			if !each(&page.Items[i]) {
				return false
			}
		}
		return true
	}, options...)
}

// pages reads a list page by page, and calls each for every page until it returns false.
func pages[L client.ObjectList](ctx context.Context, from client.Reader, empty L, each func(L) bool, options ...client.ListOption) error {
	token := ""
	for range maxPages {
		page := empty.DeepCopyObject().(L) // decoding into the page before would mix the two
		if err := from.List(ctx, page, append(slices.Clone(options), client.Limit(pageSize), client.Continue(token))...); err != nil {
			return fmt.Errorf("listing %T: %w", page, err)
		}
		token = page.GetContinue()
		if !each(page) || token == "" {
			return nil
		}
	}
	return nil
}

// ingresses reads classes, Ingresses and Services, as far as the pods may depend on them.
func (r *reader) ingresses(ctx context.Context, in *Inputs) error {
	if !slices.ContainsFunc(in.Certificates, func(c Certificate) bool { return len(c.Gateways) == 0 }) {
		return nil
	}
	var classes networkingv1.IngressClassList
	if err := r.live.List(ctx, &classes); err != nil {
		return fmt.Errorf("listing IngressClasses: %w", err)
	}
	in.Classes = classes.Items
	withDefault(in.Certificates, in.Classes)

	inUse, namespaces := map[string]bool{}, map[string]bool{}
	for _, c := range in.Certificates {
		if len(c.Gateways) > 0 {
			continue
		}
		inUse[c.Class] = true
		if needsBackends(c.Class, in.classNamed(c.Class)) {
			namespaces[c.Name.Namespace] = true
		}
	}
	// Only the namespaces of the pods matter: a Secret, and so its TLSCertificate, is in the namespace of the pod.
	occupied := map[string]bool{}
	for _, p := range in.Pods {
		occupied[p.Namespace] = true
	}
	maps.DeleteFunc(namespaces, func(namespace string, _ bool) bool { return !occupied[namespace] })
	if err := r.services(ctx, in, namespaces); err != nil {
		return err
	}
	if !slices.ContainsFunc(in.Pods, func(p Pod) bool {
		return slices.ContainsFunc(in.Services, func(s corev1.Service) bool { return selects(&s, p.Pod) })
	}) {
		return nil
	}
	return pages(ctx, r.live, &networkingv1.IngressList{}, func(page *networkingv1.IngressList) bool {
		for i := range page.Items {
			if inUse[classOf(&page.Items[i])] {
				in.Ingresses = append(in.Ingresses, page.Items[i])
			}
		}
		return true
	})
}

// services reads the Services of type LoadBalancer, and all of the namespaces.
func (r *reader) services(ctx context.Context, in *Inputs, namespaces map[string]bool) error {
	seen := map[types.NamespacedName]bool{}
	keep := func(page *corev1.ServiceList) bool {
		for i := range page.Items {
			if name := client.ObjectKeyFromObject(&page.Items[i]); !seen[name] {
				seen[name] = true
				in.Services = append(in.Services, page.Items[i])
			}
		}
		return true
	}
	if err := pages(ctx, r.live, &corev1.ServiceList{}, keep, client.MatchingFields{"spec.type": string(corev1.ServiceTypeLoadBalancer)}); err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(namespaces))
	for _, namespace := range names[:min(len(names), maxNamespaces)] {
		if err := pages(ctx, r.live, &corev1.ServiceList{}, keep, client.InNamespace(namespace)); err != nil {
			return err
		}
	}
	return nil
}

// siblings adds the pods that share a mark with a held pod: one of them may be running. Pods whose siblings are
// too many to look for are left out.
func (r *reader) siblings(ctx context.Context, in *Inputs) error {
	backends, _ := in.allBackends(in.Certificates)
	groups := map[string]mark{}
	of := map[types.UID][]string{}
	for _, p := range in.Pods {
		for _, b := range backends {
			for _, m := range b.marks(p.Pod) {
				groups[m.key()] = m
				of[p.UID] = append(of[p.UID], m.key())
			}
		}
	}
	looked := map[string]bool{}
	found := map[types.UID]*corev1.Pod{}
	keys := slices.Sorted(maps.Keys(groups))
	for _, k := range keys[:min(len(keys), maxSelectors)] {
		m := groups[k]
		err := r.pods(ctx, func(pod *corev1.Pod) bool {
			if running(pod) {
				found[pod.UID] = pod
			}
			return true
		}, client.InNamespace(m.namespace), client.MatchingLabels(m.selector))
		if err != nil {
			return err
		}
		looked[k] = true
	}
	in.Pods = slices.DeleteFunc(in.Pods, func(p Pod) bool {
		return slices.ContainsFunc(of[p.UID], func(k string) bool { return !looked[k] })
	})
	for _, uid := range slices.Sorted(maps.Keys(found)) {
		in.Pods = slices.DeleteFunc(in.Pods, func(p Pod) bool { return p.UID == uid }) // it has just been bound
		in.Pods = append(in.Pods, Pod{Pod: found[uid]})
	}
	slices.SortFunc(in.Pods, func(a, b Pod) int { return cmp.Compare(a.UID, b.UID) })
	return nil
}

// key tells marks with different pods apart.
func (m *mark) key() string {
	return strings.Join([]string{m.namespace, labels.Set(m.selector).String()}, "/")
}
