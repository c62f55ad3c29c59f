// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

var start = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// release are the labels of a chart's release, with more in pairs.
func release(name string, more ...string) map[string]string {
	all := map[string]string{nameLabel: name, instanceLabel: name}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

func ingressClass(name string, labels map[string]string) networkingv1.IngressClass {
	return networkingv1.IngressClass{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec:       networkingv1.IngressClassSpec{Controller: "example.com/" + name},
	}
}

// cert is TLSCertificate namespace/name, which fills name-tls over the class.
func cert(namespace, name, class string) Certificate {
	return Certificate{
		Name: types.NamespacedName{Namespace: namespace, Name: name}, SecretName: name + "-tls",
		Class: class, Hosts: []string{name + ".example.com"},
	}
}

type podOption func(*corev1.Pod)

func newPod(namespace, name string, options ...podOption) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: types.UID(namespace + "/" + name), CreationTimestamp: metav1.NewTime(start.Add(-time.Hour)),
	}}
	for _, o := range options {
		o(p)
	}
	return p
}

// up is a pod on a node.
func up(namespace, name string, options ...podOption) Pod {
	p := newPod(namespace, name, options...)
	p.Spec.NodeName = "node"
	return Pod{Pod: p}
}

// held is a pod that waits for Secrets.
func held(awaits []string, namespace, name string, options ...podOption) Pod {
	return Pod{Pod: newPod(namespace, name, options...), Awaits: awaits}
}

func labelled(labels map[string]string) podOption {
	return func(p *corev1.Pod) { p.Labels = labels }
}

func args(args ...string) podOption {
	return func(p *corev1.Pod) {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "main", Args: args})
	}
}

func requires(value string) podOption {
	return func(p *corev1.Pod) { p.Annotations = map[string]string{declare.RequireTLSAnnotation: value} }
}

func deleting(p *corev1.Pod) {
	p.DeletionTimestamp = &metav1.Time{Time: start}
	p.Finalizers = []string{"example.com/wait"}
}

func phase(phase corev1.PodPhase) podOption { return func(p *corev1.Pod) { p.Status.Phase = phase } }

func ofAJob(p *corev1.Pod) {
	controller := true
	p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: "hook", UID: "hook", Controller: &controller}}
}

func service(namespace, name string, selector map[string]string, addresses ...string) corev1.Service {
	s := corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeClusterIP, Selector: selector},
	}
	for _, ip := range addresses {
		s.Spec.Type = corev1.ServiceTypeLoadBalancer
		s.Status.LoadBalancer.Ingress = append(s.Status.LoadBalancer.Ingress, corev1.LoadBalancerIngress{IP: ip})
	}
	return s
}

func ingress(namespace, name, class, host, service string, addresses ...string) networkingv1.Ingress {
	i := networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: networkingv1.IngressSpec{IngressClassName: &class, Rules: []networkingv1.IngressRule{{
			Host: host,
			IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{
				Path: "/", Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: service}},
			}}}},
		}}},
	}
	for _, ip := range addresses {
		i.Status.LoadBalancer.Ingress = append(i.Status.LoadBalancer.Ingress, networkingv1.IngressLoadBalancerIngress{IP: ip})
	}
	return i
}
