// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cycle

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/tollgate-dev/tollgate/test/feed"
)

// feeds are the informers of nodes, pods, volumes and claims, which come from function calls. All others are the factory's own.
type feeds struct {
	informers.SharedInformerFactory
	nodes, pods, volumes, claims *feed.Informer
}

func newFeeds(client kubernetes.Interface) *feeds {
	f := informers.NewSharedInformerFactory(client, 0)
	return &feeds{
		SharedInformerFactory: f,
		nodes: feed.Register(f, &corev1.Node{}, func(c kubernetes.Interface, resync time.Duration) cache.SharedIndexInformer {
			return coreinformers.NewNodeInformer(c, resync, feed.Namespaced())
		}),
		pods: feed.Register(f, &corev1.Pod{}, func(c kubernetes.Interface, resync time.Duration) cache.SharedIndexInformer {
			return coreinformers.NewPodInformer(c, metav1.NamespaceAll, resync, feed.Namespaced())
		}),
		volumes: feed.Register(f, &corev1.PersistentVolume{}, func(c kubernetes.Interface, resync time.Duration) cache.SharedIndexInformer {
			return coreinformers.NewPersistentVolumeInformer(c, resync, feed.Namespaced())
		}),
		claims: feed.Register(f, &corev1.PersistentVolumeClaim{}, func(c kubernetes.Interface, resync time.Duration) cache.SharedIndexInformer {
			return coreinformers.NewPersistentVolumeClaimInformer(c, metav1.NamespaceAll, resync, feed.Namespaced())
		}),
	}
}
