// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"context"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	fwk "k8s.io/kube-scheduler/framework"
	schedulerapi "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	tf "k8s.io/kubernetes/pkg/scheduler/testing/framework"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
)

// slowPlugin is a PreBind plugin of others.
type slowPlugin struct {
	// meanwhile is what happens while it does its work.
	meanwhile func()
}

func (*slowPlugin) Name() string { return "Slow" }

func (*slowPlugin) PreBindPreFlight(context.Context, fwk.CycleState, *v1.Pod, string) *fwk.Status {
	return nil
}

func (s *slowPlugin) PreBind(context.Context, fwk.CycleState, *v1.Pod, string) *fwk.Status {
	s.meanwhile()
	return nil
}

func (s *slowPlugin) register(registry *frameworkruntime.Registry, p *schedulerapi.KubeSchedulerProfile) {
	tf.RegisterPluginAsExtensions(s.Name(), func(context.Context, runtime.Object, fwk.Handle) (fwk.Plugin, error) { return s, nil })(registry, p)
	p.Plugins.MultiPoint.Enabled = append(p.Plugins.MultiPoint.Enabled, schedulerapi.Plugin{Name: s.Name()})
}

// TestSecretBreaksWhileAnotherPluginWorks has the framework do what it does from the choice of a node to the binding.
func TestSecretBreaksWhileAnotherPluginWorks(t *testing.T) {
	slow := &slowPlugin{}
	h := newHarnessBeside(t, []tf.RegisterPluginFunc{slow.register}, &config.CertGateArgs{})
	secret := h.secret("web-tls", 0)
	h.createSecret(secret)
	pod := h.pod(requires("web-tls"))
	h.wantPopped(pod)
	slow.meanwhile = func() {
		broken := secret.DeepCopy()
		broken.Data[v1.TLSPrivateKeyKey] = nil
		h.updateSecret(broken)
		h.eventually("the broken Secret is seen", func() bool { return h.pl.PreBind(h.ctx, nil, pod, "node-1") != nil })
	}
	state := framework.NewCycleState()
	if status := h.fw.RunPreBindPreFlights(h.ctx, state, pod, "node-1"); !status.IsSuccess() {
		t.Fatalf("RunPreBindPreFlights returned %v, want success", status)
	}
	status := h.fw.RunPreBindPlugins(h.ctx, state, pod, "node-1")
	if !status.IsRejected() {
		t.Fatalf("RunPreBindPlugins returned %v, want a rejection", status)
	}
	if status.Plugin() != Name {
		t.Errorf("%s has rejected the pod, want %s", status.Plugin(), Name)
	}
}

// TestOthersBeforeBinding: a handle that does not tell may hide anything.
func TestOthersBeforeBinding(t *testing.T) {
	if !othersBeforeBinding(struct{ fwk.Handle }{})() {
		t.Error("A handle that does not list plugins counts as one without others")
	}
	if h := newHarness(t); h.pl.others() {
		t.Error("CertGate counts itself among the others")
	}
}
