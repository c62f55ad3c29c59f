// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// scheduledBy returns who said that the pod was scheduled, one entry an event.
func (s *space) scheduledBy(ctx context.Context, pod string) []string {
	s.t.Helper()
	var list eventsv1.EventList
	if err := s.client.List(ctx, &list, client.InNamespace(s.ns)); err != nil {
		s.t.Fatalf("listing events: %v", err)
	}
	var by []string
	for _, e := range list.Items {
		if e.Regarding.Name == pod && e.Reason == "Scheduled" {
			by = append(by, e.ReportingController)
		}
	}
	return by
}

// waitScheduledBy waits for the one event of the one scheduler that handled the pod.
func (s *space) waitScheduledBy(pod, scheduler string) {
	s.t.Helper()
	s.waitBound(pod)
	var by []string
	eventually(s.t, "the event that pod "+pod+" was scheduled", func(ctx context.Context) (bool, string) {
		by = s.scheduledBy(ctx, pod)
		return len(by) > 0, ""
	})
	if !slices.Equal(by, []string{scheduler}) {
		s.t.Errorf("pod %s was scheduled by %v, want %s alone", pod, by, scheduler)
	}
}

func TestBesideTheDefaultScheduler(t *testing.T) {
	s := shared.space(t)
	s.create(fakeNode("one", price("0.1")), fakeNode("two", price("0.2")))
	for i := range 3 {
		s.create(workload(fmt.Sprintf("ours-%d", i)), workload(fmt.Sprintf("theirs-%d", i), scheduler("default-scheduler")))
	}
	for i := range 3 {
		s.waitScheduledBy(fmt.Sprintf("ours-%d", i), "tollgate")
		s.waitScheduledBy(fmt.Sprintf("theirs-%d", i), "default-scheduler")
	}
	// A declaration means nothing to the default scheduler.
	s.create(workload("declared", scheduler("default-scheduler"), requireTLS("missing-tls")))
	s.waitScheduledBy("declared", "default-scheduler")

	ours, theirs := s.leaseHolder(stack.Namespace, "tollgate-scheduler"), s.leaseHolder("kube-system", "kube-scheduler")
	if ours == "" || theirs == "" || ours == theirs {
		t.Errorf("leases are held by %q and %q, want two holders", ours, theirs)
	}
}

func (s *space) leaseHolder(namespace, name string) string {
	s.t.Helper()
	var lease coordinationv1.Lease
	if err := s.client.Get(s.t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &lease); err != nil || lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// TestInPlaceOfTheDefaultScheduler starts the image's binary with kubeadm's command line while the default scheduler still
// leads, stops that one, and starts it again.
func TestInPlaceOfTheDefaultScheduler(t *testing.T) {
	c := newCluster(t, sandbox.Options{KWOK: true, ControllerManager: true})
	if err := stack.Install(t.Context(), c.sb); err != nil {
		t.Fatal(err)
	}
	if err := stack.Apply(t.Context(), c.sb, "rbac/replace"); err != nil {
		t.Fatal(err)
	}
	s := c.space(t)
	s.prober = "default-scheduler"
	upstream, err := stack.StartUpstreamScheduler(t.Context(), c.sb)
	if err != nil {
		t.Fatal(err)
	}
	s.create(fakeNode("gpu", awsType("g5.xlarge"), withGPU), fakeNode("cpu", awsType("m6i.xlarge")))
	s.create(workload("before", scheduler("default-scheduler")))
	s.waitScheduledBy("before", "default-scheduler")
	was := s.leaseHolder("kube-system", "kube-scheduler")

	replacement, err := stack.StartSchedulerAsKubeadm(t.Context(), c.sb)
	if err != nil {
		t.Fatal(err)
	}
	waitLog(t, replacement, "ttempting to acquire leader lease")
	if err := upstream.Stop(); err != nil {
		t.Fatal(err)
	}
	s.create(
		workload("default", scheduler("default-scheduler")),
		workload("default-declared", scheduler("default-scheduler"), requireTLS("missing-tls")),
		workload("ours"),
		workload("ours-declared", requireTLS("missing-tls")),
	)
	s.waitScheduledBy("default", "default-scheduler")
	s.waitScheduledBy("default-declared", "default-scheduler")
	s.waitScheduledBy("ours", "tollgate")
	if now := s.leaseHolder("kube-system", "kube-scheduler"); now == "" || now == was {
		t.Errorf("lease kube-scheduler is held by %q, as before", now)
	}
	if pod := s.pod("ours-declared"); pod.Spec.NodeName != "" {
		t.Errorf("pod ours-declared was scheduled without its certificate, to %s", pod.Spec.NodeName)
	}
	s.create(tlsSecret(t, "missing-tls", "www.example.com", nil))
	s.waitScheduledBy("ours-declared", "tollgate")
}

func TestVersionIsStamped(t *testing.T) {
	for binary, flag := range map[string]string{"kube-scheduler": "--version", "tollgate-controller": "--version"} {
		path, err := stack.Binary(binary)
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), path, flag).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "v1.35.8+tollgate.") {
			t.Errorf("%s %s says %q (%v), want the version of Kubernetes and of Tollgate", binary, flag, out, err)
		}
	}
}

func TestMisspelledArgsStopTheScheduler(t *testing.T) {
	for name, test := range map[string]struct {
		edit func(args map[string]any)
		want []string
	}{
		"field": {
			func(args map[string]any) { args["strategyy"] = "X" },
			[]string{"CostScore", `unknown field "strategyy"`, `did you mean "strategy"?`},
		},
		"value": {
			func(args map[string]any) { args["strategy"] = "DominantShar" },
			[]string{"CostScore", "DominantShar", "NodePrice"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			process, err := stack.StartScheduler(t.Context(), shared.sb, stack.SchedulerOptions{
				Name: "misspelled-" + name,
				Edit: func(config map[string]any) {
					config["leaderElection"] = map[string]any{"leaderElect": false}
					test.edit(pluginArgs(config["profiles"].([]any)[0].(map[string]any), "CostScore"))
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "the scheduler stops", func(context.Context) (bool, string) {
				select {
				case <-process.Done():
					return true, ""
				default:
					return false, tail(readLog(t, process.Log()))
				}
			})
			log := readLog(t, process.Log())
			for _, want := range test.want {
				if !strings.Contains(log, want) {
					t.Errorf("the message lacks %q:\n%s", want, tail(log))
				}
			}
		})
	}
}
