// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

const (
	// usableLabel is on the Secrets that the test made usable.
	usableLabel = "test.tollgate.dev/usable"
	// lateness is for how long after a Secret has become unusable a pod may still be bound: the gate learns of it by a watch, in
	// the midst of thousands of other changes, and a binding takes a moment itself. What the oracle's own watch was late is added, and
	// for how long the schedulers bound nobody.
	lateness = 5 * time.Second
)

// oracle watches all pods and Secrets and keeps their whole history, so that each binding can be judged by reading it through.
type oracle struct {
	mu      sync.Mutex
	secrets map[string][]change // by namespace/name, in the order of the watch
	pods    map[string]*corev1.Pod
	created map[string]time.Time // when the watch first told of a pod
	bound   map[string]binding
	// written is when the request that made a version of a Secret was answered, zero if the watch told of it before that, and lag
	// by how much the watch came later at most.
	written map[string]time.Time
	lag     time.Duration
}

// change is a version of a Secret, and binding that of a pod which first has a node. Versions of both are revisions of one etcd,
// so they tell what was before what, whichever watch told of it first.
type change struct {
	version uint64
	seen    time.Time
	usable  bool
}

type binding struct {
	version uint64
	seen    time.Time
}

func versionOf(o metav1.Object) uint64 {
	version, _ := strconv.ParseUint(o.GetResourceVersion(), 10, 64)
	return version
}

func newOracle() *oracle {
	return &oracle{
		secrets: map[string][]change{}, written: map[string]time.Time{},
		pods: map[string]*corev1.Pod{}, created: map[string]time.Time{}, bound: map[string]binding{},
	}
}

func startOracle(t *testing.T, client kubernetes.Interface) *oracle {
	t.Helper()
	o := newOracle()
	const tls = "type=kubernetes.io/tls"
	secrets, err := client.CoreV1().Secrets("").List(t.Context(), metav1.ListOptions{FieldSelector: tls})
	if err != nil {
		t.Fatal(err)
	}
	pods, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(secrets.Items)+len(pods.Items) > 0 {
		t.Fatalf("%d TLS Secrets and %d pods are there before the oracle", len(secrets.Items), len(pods.Items))
	}
	o.follow(t, secrets.ResourceVersion, o.secret, func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
		options.FieldSelector = tls
		return client.CoreV1().Secrets("").Watch(ctx, options)
	})
	o.follow(t, pods.ResourceVersion, o.pod, client.CoreV1().Pods("").Watch)
	return o
}

// follow notes all events after a version until the test ends. The API server ends a watch that is read too slowly; another goes
// on where it was.
func (o *oracle) follow(t *testing.T, version string, note func(watch.Event), start func(context.Context, metav1.ListOptions) (watch.Interface, error)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	w, err := watchtools.NewRetryWatcherWithContext(ctx, version, &cache.ListWatch{WatchFuncWithContext: start})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for event := range w.ResultChan() {
			if event.Type == watch.Error {
				t.Errorf("the oracle's watch failed: %v", event.Object)
				return
			}
			note(event)
		}
		if ctx.Err() == nil {
			t.Error("the oracle's watch ended before the test")
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

// wrote notes that the request that made a version of a Secret was answered.
func (o *oracle) wrote(secret *corev1.Secret) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, told := o.written[secret.ResourceVersion]; told {
		delete(o.written, secret.ResourceVersion)
		return
	}
	o.written[secret.ResourceVersion] = time.Now()
}

func (o *oracle) secret(e watch.Event) {
	secret, ok := e.Object.(*corev1.Secret)
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if at := o.written[secret.ResourceVersion]; !at.IsZero() {
		o.lag = max(o.lag, time.Since(at))
		delete(o.written, secret.ResourceVersion)
	} else if e.Type != watch.Deleted {
		o.written[secret.ResourceVersion] = time.Time{}
	}
	key := secret.Namespace + "/" + secret.Name
	o.secrets[key] = append(o.secrets[key], change{version: versionOf(secret), seen: time.Now(), usable: e.Type != watch.Deleted && secret.Labels[usableLabel] == "true"})
}

func (o *oracle) pod(e watch.Event) {
	pod, ok := e.Object.(*corev1.Pod)
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	key := pod.Namespace + "/" + pod.Name
	if o.pods[key] == nil {
		o.created[key] = time.Now()
	}
	o.pods[key] = pod
	if _, known := o.bound[key]; pod.Spec.NodeName != "" && !known {
		o.bound[key] = binding{version: versionOf(pod), seen: time.Now()}
	}
}

// needs returns the Secrets that the pod declares.
func needs(pod *corev1.Pod) []string {
	var keys []string
	for _, name := range strings.Split(pod.Annotations["tollgate.dev/require-tls"], ",") {
		if name != "" {
			keys = append(keys, pod.Namespace+"/"+name)
		}
	}
	return keys
}

// usable says whether the Secret is usable now.
func (o *oracle) usable(secret string) bool {
	history := o.secrets[secret]
	return len(history) > 0 && history[len(history)-1].usable
}

// waiting returns the pods that should be bound and are not.
func (o *oracle) waiting() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var waiting []string
pods:
	for key, pod := range o.pods {
		if _, bound := o.bound[key]; bound {
			continue
		}
		for _, secret := range needs(pod) {
			if !o.usable(secret) {
				continue pods
			}
		}
		waiting = append(waiting, key)
	}
	return waiting
}

// untold counts the writes of Secrets that were answered and that the watch has not told of.
func (o *oracle) untold() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, at := range o.written {
		if !at.IsZero() {
			n++
		}
	}
	return n
}

// settle waits until every pod is bound whose Secrets are usable. Nothing helps a pod whose wake-up was lost within that time: the
// queue's own flush comes after five minutes. The watch has told of all writes then: that of pods may be ahead, and a pod would seem
// to be bound before its Secret was usable.
func (o *oracle) settle(t *testing.T) {
	t.Helper()
	eventually(t, "no pod waits though its Secrets are usable", func(context.Context) (bool, string) {
		untold, waiting := o.untold(), o.waiting()
		return untold+len(waiting) == 0, fmt.Sprintf("%d writes untold; %d pods: %v", untold, len(waiting), waiting[:min(5, len(waiting))])
	})
}

// outage returns the longest wait of the pods that declare nothing and waited at some time between the two. Nothing holds them: for
// that long the schedulers were dead, or too slow to act on anything.
func (o *oracle) outage(from, to time.Time) (longest time.Duration) {
	for key, at := range o.bound {
		if len(needs(o.pods[key])) == 0 && !at.seen.Before(from) && !o.created[key].After(to) {
			longest = max(longest, at.seen.Sub(o.created[key]))
		}
	}
	return longest
}

// judge checks every binding: each of its Secrets was usable at some time not long before.
func (o *oracle) judge(t *testing.T) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	declared, held, latest := 0, 0, time.Duration(0)
	for key, pod := range o.pods {
		at, bound := o.bound[key]
		secrets := needs(pod)
		if len(secrets) > 0 {
			declared++
		}
		if !bound {
			held++
			continue
		}
		for _, secret := range secrets {
			gap, ever := sinceUsable(o.secrets[secret], at)
			latest = max(latest, gap)
			if !ever {
				t.Errorf("pod %s was bound though Secret %s had never been usable", key, secret)
			} else if outage := o.outage(at.seen.Add(-gap), at.seen); gap > lateness+o.lag+outage {
				t.Errorf("pod %s was bound %s after Secret %s had ceased to be usable; the schedulers bound nobody for %s", key,
					gap.Round(time.Millisecond), secret, outage.Round(time.Millisecond))
			}
		}
	}
	t.Logf("%d pods, of which %d declare Secrets; %d are held in the end; bound %s late at most, and told of writes %s late",
		len(o.pods), declared, held, latest.Round(time.Millisecond), o.lag.Round(time.Millisecond))
	if held == 0 || held == declared {
		t.Errorf("%d of %d declared pods are held in the end: the test is too easy", held, declared)
	}
}

// sinceUsable returns for how long the Secret had not been usable when the pod was bound, and whether it ever was before that.
func sinceUsable(history []change, at binding) (gap time.Duration, ever bool) {
	for i, c := range history {
		if !c.usable || c.version > at.version {
			continue
		}
		ever, gap = true, 0
		if i+1 < len(history) && history[i+1].version < at.version {
			gap = max(0, at.seen.Sub(history[i+1].seen))
		}
	}
	return gap, ever
}

func TestSinceUsable(t *testing.T) {
	at := func(version uint64, seconds int) change {
		return change{version: version, seen: time.Unix(int64(seconds), 0)}
	}
	usable := func(c change) change {
		c.usable = true
		return c
	}
	history := []change{usable(at(10, 10)), at(20, 20), usable(at(30, 40)), at(40, 41)}
	for _, test := range []struct {
		bound binding
		gap   time.Duration
		ever  bool
	}{
		{binding{5, time.Unix(11, 0)}, 0, false},               // told late of the binding
		{binding{15, time.Unix(15, 0)}, 0, true},               // while usable
		{binding{25, time.Unix(26, 0)}, 6 * time.Second, true}, // after it had ceased
		{binding{35, time.Unix(39, 0)}, 0, true},               // told late of the Secret
		{binding{45, time.Unix(40, 0)}, 0, true},               // told late of its end
	} {
		if gap, ever := sinceUsable(history, test.bound); gap != test.gap || ever != test.ever {
			t.Errorf("bound at %v: %s, %t, want %s, %t", test.bound, gap, ever, test.gap, test.ever)
		}
	}
}

func TestOutage(t *testing.T) {
	second := func(n int) time.Time { return time.Unix(int64(n), 0) }
	o := newOracle()
	for name, pod := range map[string]struct {
		change         func(*corev1.Pod)
		created, bound int
	}{
		"before":   {func(*corev1.Pod) {}, 0, 9},
		"during":   {func(*corev1.Pod) {}, 8, 11},
		"at once":  {func(*corev1.Pod) {}, 12, 12},
		"declared": {requireTLS("web-tls"), 10, 15},
		"after":    {func(*corev1.Pod) {}, 21, 29},
	} {
		o.pods[name], o.created[name], o.bound[name] = workload(name, pod.change), second(pod.created), binding{seen: second(pod.bound)}
	}
	if got := o.outage(second(10), second(20)); got != 3*time.Second {
		t.Errorf("the outage is %s, want 3s", got)
	}
	if got := o.outage(second(16), second(20)); got != 0 {
		t.Errorf("without a pod that waits it is %s", got)
	}
}
