// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/ktesting"
	fwk "k8s.io/kube-scheduler/framework"
	schedulerapi "k8s.io/kubernetes/pkg/scheduler/apis/config"
	internalqueue "k8s.io/kubernetes/pkg/scheduler/backend/queue"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultbinder"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/queuesort"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
	tf "k8s.io/kubernetes/pkg/scheduler/testing/framework"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	_ "github.com/tollgate-dev/tollgate/pkg/apis/config/scheme"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

const (
	namespace = "shop"
	profile   = "tollgate"
	// patience is how long a test waits for something that must happen.
	patience = time.Minute
)

// start is the time of the plugin's clock when a test begins.
var start = time.Date(2026, 11, 20, 14, 0, 0, 0, time.UTC)

// harness is the plugin in a real framework, on a real queue that is fed by a pod informer.
type harness struct {
	t       *testing.T
	ctx     context.Context
	cancel  context.CancelFunc
	logger  klog.Logger
	clock   *testingclock.FakeClock
	client  *fake.Clientset
	fw      framework.Framework
	pl      *CertGate
	queue   *internalqueue.PriorityQueue
	shared  informers.SharedInformerFactory
	ca      *tlstest.CA
	args    *config.CertGateArgs
	stopped sync.Once
	// pods and versions number what the test creates.
	pods, versions atomic.Int64
	popped         chan *framework.QueuedPodInfo
	asking         chan struct{}
	asked          bool // and not popped yet
	// activations counts the calls of Activate that have returned.
	activations atomic.Int64
}

// Activate is the queue's, counted.
func (h *harness) Activate(logger klog.Logger, pods map[string]*v1.Pod) {
	h.queue.Activate(logger, pods)
	h.activations.Add(1)
}

// newHarness starts everything. Reactors, if any, stand before the fake API server.
func newHarness(t *testing.T, reactors ...clienttesting.Reactor) *harness {
	t.Helper()
	return newHarnessWith(t, &config.CertGateArgs{}, reactors...)
}

// newHarnessWith starts everything with arguments of the plugin; the source is Secrets by default.
func newHarnessWith(t *testing.T, args *config.CertGateArgs, reactors ...clienttesting.Reactor) *harness {
	t.Helper()
	return newHarnessBeside(t, nil, args, reactors...)
}

// newHarnessBeside starts everything with other plugins, which come before the plugin.
func newHarnessBeside(t *testing.T, others []tf.RegisterPluginFunc, args *config.CertGateArgs, reactors ...clienttesting.Reactor) *harness {
	t.Helper()
	args.Source = cmp.Or(args.Source, config.SourceSecrets)
	metrics.Register()
	logger, ctx := ktesting.NewTestContext(t)
	ctx, cancel := context.WithCancel(ctx)
	h := &harness{
		t: t, ctx: ctx, cancel: cancel, logger: logger,
		clock:  testingclock.NewFakeClock(start),
		client: fake.NewClientset(),
		ca:     tlstest.NewCA(t),
		popped: make(chan *framework.QueuedPodInfo),
		asking: make(chan struct{}, 1),
		args:   args,
	}
	h.client.ReactionChain = append(reactors, h.client.ReactionChain...)
	podsWatched, secretsWatched := h.watched("pods"), h.watched("secrets")
	h.shared = informers.NewSharedInformerFactory(h.client, 0)

	recorder := metrics.NewMetricsAsyncRecorder(10, time.Millisecond, ctx.Done())
	var err error
	h.fw, err = tf.NewFramework(ctx, append([]tf.RegisterPluginFunc{
		tf.RegisterQueueSortPlugin(queuesort.Name, queuesort.New),
		tf.RegisterBindPlugin(defaultbinder.Name, defaultbinder.New),
	}, append(others, h.register)...), profile, frameworkruntime.WithClientSet(h.client), frameworkruntime.WithInformerFactory(h.shared),
		frameworkruntime.WithMetricsRecorder(recorder), frameworkruntime.WithWaitingPods(frameworkruntime.NewWaitingPodsMap()))
	if err != nil {
		t.Fatalf("Failed to build the framework: %v", err)
	}
	gates := map[string]fwk.PreEnqueuePlugin{}
	for _, pl := range h.fw.PreEnqueuePlugins() {
		gates[pl.Name()] = pl
	}
	if len(gates) != 1 {
		t.Fatalf("The framework has PreEnqueue plugins %v, want CertGate alone", gates)
	}
	h.queue = internalqueue.NewPriorityQueue(h.fw.QueueSortFunc(), h.shared,
		internalqueue.WithPreEnqueuePluginMap(map[string]map[string]fwk.PreEnqueuePlugin{profile: gates}),
		internalqueue.WithQueueingHintMapPerProfile(internalqueue.QueueingHintMapPerProfile{profile: {}}),
		internalqueue.WithMetricsRecorder(recorder),
		internalqueue.WithPodInitialBackoffDuration(time.Millisecond),
		internalqueue.WithPodMaxBackoffDuration(time.Millisecond),
	)
	h.fw.SetPodActivator(h)
	h.feedQueue()
	h.shared.Start(ctx.Done())
	h.shared.WaitForCacheSync(ctx.Done())
	t.Cleanup(h.stop)
	h.wait(podsWatched)
	if len(reactors) == 0 && args.Source == config.SourceSecrets {
		h.wait(secretsWatched)
		h.eventually("the Secrets are listed", func() bool { return h.source().Status() == nil })
	}
	go h.pop()
	return h
}

// register enables the plugin at all its extension points.
func (h *harness) register(registry *frameworkruntime.Registry, p *schedulerapi.KubeSchedulerProfile) {
	factory := func(ctx context.Context, _ runtime.Object, handle fwk.Handle) (fwk.Plugin, error) {
		var err error
		h.pl, err = newPlugin(ctx, h.args, handle, h.clock)
		return h.pl, err
	}
	tf.RegisterPluginAsExtensions(Name, factory)(registry, p)
	p.Plugins.MultiPoint.Enabled = append(p.Plugins.MultiPoint.Enabled, schedulerapi.Plugin{Name: Name})
}

// watched returns a channel that is closed once the resource is being watched. Before that,
// the fake API server loses changes that a real one would replay.
func (h *harness) watched(resource string) <-chan struct{} {
	done := make(chan struct{})
	var once sync.Once
	h.client.PrependWatchReactor(resource, func(action clienttesting.Action) (bool, watch.Interface, error) {
		w, err := h.client.Tracker().Watch(action.GetResource(), action.GetNamespace())
		once.Do(func() { close(done) })
		return true, w, err
	})
	return done
}

// feedQueue does what the scheduler's own event handlers do for pods without a node.
func (h *harness) feedQueue() {
	_, err := h.shared.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(obj any) {
			if pod := obj.(*v1.Pod); pod.Spec.NodeName == "" {
				h.queue.Add(h.logger, pod)
			}
		},
		UpdateFunc: func(oldObj, newObj any) {
			if pod := newObj.(*v1.Pod); pod.Spec.NodeName == "" {
				h.queue.Update(h.logger, oldObj.(*v1.Pod), pod)
			} else {
				h.queue.Delete(pod)
			}
		},
		DeleteFunc: func(obj any) {
			if pod, ok := obj.(*v1.Pod); ok {
				h.queue.Delete(pod)
			}
		},
	})
	if err != nil {
		h.t.Fatalf("Failed to add a handler to the pod informer: %v", err)
	}
}

// source is the plugin's source of facts.
func (h *harness) source() *tlssecrets.Source {
	return h.pl.source.(fromSecrets).Source
}

// pop takes pods off the queue, one each time that ask is called. It must not wait for one while a test gives a pod back: the
// queue offers a pod from its backoff queue before it has noted that the pod is not in flight any more, and then discards it.
func (h *harness) pop() {
	for {
		select {
		case <-h.asking:
		case <-h.ctx.Done():
			return
		}
		info, err := h.queue.Pop(h.logger)
		if err != nil || info == nil {
			return
		}
		select {
		case h.popped <- info:
		case <-h.ctx.Done():
			return
		}
	}
}

// ask has the next pod taken off the queue, unless that is under way.
func (h *harness) ask() {
	if !h.asked {
		h.asked = true
		h.asking <- struct{}{}
	}
}

func (h *harness) stop() {
	h.stopped.Do(func() {
		h.cancel()
		h.queue.Close()
		h.shared.Shutdown()
	})
}

// wait waits until the channel is closed.
func (h *harness) wait(done <-chan struct{}) {
	h.t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		h.t.Fatal("Timed out waiting for a watch")
	}
}

// eventually waits until condition holds.
func (h *harness) eventually(what string, condition func() bool) {
	h.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	timeout := time.After(patience)
	for !condition() {
		select {
		case <-tick.C:
		case <-timeout:
			h.t.Fatalf("Timed out waiting until %s", what)
		}
	}
}

// nextPopped returns the next pod that comes off the queue, nil if none comes.
func (h *harness) nextPopped() *framework.QueuedPodInfo {
	h.ask()
	select {
	case info := <-h.popped:
		h.asked = false
		return info
	case <-time.After(patience):
		return nil
	}
}

// wantPopped waits for the pod to come off the queue.
func (h *harness) wantPopped(pod *v1.Pod) *framework.QueuedPodInfo {
	h.t.Helper()
	info := h.nextPopped()
	if info == nil {
		h.t.Fatalf("Pod %s was not popped", klog.KObj(pod))
	}
	if info.Pod.UID != pod.UID {
		h.t.Fatalf("Popped pod %s, want %s", klog.KObj(info.Pod), klog.KObj(pod))
	}
	return info
}

// stepUntilPopped lets time pass until the pod comes off the queue. It does so in steps,
// since nobody can tell whether the plugin has set its alarm yet.
func (h *harness) stepUntilPopped(pod *v1.Pod) {
	h.t.Helper()
	h.eventually("pod "+pod.Name+" is popped", func() bool {
		h.ask()
		select {
		case info := <-h.popped:
			h.asked = false
			return info.Pod.UID == pod.UID
		default:
			h.clock.Step(time.Second)
			return false
		}
	})
}

// wantHeld waits until the queue has gated the pod, and returns the plugin's present message.
func (h *harness) wantHeld(pod *v1.Pod) string {
	h.t.Helper()
	h.eventually("pod "+pod.Name+" is gated", func() bool {
		return slices.ContainsFunc(h.queue.UnschedulablePods(), func(p *v1.Pod) bool { return p.UID == pod.UID })
	})
	if !h.pl.waiting.Has(pod.UID) {
		h.t.Errorf("Pod %s is gated but not in the waiting index", klog.KObj(pod))
	}
	return h.pl.PreEnqueue(h.ctx, pod).Message()
}

// pod creates a pod with the annotations.
func (h *harness) pod(annotations map[string]string) *v1.Pod {
	pod := newPod(fmt.Sprintf("pod-%d", h.pods.Add(1)), annotations)
	h.createPod(pod)
	return pod
}

func (h *harness) createPod(pod *v1.Pod) {
	if _, err := h.client.CoreV1().Pods(namespace).Create(h.ctx, pod, metav1.CreateOptions{}); err != nil {
		h.t.Errorf("Failed to create pod: %v", err)
	}
}

// updatePod updates a copy of the pod after change.
func (h *harness) updatePod(pod *v1.Pod, change func(*v1.Pod)) {
	pod = pod.DeepCopy()
	change(pod)
	if _, err := h.client.CoreV1().Pods(namespace).Update(h.ctx, pod, metav1.UpdateOptions{}); err != nil {
		h.t.Errorf("Failed to update pod: %v", err)
	}
}

// secret returns a Secret that is valid from start-1h+ahead on for a day.
func (h *harness) secret(name string, ahead time.Duration) *v1.Secret {
	notBefore := start.Add(ahead - time.Hour)
	cert, key := h.ca.Issue(tlstest.Options{
		DNSNames:  []string{"www.example.com"},
		NotBefore: notBefore,
		NotAfter:  notBefore.Add(24 * time.Hour),
	})
	return tlstest.Secret(namespace, name, cert, key)
}

// version gives the Secret a new resourceVersion, which the fake API server does not.
func (h *harness) version(s *v1.Secret) *v1.Secret {
	s = s.DeepCopy()
	s.ResourceVersion = strconv.FormatInt(h.versions.Add(1), 10)
	return s
}

func (h *harness) createSecret(s *v1.Secret) {
	s = h.version(s)
	if _, err := h.client.CoreV1().Secrets(namespace).Create(h.ctx, s, metav1.CreateOptions{}); err != nil {
		h.t.Errorf("Failed to create secret: %v", err)
	}
}

func (h *harness) updateSecret(s *v1.Secret) {
	s = h.version(s)
	if _, err := h.client.CoreV1().Secrets(namespace).Update(h.ctx, s, metav1.UpdateOptions{}); err != nil {
		h.t.Errorf("Failed to update secret: %v", err)
	}
}

// deleteSecret deletes the Secret and waits until the plugin knows.
func (h *harness) deleteSecret(name string) {
	h.t.Helper()
	if err := h.client.CoreV1().Secrets(namespace).Delete(h.ctx, name, metav1.DeleteOptions{}); err != nil {
		h.t.Fatalf("Failed to delete secret: %v", err)
	}
	h.eventually("secret "+name+" is gone", func() bool {
		_, state := h.source().Get(namespace, name)
		return state != tlssecrets.Found
	})
}

func newPod(name string, annotations map[string]string) *v1.Pod {
	return st.MakePod().Namespace(namespace).Name(name).UID("uid-" + name).
		SchedulerName(profile).Annotations(annotations).Obj()
}

func requires(secrets string) map[string]string {
	return map[string]string{declare.RequireTLSAnnotation: secrets}
}
