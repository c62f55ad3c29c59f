// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// patience bounds every wait for something that must happen; it is only used up when a test fails. Some things take close to a
// minute by themselves, such as the detection of a deadlock, on any machine. The scheduler's queue looks at everything again
// after five minutes: a wait as long would hide that a pod was not woken.
const patience = 2 * time.Minute

type cluster struct {
	sb     *sandbox.Sandbox
	client client.WithWatch
}

func startCluster(ctx context.Context, o sandbox.Options) (*cluster, error) {
	sb, err := sandbox.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	c, err := stack.NewClient(sb)
	if err != nil {
		return nil, errors.Join(err, sb.Stop())
	}
	return &cluster{sb: sb, client: c}, nil
}

// newCluster is for tests that need a set-up of their own. It is stopped when the test ends.
func newCluster(t *testing.T, o sandbox.Options) *cluster {
	t.Helper()
	c, err := startCluster(t.Context(), o)
	if err != nil {
		t.Fatalf("starting a sandbox: %v", err)
	}
	t.Cleanup(func() {
		if err := c.sb.Stop(); err != nil {
			t.Errorf("stopping the sandbox: %v", err)
		}
		if t.Failed() {
			t.Logf("the logs of the sandbox are in %s", c.sb.LogDir())
		}
	})
	return c
}

// space is a namespace with nodes of its own: its pods fit no other test's nodes.
type space struct {
	*cluster
	t  *testing.T
	ns string
	// prober is the profile that has to know the nodes before create returns.
	prober string
}

func (c *cluster) space(t *testing.T) *space {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "t-"}}
	if err := c.client.Create(t.Context(), ns); err != nil {
		t.Fatalf("creating a namespace: %v", err)
	}
	eventually(t, "ServiceAccount default of the namespace, without which no pod is admitted", func(ctx context.Context) (bool, string) {
		err := c.client.Get(ctx, client.ObjectKey{Namespace: ns.Name, Name: "default"}, &corev1.ServiceAccount{})
		return err == nil, fmt.Sprint(err)
	})
	return &space{cluster: c, t: t, ns: ns.Name, prober: "tollgate"}
}

// create creates objects, in the namespace where they have one. Nodes are known to the scheduler when it returns.
func (s *space) create(objects ...client.Object) {
	s.t.Helper()
	var nodes []*corev1.Node
	defer func() {
		s.t.Helper()
		ctx, cancel := context.WithTimeout(s.t.Context(), patience)
		defer cancel()
		if err := stack.AwaitNodes(ctx, s.sb, s.prober, nodes...); err != nil {
			s.t.Fatal(err)
		}
	}()
	for _, o := range objects {
		if _, cluster := o.(*corev1.Node); !cluster && o.GetNamespace() == "" {
			o.SetNamespace(s.ns)
		}
		if node, ok := o.(*corev1.Node); ok {
			node.Name = s.ns + "-" + node.Name
			node.Labels[spaceLabel] = s.ns
			node.Labels[corev1.LabelHostname] = node.Name
			nodes = append(nodes, node)
			s.t.Cleanup(func() { _ = s.client.Delete(context.Background(), node) })
		}
		if pod, ok := o.(*corev1.Pod); ok {
			pod.Spec.NodeSelector = map[string]string{spaceLabel: s.ns}
		}
		if err := s.client.Create(s.t.Context(), o); err != nil {
			s.t.Fatalf("creating %T %s: %v", o, o.GetName(), err)
		}
	}
}

// conflicts is for how often an object that controllers write too is read and written again: for ten seconds.
var conflicts = wait.Backoff{Duration: 10 * time.Millisecond, Factor: 2, Jitter: 0.1, Steps: 11}

// update reads an object, has it changed and writes it as a user, again and again while controllers write it too.
func (s *space) update(as client.Client, o client.Object, change func()) error {
	return retry.RetryOnConflict(conflicts, func() error {
		if err := s.client.Get(s.t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		change()
		return as.Update(s.t.Context(), o)
	})
}

// change updates a pod.
func (s *space) change(name string, change func(*corev1.Pod)) {
	s.t.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name}}
	if err := s.update(s.client, pod, func() { change(pod) }); err != nil {
		s.t.Fatalf("changing pod %s: %v", name, err)
	}
}

const spaceLabel = "test.tollgate.dev/space"

// eventually waits until done returns true; state says what it last saw.
func eventually(t *testing.T, what string, done func(ctx context.Context) (ok bool, state string)) {
	t.Helper()
	last, began := "", time.Now()
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		ok, state := done(ctx)
		last = state
		return ok, nil
	})
	if err != nil {
		t.Fatalf("%s: %v; last seen: %s", what, err, last)
	}
	if took := time.Since(began); took > patience/4 {
		t.Logf("slow: %s, after %s", what, took.Round(time.Second))
	}
}

func (s *space) pod(name string) *corev1.Pod {
	s.t.Helper()
	var pod corev1.Pod
	if err := s.client.Get(s.t.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, &pod); err != nil {
		s.t.Fatalf("reading pod %s: %v", name, err)
	}
	return &pod
}

// waitBound returns the node, less the space's prefix, that the pod is bound to.
func (s *space) waitBound(name string) string {
	s.t.Helper()
	var node string
	eventually(s.t, "pod "+name+" is bound", func(context.Context) (bool, string) {
		pod := s.pod(name)
		node = strings.TrimPrefix(pod.Spec.NodeName, s.ns+"-")
		return node != "", describe(pod)
	})
	return node
}

// waitHeld returns condition TLSReady once it is False for the reason.
func (s *space) waitHeld(name, reason string) *corev1.PodCondition {
	s.t.Helper()
	var held *corev1.PodCondition
	eventually(s.t, "pod "+name+" is held with reason "+reason, func(context.Context) (bool, string) {
		pod := s.pod(name)
		held = podCondition(pod, v1alpha1.TLSReadyCondition)
		return held != nil && held.Status == corev1.ConditionFalse && held.Reason == reason, describe(pod)
	})
	if pod := s.pod(name); pod.Spec.NodeName != "" {
		s.t.Fatalf("held pod %s is bound to %s", name, pod.Spec.NodeName)
	}
	return held
}

func podCondition(pod *corev1.Pod, conditionType string) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if string(pod.Status.Conditions[i].Type) == conditionType {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

func describe(pod *corev1.Pod) string {
	var b strings.Builder
	fmt.Fprintf(&b, "node %q", pod.Spec.NodeName)
	for _, c := range pod.Status.Conditions {
		fmt.Fprintf(&b, "; %s=%s %s %s", c.Type, c.Status, c.Reason, c.Message)
	}
	return b.String()
}

// waitLog waits for a text in a process's log.
func waitLog(t *testing.T, process *sandbox.Process, text string) {
	t.Helper()
	eventually(t, fmt.Sprintf("log has %q", text), func(context.Context) (bool, string) {
		log := readLog(t, process.Log())
		return strings.Contains(log, text), tail(log)
	})
}

func readLog(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("reading a log: %v", err)
	}
	return string(raw)
}

func tail(log string) string {
	return log[max(0, len(log)-1000):]
}

// table lists a kind of Tollgate as kubectl get does.
func (s *space) table(resource string) *metav1.Table {
	s.t.Helper()
	clientset, err := kubernetes.NewForConfig(s.sb.Config())
	if err != nil {
		s.t.Fatal(err)
	}
	table := &metav1.Table{}
	raw, err := clientset.RESTClient().Get().
		AbsPath("/apis", v1alpha1.GroupName, v1alpha1.GroupVersion.Version, "namespaces", s.ns, resource).
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").
		DoRaw(s.t.Context())
	if err == nil {
		err = json.Unmarshal(raw, table)
	}
	if err != nil {
		s.t.Fatalf("listing %s as a table: %v", resource, err)
	}
	return table
}
