// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/component-base/cli"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/cmd/kube-scheduler/app"

	_ "github.com/tollgate-dev/tollgate/pkg/apis/config/scheme" // CostScoreArgs
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/plugins/costscore"
)

// plainName of the plugin that stands where CertGate stands otherwise.
const plainName = "PlainSecrets"

// plainSecrets holds pods until the Secrets are listed and the declared one is there. It watches the same Secrets as
// CertGate, with an ordinary informer that keeps them whole.
type plainSecrets struct {
	handle  fwk.Handle
	secrets corelisters.SecretLister
	synced  cache.InformerSynced

	mu   sync.Mutex
	held map[string]*corev1.Pod // by UID
}

var (
	_ fwk.PreEnqueuePlugin  = &plainSecrets{}
	_ fwk.EnqueueExtensions = &plainSecrets{}
)

func newPlainSecrets(ctx context.Context, _ runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
	factory := informers.NewSharedInformerFactoryWithOptions(h.ClientSet(), 0, informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector("type", string(corev1.SecretTypeTLS)).String()
	}))
	secrets := factory.Core().V1().Secrets()
	pl := &plainSecrets{handle: h, secrets: secrets.Lister(), synced: secrets.Informer().HasSynced, held: map[string]*corev1.Pod{}}
	factory.Start(ctx.Done())
	go func() {
		if cache.WaitForCacheSync(ctx.Done(), pl.synced) {
			pl.wake(klog.FromContext(ctx))
		}
	}()
	return pl, nil
}

// Name returns the name of the plugin.
func (pl *plainSecrets) Name() string { return plainName }

// EventsToRegister registers nothing.
func (pl *plainSecrets) EventsToRegister(context.Context) ([]fwk.ClusterEventWithHint, error) {
	return nil, nil
}

// PreEnqueue holds declared pods.
func (pl *plainSecrets) PreEnqueue(_ context.Context, pod *corev1.Pod) *fwk.Status {
	secret, declared := pod.Annotations[declare.RequireTLSAnnotation]
	if !declared {
		return nil
	}
	pl.mu.Lock()
	pl.held[string(pod.UID)] = pod // before looking, so that wake misses none
	pl.mu.Unlock()
	if !pl.synced() {
		return fwk.NewStatus(fwk.UnschedulableAndUnresolvable, "the Secrets are not listed")
	}
	if _, err := pl.secrets.Secrets(pod.Namespace).Get(secret); err != nil {
		return fwk.NewStatus(fwk.UnschedulableAndUnresolvable, err.Error())
	}
	return nil
}

// wake activates the held pods. There are none before the queue runs, which is when the activator is set.
func (pl *plainSecrets) wake(logger klog.Logger) {
	pl.mu.Lock()
	pods := maps.Clone(pl.held)
	pl.mu.Unlock()
	if len(pods) > 0 {
		pl.handle.Activate(logger, pods)
	}
}

// runPlainScheduler is a kube-scheduler with CostScore and plainSecrets.
func runPlainScheduler(args []string) int {
	command := app.NewSchedulerCommand(app.WithPlugin(plainName, newPlainSecrets), app.WithPlugin(costscore.Name, costscore.New))
	command.SetArgs(args)
	if err := cli.RunNoErrOutput(command); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		return 1
	}
	return 0
}
