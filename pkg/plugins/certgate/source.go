// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"context"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

// source tells whether what a pod declares is usable.
type source interface {
	// Evaluate does not block: it is called with the queue's lock held.
	Evaluate(pod *v1.Pod, d declare.Declaration, now time.Time) tlsready.Verdict
	// Changed says whether an update of the pod itself may change the verdict, its annotations aside.
	Changed(oldPod, newPod *v1.Pod) bool
}

// fromSecrets judges by the Secrets themselves.
type fromSecrets struct {
	*tlssecrets.Source
}

func (s fromSecrets) Evaluate(pod *v1.Pod, d declare.Declaration, now time.Time) tlsready.Verdict {
	return s.Source.Evaluate(pod.Namespace, d, now)
}

func (fromSecrets) Changed(_, _ *v1.Pod) bool {
	return false
}

// fromPodCondition trusts what the controller has written on the pod.
type fromPodCondition struct{}

func (fromPodCondition) Evaluate(pod *v1.Pod, d declare.Declaration, now time.Time) tlsready.Verdict {
	return tlsready.Timeout(podcondition.Read(pod, now), d.Deadline, now)
}

func (fromPodCondition) Changed(oldPod, newPod *v1.Pod) bool {
	before, after := podcondition.Of(oldPod), podcondition.Of(newPod)
	if before == nil || after == nil {
		return before != after
	}
	return before.Status != after.Status || before.Reason != after.Reason || before.Message != after.Message
}

// Limits of the plugin's own client. Reading Secrets and writing Events must not take turns
// with the binding of pods, so they have a limit of their own.
const (
	clientQPS   = 50
	clientBurst = 100
)

// ownClient returns a client with a rate limit of its own where the handle says how to reach
// the API server, else the handle's client.
func ownClient(h fwk.Handle) (kubernetes.Interface, error) {
	if h.KubeConfig() == nil {
		return h.ClientSet(), nil
	}
	c := rest.AddUserAgent(rest.CopyConfig(h.KubeConfig()), "certgate")
	c.QPS, c.Burst, c.RateLimiter = clientQPS, clientBurst, nil
	client, err := kubernetes.NewForConfig(c)
	if err != nil {
		return nil, fmt.Errorf("making the client of %s: %w", Name, err)
	}
	return client, nil
}

// watch connects the plugin to its sources of change and starts its goroutines, which end with ctx.
func (pl *CertGate) watch(ctx context.Context, factory informers.SharedInformerFactory, client kubernetes.Interface, clk clock.WithTicker, args *config.CertGateArgs) error {
	pods := factory.Core().V1().Pods()
	pl.pods = pods.Lister()
	if _, err := pods.Informer().AddEventHandler(pl.podHandler()); err != nil {
		return fmt.Errorf("adding a handler to the pod informer: %w", err)
	}
	switch args.Source {
	case config.SourcePodCondition:
		pl.source = fromPodCondition{}
	default:
		secrets := tlssecrets.New(client, clk, tlssecrets.Options{Namespaces: args.Namespaces})
		secrets.OnChange(pl.waker.secretChanged)
		pl.source = fromSecrets{secrets}
		watches.add(ctx, secrets)
		go secrets.Run(ctx)
	}
	go pl.waker.run(ctx)
	go pl.teller.run(ctx)
	return nil
}
