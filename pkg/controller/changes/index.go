// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// anySecret finds all pods of an index. No Secret can have this name.
const anySecret = "*"

// PodIndex is the name of an index of the cached pods by Secrets. Its function is one of IndexBy.
type PodIndex string

// IndexBy returns the function of an index that holds the concerned pods under the names of these Secrets.
func IndexBy(concerned func(*corev1.Pod) bool, secrets func(*corev1.Pod) []string) client.IndexerFunc {
	return func(obj client.Object) []string {
		pod, ok := obj.(*corev1.Pod)
		if !ok || !concerned(pod) {
			return nil
		}
		return append([]string{anySecret}, secrets(pod)...)
	}
}

// Declared returns the names of the Secrets that a pod declares; none if the declaration is malformed, since then the pod
// waits for a change of itself.
func Declared(pod *corev1.Pod) []string {
	d, err := declare.Parse(pod)
	if err != nil {
		return nil
	}
	var names []string
	for _, r := range d.Requirements {
		names = append(names, r.SecretName)
	}
	return names
}

// Pods returns the pods of a Secret. An empty name means all pods of the index in the namespace, an empty namespace all
// namespaces. The pods are the cache's own and must not be changed.
func (x PodIndex) Pods(ctx context.Context, reader client.Reader, namespace, secret string) ([]corev1.Pod, error) {
	if secret == "" {
		secret = anySecret
	}
	var pods corev1.PodList
	err := reader.List(ctx, &pods, client.InNamespace(namespace), client.MatchingFields{string(x): secret}, client.UnsafeDisableDeepCopy)
	return pods.Items, err
}

// Requests returns a request for each of the Pods.
func (x PodIndex) Requests(ctx context.Context, reader client.Reader, namespace, secret string) ([]reconcile.Request, error) {
	pods, err := x.Pods(ctx, reader, namespace, secret)
	if err != nil {
		return nil, err
	}
	requests := make([]reconcile.Request, len(pods))
	for i := range pods {
		requests[i].NamespacedName = client.ObjectKeyFromObject(&pods[i])
	}
	return requests, nil
}
