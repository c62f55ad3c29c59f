// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// Sizes of the random test.
const (
	randomNamespaces = 3
	randomSecrets    = 20 // in each namespace
	randomRounds     = 40
	randomPods       = 12 // in each round
	burstUpdates     = 5000
	// randomSeed fixes what the test does. What the processes do meanwhile is not fixed by anything.
	randomSeed = 1
)

// TestRandomGate lets pods and Secrets come, change and go at random while schedulers and controllers are killed, and asks an
// oracle that is slow and obvious: see oracle_test.go. It holds for both sources.
func TestRandomGate(t *testing.T) {
	for _, source := range []string{"Secrets", "PodCondition"} {
		t.Run(source, func(t *testing.T) {
			c := newCluster(t, sandbox.Options{})
			if err := stack.Install(t.Context(), c.sb); err != nil {
				t.Fatal(err)
			}
			if source == "Secrets" {
				if err := stack.Apply(t.Context(), c.sb, "rbac/secrets"); err != nil {
					t.Fatal(err)
				}
			}
			r := &randomRun{cluster: c, t: t, source: source, rand: rand.New(rand.NewPCG(randomSeed, 1))}
			r.run()
		})
	}
}

type randomRun struct {
	*cluster
	t      *testing.T
	source string
	rand   *rand.Rand
	client kubernetes.Interface
	oracle *oracle
	ca     *tlstest.CA
	pods   int

	mu sync.Mutex // guards what follows
	// replicas are the running schedulers and controllers, by kind.
	replicas map[string][]*sandbox.Process
	started  int
}

func (r *randomRun) run() {
	config := rest.CopyConfig(r.sb.Config())
	config.QPS, config.Burst = 2000, 2000
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		r.t.Fatal(err)
	}
	r.client, r.ca, r.replicas = clientset, tlstest.NewCA(r.t), map[string][]*sandbox.Process{}
	r.setUp()
	r.oracle = startOracle(r.t, clientset)
	r.keep()
	for round := range randomRounds {
		for range randomPods {
			r.createPod()
		}
		for range randomSecrets {
			r.changeSecret()
		}
		switch {
		case round == randomRounds/2:
			r.burst()
		case round%5 == 4:
			r.kill([]string{"scheduler", "controller"}[round/5%2])
		}
	}
	// The end: everything is usable but what the oracle knows to be broken for ever.
	r.oracle.settle(r.t)
	for s := range randomNamespaces * randomSecrets {
		if s%4 != 0 {
			r.writeSecret(s, true)
		}
	}
	r.oracle.settle(r.t)
	r.oracle.judge(r.t)
}

// setUp makes the namespaces and a node for everybody, and starts two replicas of each process.
func (r *randomRun) setUp() {
	for n := range randomNamespaces {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: randomNamespace(n)}}
		if _, err := r.client.CoreV1().Namespaces().Create(r.t.Context(), ns, metav1.CreateOptions{}); err != nil {
			r.t.Fatal(err)
		}
	}
	node := fakeNode("node", price("0.1"))
	for _, list := range []corev1.ResourceList{node.Status.Capacity, node.Status.Allocatable} {
		list[corev1.ResourcePods] = resource.MustParse("10000")
	}
	if _, err := r.client.CoreV1().Nodes().Create(r.t.Context(), node, metav1.CreateOptions{}); err != nil {
		r.t.Fatal(err)
	}
	for range 2 {
		for _, kind := range []string{"scheduler", "controller"} {
			process, err := r.start(kind)
			if err != nil {
				r.t.Fatal(err)
			}
			r.replicas[kind] = append(r.replicas[kind], process)
		}
	}
}

func (r *randomRun) start(kind string) (*sandbox.Process, error) {
	r.started++
	name := fmt.Sprintf("%s-%d", kind, r.started)
	if kind == "controller" {
		return stack.StartController(r.t.Context(), r.sb, stack.ControllerOptions{Name: name, Args: []string{"--leader-elect"}})
	}
	return stack.StartScheduler(r.t.Context(), r.sb, stack.SchedulerOptions{Name: name, Edit: func(config map[string]any) {
		if r.source == "Secrets" {
			stack.ReadSecrets(config)
		}
		election := config["leaderElection"].(map[string]any)
		election["leaseDuration"], election["renewDeadline"], election["retryPeriod"] = "2s", "1500ms", "300ms"
	}})
}

// kill ends the oldest replica with SIGKILL, which mostly is the leader, and starts another.
func (r *randomRun) kill(kind string) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.replicas[kind][0].Kill(); err != nil {
		r.t.Fatal(err)
	}
	process, err := r.start(kind)
	if err != nil {
		r.t.Fatal(err)
	}
	r.replicas[kind] = append(r.replicas[kind][1:], process)
}

// keep starts another process, until the test ends, in the place of one that has ended by itself, as a Deployment does: a leader
// that cannot renew its lease in time ends, which a busy machine brings about.
func (r *randomRun) keep() {
	ctx, cancel := context.WithCancel(r.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { wait.UntilWithContext(ctx, r.replace, 100*time.Millisecond) })
	r.t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

func (r *randomRun) replace(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for kind, processes := range r.replicas {
		for i, process := range processes {
			select {
			case <-process.Done():
			default:
				continue
			}
			log, _ := os.ReadFile(process.Log())
			if crash := regexp.MustCompile(`(?m)^(panic|fatal error): .*`).Find(log); crash != nil {
				r.t.Errorf("a %s crashed: %s; its log is %s", kind, crash, process.Log())
			}
			r.t.Logf("a %s ended by itself: %s", kind, tail(string(log)))
			next, err := r.start(kind)
			if err != nil {
				if ctx.Err() == nil {
					r.t.Errorf("starting another %s: %v", kind, err)
				}
				return
			}
			processes[i] = next
		}
	}
}

func randomNamespace(n int) string { return fmt.Sprintf("random-%d", n) }

// secretName returns namespace and name of Secret s.
func secretName(s int) (namespace, name string) {
	return randomNamespace(s / randomSecrets), fmt.Sprintf("tls-%d", s%randomSecrets)
}

// createPod creates a pod that declares up to three Secrets of its namespace, or none.
func (r *randomRun) createPod() {
	r.t.Helper()
	r.pods++
	n := r.rand.IntN(randomNamespaces)
	pod := workload(fmt.Sprintf("pod-%d", r.pods))
	pod.Namespace = randomNamespace(n)
	pod.Spec.Containers[0].Resources = corev1.ResourceRequirements{}
	var secrets []string
	for range r.rand.IntN(4) {
		_, name := secretName(n*randomSecrets + r.rand.IntN(randomSecrets))
		secrets = append(secrets, name)
	}
	if len(secrets) > 0 {
		requireTLS(strings.Join(secrets, ","))(pod)
	}
	if _, err := r.client.CoreV1().Pods(pod.Namespace).Create(r.t.Context(), pod, metav1.CreateOptions{}); err != nil {
		r.t.Fatal(err)
	}
}

// changeSecret makes one Secret usable, unusable or absent.
func (r *randomRun) changeSecret() {
	r.t.Helper()
	s := r.rand.IntN(randomNamespaces * randomSecrets)
	switch r.rand.IntN(3) {
	case 0:
		namespace, name := secretName(s)
		err := r.client.CoreV1().Secrets(namespace).Delete(r.t.Context(), name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			r.t.Fatal(err)
		}
	case 1:
		r.writeSecret(s, false)
	default:
		r.writeSecret(s, true)
	}
}

// writeSecret creates or updates a Secret. A label tells the oracle what it is.
func (r *randomRun) writeSecret(s int, usable bool) {
	r.t.Helper()
	if err := r.putSecret(r.t.Context(), s, r.secretObject(s, usable)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *randomRun) secretObject(s int, usable bool) *corev1.Secret {
	namespace, name := secretName(s)
	secret := tlsSecretOf(r.ca, name)
	secret.Namespace = namespace
	if usable {
		secret.Labels = map[string]string{usableLabel: "true"}
		return secret
	}
	switch r.rand.IntN(3) {
	case 0:
		secret.Data[corev1.TLSCertKey] = nil
	case 1:
		secret.Data[corev1.TLSPrivateKeyKey] = tlsSecretOf(r.ca, name).Data[corev1.TLSPrivateKeyKey]
	default:
		secret.Data[corev1.TLSCertKey] = secret.Data[corev1.TLSCertKey][:200]
	}
	return secret
}

func (r *randomRun) putSecret(ctx context.Context, s int, secret *corev1.Secret) error {
	secrets := r.client.CoreV1().Secrets(secret.Namespace)
	for {
		written, err := secrets.Update(ctx, secret, metav1.UpdateOptions{})
		if apierrors.IsNotFound(err) {
			written, err = secrets.Create(ctx, secret, metav1.CreateOptions{})
		}
		if apierrors.IsAlreadyExists(err) {
			continue // another update of the burst was faster
		}
		if err != nil {
			return fmt.Errorf("writing Secret %d: %w", s, err)
		}
		r.oracle.wrote(written)
		return nil
	}
}

// burst updates Secrets thousands of times, mostly without changing whether they are usable.
func (r *randomRun) burst() {
	r.t.Helper()
	var objects []*corev1.Secret
	for s := range randomNamespaces * randomSecrets {
		objects = append(objects, r.secretObject(s, r.rand.IntN(2) == 0))
	}
	group, ctx := errgroup.WithContext(r.t.Context())
	group.SetLimit(16)
	begin := time.Now()
	for i := range burstUpdates {
		s := i % len(objects)
		secret := objects[s].DeepCopy()
		secret.Annotations = map[string]string{"test.tollgate.dev/update": fmt.Sprint(i)}
		group.Go(func() error { return r.putSecret(ctx, s, secret) })
	}
	if err := group.Wait(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Logf("%d updates of Secrets in %s", burstUpdates, time.Since(begin).Round(time.Millisecond))
}

// tlsSecretOf issues a certificate that is valid for an hour.
func tlsSecretOf(ca *tlstest.CA, name string) *corev1.Secret {
	now := time.Now()
	cert, key := ca.Issue(tlstest.Options{DNSNames: []string{"www.example.com"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)})
	return newSecret(name, cert, key)
}
