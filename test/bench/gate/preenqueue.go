// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	schedulerapi "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultbinder"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/queuesort"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
	tf "k8s.io/kubernetes/pkg/scheduler/testing/framework"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/plugins/certgate"
	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// preEnqueueRuns are enough for an interval.
const preEnqueueRuns = 6

// preEnqueue measures one call of PreEnqueue, which runs under the lock of the scheduling queue.
func (b *bench) preEnqueue(ctx context.Context) ([]measure.Entry, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	const few = 1000 // pods that are not held
	undeclared := numbered(newPods("undeclared", few, false))
	ready := numbered(newPods("ready", few, true))
	held := numbered(newPods("held", b.indexed, true))
	pl, err := newGate(ctx, ready, held)
	if err != nil {
		return nil, err
	}
	// Looks at each pod before the measurement, so that the held ones are in the index.
	for i, pods := range [][]*corev1.Pod{undeclared, ready, held} {
		for _, pod := range pods {
			if status := pl.PreEnqueue(ctx, pod); status.IsSuccess() == (i == 2) {
				return nil, fmt.Errorf("pod %s: PreEnqueue returned %v", pod.Name, status)
			}
		}
	}
	if err := setBenchTime(); err != nil {
		return nil, err
	}
	kinds := []struct {
		name       string
		pods       []*corev1.Pod
		ns, allocs []float64
	}{{name: "undeclared", pods: undeclared}, {name: "ready", pods: ready}, {name: "held", pods: held}}
	for range preEnqueueRuns {
		for i := range kinds {
			k := &kinds[i]
			r := testing.Benchmark(func(tb *testing.B) {
				tb.ReportAllocs()
				for i := 0; tb.Loop(); i++ {
					pl.PreEnqueue(ctx, k.pods[i%len(k.pods)])
				}
			})
			if err := complete(ctx, r); err != nil {
				return nil, fmt.Errorf("benchmarking PreEnqueue of %s pods: %w", k.name, err)
			}
			k.ns = append(k.ns, nsPerOp(r))
			k.allocs = append(k.allocs, float64(r.AllocsPerOp()))
		}
	}
	var entries []measure.Entry
	for _, k := range kinds {
		entries = append(entries,
			newEntry("preenqueue_ns/"+k.name, "ns", medianOf(k.ns), preEnqueueRuns),
			newEntry("preenqueue_allocs/"+k.name, "", medianOf(k.allocs), preEnqueueRuns))
	}
	return entries, nil
}

// newGate returns the plugin in a real framework, with a Secret for each ready pod and an expired one for each held pod. So a
// held pod takes all lookups and most checks; for one whose Secret is absent there is less to do.
func newGate(ctx context.Context, ready, held []*corev1.Pod) (fwk.PreEnqueuePlugin, error) {
	secrets, err := secretsOf(ready, held)
	if err != nil {
		return nil, err
	}
	metrics.Register()
	client := clientWith(secrets)
	shared := informers.NewSharedInformerFactory(client, 0)
	var plugin fwk.Plugin
	fw, err := tf.NewFramework(ctx, []tf.RegisterPluginFunc{
		tf.RegisterQueueSortPlugin(queuesort.Name, queuesort.New),
		tf.RegisterBindPlugin(defaultbinder.Name, defaultbinder.New),
		func(registry *frameworkruntime.Registry, p *schedulerapi.KubeSchedulerProfile) {
			tf.RegisterPluginAsExtensions(certgate.Name, func(ctx context.Context, _ runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
				var err error
				plugin, err = certgate.New(ctx, &config.CertGateArgs{Source: config.SourceSecrets}, h)
				return plugin, err
			})(registry, p)
			p.Plugins.MultiPoint.Enabled = append(p.Plugins.MultiPoint.Enabled, schedulerapi.Plugin{Name: certgate.Name})
		},
	}, schedulerName, frameworkruntime.WithClientSet(client), frameworkruntime.WithInformerFactory(shared))
	if err != nil {
		return nil, fmt.Errorf("building the framework: %w", err)
	}
	fw.SetPodActivator(idle{})
	pods := shared.Core().V1().Pods().Informer()
	shared.Start(ctx.Done())
	shared.WaitForCacheSync(ctx.Done())
	for _, pod := range append(append([]*corev1.Pod{}, ready...), held...) {
		if err := pods.GetIndexer().Add(pod); err != nil {
			return nil, fmt.Errorf("filling the pod lister: %w", err)
		}
	}
	gate := plugin.(fwk.PreEnqueuePlugin)
	return gate, awaitListed(ctx, gate, ready[0])
}

// clientWith is a client of an API server that has these Secrets, but for changes.
func clientWith(secrets *corev1.SecretList) *fake.Clientset {
	client := fake.NewClientset()
	client.PrependReactor("list", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, secrets.DeepCopy(), nil // the plugin may wipe what it gets
	})
	return client
}

// awaitListed waits until the plugin has listed the Secrets and so lets a pod go on.
func awaitListed(ctx context.Context, gate fwk.PreEnqueuePlugin, ready *corev1.Pod) error {
	err := wait.PollUntilContextTimeout(ctx, 10*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		return gate.PreEnqueue(ctx, ready).IsSuccess(), nil
	})
	if err != nil {
		return fmt.Errorf("waiting until the plugin has listed the Secrets: %w", err)
	}
	return nil
}

// setBenchTime sets how long each of the runs of a measure takes.
func setBenchTime() error {
	testing.Init()
	if err := flag.Set("test.benchtime", "300ms"); err != nil {
		return fmt.Errorf("setting how long a benchmark takes: %w", err)
	}
	return nil
}

// complete says whether a benchmark was stopped.
func complete(ctx context.Context, r testing.BenchmarkResult) error {
	if r.N == 0 || ctx.Err() != nil {
		return errors.Join(errors.New("stopped"), context.Cause(ctx))
	}
	return nil
}

func nsPerOp(r testing.BenchmarkResult) float64 { return float64(r.T.Nanoseconds()) / float64(r.N) }

func secretsOf(ready, held []*corev1.Pod) (*corev1.SecretList, error) {
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	list := &corev1.SecretList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}}
	for _, of := range []struct {
		pods    []*corev1.Pod
		expired bool
	}{{ready, false}, {held, true}} {
		for _, pod := range of.pods {
			i := len(list.Items)
			secret, err := ca.secret(pod.Namespace, "", pod.Name, i, of.expired)
			if err != nil {
				return nil, err
			}
			secret.UID, secret.ResourceVersion = types.UID(fmt.Sprintf("secret-%d", i)), "1"
			list.Items = append(list.Items, *secret)
		}
	}
	return list, nil
}

// numbered gives pods the UIDs that the API server would.
func numbered(pods []*corev1.Pod) []*corev1.Pod {
	for _, pod := range pods {
		pod.UID = types.UID("uid-" + pod.Name)
	}
	return pods
}

// idle stands for the queue: nothing is activated.
type idle struct{}

// Activate does nothing.
func (idle) Activate(klog.Logger, map[string]*corev1.Pod) {}
