// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// TestPolicy asks a real API server what the policies of config/policy say.
func TestPolicy(t *testing.T) {
	c := newCluster(t, sandbox.Options{ControllerManager: true})
	if err := stack.Apply(t.Context(), c.sb, "policy"); err != nil {
		t.Fatal(err)
	}
	c.waitTypeChecked(t, "tollgate-gated-scheduler", "tollgate-node-name", "tollgate-gate-removal", "tollgate-declaration")
	t.Run("pods", func(t *testing.T) { c.testPods(t) })
	t.Run("declarations", func(t *testing.T) { c.testDeclarations(t) })
	t.Run("gate removal", func(t *testing.T) { c.testGateRemoval(t) })
	t.Run("to begin with", func(t *testing.T) { c.testToBeginWith(t) })
}

// testPods tells which pods and which pod templates the policies refuse.
func (c *cluster) testPods(t *testing.T) {
	s := c.space(t)
	s.admits(t, []admission{
		{"declared, default scheduler", workload("web", requireTLS("auto"), scheduler("default-scheduler")),
			`scheduler "default-scheduler" does not hold pods until the TLS Secrets that they declare are usable: set spec.schedulerName to "tollgate", or add "tollgate.dev/tls-ready" to spec.schedulingGates`},
		{"requirements alone, default scheduler", workload("web", requireNames("web-tls", "www.example.com"), scheduler("")), `scheduler "default-scheduler" does not hold`},
		{"other gate", workload("web", requireTLS("auto"), scheduler("other"), gated("example.com/quota")), `scheduler "other" does not hold`},
		{"declared, Tollgate's scheduler", workload("web", requireTLS("web-tls")), ""},
		{"declared, gated", workload("web", requireTLS("web-tls"), scheduler("default-scheduler"), gated("example.com/quota", declare.SchedulingGate)), ""},
		{"undeclared", workload("web", scheduler("default-scheduler")), ""},
		{"undeclared, without annotations", workload("web", scheduler("default-scheduler"), func(p *corev1.Pod) { p.Annotations = nil }), ""},
		{"settings alone declare nothing", workload("web", annotated(declare.OnExpiredAnnotation, "never"), scheduler("default-scheduler")), ""},
		{"critical pod", workload("web", requireTLS(""), scheduler("default-scheduler"), critical), ""},
		{"exempt namespace", workload("web", requireTLS(""), scheduler("default-scheduler"), inNamespace("kube-system")), ""},

		{"node name", workload("web", requireTLS("web-tls"), onNode, scheduler("default-scheduler")), "spec.nodeName bypasses the scheduler, which holds the pod until the TLS Secrets that it declares are usable"},
		{"node name, undeclared", workload("web", onNode), ""},
		{"node name, critical", workload("web", requireTLS("web-tls"), onNode, critical), ""},
		{"mirror pod", workload("web", requireTLS("web-tls"), scheduler("default-scheduler"), onNode, annotated(corev1.MirrorPodAnnotationKey, "1")), ""},
	})
	// Templates are let through with the same words as a warning.
	for _, make := range []func(*corev1.Pod) client.Object{deployment, statefulSet, daemonSet, job, cronJob} {
		for _, test := range []struct {
			want string
			pod  *corev1.Pod
		}{
			{`set spec.schedulerName to "tollgate"`, workload("web", requireTLS("auto"), scheduler("default-scheduler"))},
			{"spec.nodeName bypasses the scheduler", workload("web", requireTLS("auto"), onNode)},
			{"", workload("web", requireTLS("auto"))},
		} {
			object := make(test.pod)
			t.Run(fmt.Sprintf("%T %.20s", object, test.want), func(t *testing.T) {
				eventually(t, "admitted with the warning", func(context.Context) (bool, string) {
					warnings, err := s.ask(t, object)
					return err == nil && strings.Contains(warnings, test.want) && (test.want != "" || warnings == ""), fmt.Sprint(err, warnings)
				})
			})
		}
	}
}

// testDeclarations compares what the policy refuses with what package declare does.
func (c *cluster) testDeclarations(t *testing.T) {
	s := c.space(t)
	var list []admission
	add := func(annotation, value, want string) {
		pod := workload("web", requireTLS("web-tls"), annotated(annotation, value))
		if _, err := declare.Parse(pod); err == nil && want != "" {
			t.Errorf("%s %q is well-formed, but is to be refused", annotation, value)
		}
		list = append(list, admission{fmt.Sprintf("%s %.40q", annotation, value), pod, want})
	}
	const malformed = `annotation tollgate.dev/require-tls is malformed: want "auto" or a comma-separated list`
	for _, value := range []string{
		"", "  ", ",", "web-tls,", ",web-tls", "web-tls api-tls", "Web", "web_tls", "-web", "web-", "a..b", "shop/web-tls", "Auto", "wéb",
		strings.Repeat("a", 254), strings.Repeat("a,", 50) + "a", strings.Repeat(" ", declare.MaxAnnotationBytes) + "web",
	} {
		add(declare.RequireTLSAnnotation, value, malformed)
	}
	add(declare.RequireTLSAnnotation, "auto,web-tls", `"auto" cannot be combined with names`)
	for _, value := range []string{
		"auto", " auto ", "web-tls", "web-tls,api-tls", " web-tls , api-tls\n", "\u00a0web\u00a0", "a.b-c.d", "0", strings.Repeat("a", 253),
		strings.TrimSuffix(strings.Repeat("a,", 50), ","), strings.Repeat(" ", declare.MaxAnnotationBytes-3) + "web",
	} {
		add(declare.RequireTLSAnnotation, value, "")
	}
	add(declare.RequirementsAnnotation, " ", "annotation tollgate.dev/tls-requirements is empty")
	add(declare.RequirementsAnnotation, strings.Repeat(" ", declare.MaxAnnotationBytes)+`[{"secretName": "web-tls"}]`, "longer than")
	add(declare.RequirementsAnnotation, `[{"secretName": "web-tls"}]`, "")
	add(declare.RequirementsAnnotation, "- secretName: web-tls\n", "")
	add(declare.OnExpiredAnnotation, "ignore", `want "block" or "warn"`)
	add(declare.OnExpiredAnnotation, "", `want "block" or "warn"`)
	add(declare.OnExpiredAnnotation, " warn ", "")
	add(declare.OnExpiredAnnotation, "block", "")
	add(declare.AllowTemporaryAnnotation, "yes", `want "false" or "true"`)
	add(declare.AllowTemporaryAnnotation, "true", "")
	for _, value := range []string{"", "15", "15 m", "1d", "m", ".m", "-15m", "soon"} {
		add(declare.MaxWaitAnnotation, value, "is not a duration")
	}
	for _, value := range []string{"15m", " 15m ", "1h30m", "+1h", "1.5h", ".5h", "1.h", "1h1m1s1ms1us1µs1μs1ns"} {
		add(declare.MaxWaitAnnotation, value, "")
	}
	s.admits(t, list)
	eventually(t, "a template is admitted with the warning", func(context.Context) (bool, string) {
		warnings, err := s.ask(t, deployment(workload("web", requireTLS(""))))
		return err == nil && strings.Contains(warnings, malformed), fmt.Sprint(err, warnings)
	})
}

// testGateRemoval lets the controller's account alone remove the gate.
func (c *cluster) testGateRemoval(t *testing.T) {
	s := c.space(t)
	pod := workload("web", requireTLS("web-tls"), scheduler("default-scheduler"), gated(declare.SchedulingGate, "example.com/quota"))
	s.create(pod)
	remove := func(user, gate string) error {
		patch := fmt.Sprintf(`{"spec": {"schedulingGates": [{"$patch": "delete", "name": %q}]}}`, gate)
		return s.as(t, user).Patch(t.Context(), pod.DeepCopy(), client.RawPatch("application/strategic-merge-patch+json", []byte(patch)), client.DryRunAll)
	}
	const controller, want = "system:serviceaccount:tollgate-system:tollgate-controller", "tollgate-controller removes scheduling gate tollgate.dev/tls-ready once"
	eventually(t, "another user is refused", func(context.Context) (bool, string) {
		err := remove("eve", declare.SchedulingGate)
		return err != nil && strings.Contains(err.Error(), want) && strings.Contains(err.Error(), "is forbidden"), fmt.Sprint(err)
	})
	if err := remove("system:serviceaccount:default:tollgate-controller", declare.SchedulingGate); err == nil {
		t.Error("an account of another namespace may remove the gate")
	}
	if err := remove(controller, declare.SchedulingGate); err != nil {
		t.Errorf("the controller may not remove the gate: %v", err)
	}
	if err := remove("eve", "example.com/quota"); err != nil {
		t.Errorf("others may not remove their own gates: %v", err)
	}
	if err := s.update(s.as(t, "eve"), pod, func() { pod.Annotations = nil }); err != nil {
		t.Errorf("others may not change the pod: %v", err)
	}
}

// testToBeginWith applies the change that config/policy/kustomization.yaml speaks of.
func (c *cluster) testToBeginWith(t *testing.T) {
	c.applyOverlay(t, "policy", `patches:
- target: {kind: ValidatingAdmissionPolicyBinding}
  patch: |-
    - {op: replace, path: /spec/validationActions, value: [Warn, Audit]}
- target: {kind: ValidatingAdmissionPolicy}
  patch: |-
    - {op: add, path: /spec/matchConstraints/namespaceSelector/matchExpressions/0/values/-, value: default}
`)
	s := c.space(t)
	bad := workload("web", requireTLS(""), scheduler("default-scheduler"))
	eventually(t, "a warning", func(context.Context) (bool, string) {
		warnings, err := s.ask(t, bad)
		return err == nil && strings.Contains(warnings, "does not hold pods") && strings.Contains(warnings, "malformed"), fmt.Sprint(err, warnings)
	})
	eventually(t, "no warning in the exempt namespace", func(context.Context) (bool, string) {
		warnings, err := s.ask(t, workload("web", requireTLS(""), inNamespace("default")))
		return err == nil && warnings == "", fmt.Sprint(err, warnings)
	})
}

// admission is an object and what its refusal says; empty if it is admitted.
type admission struct {
	name   string
	object client.Object
	want   string
}

// admits tries to create the objects. Those that are refused come first: when all have been, all policies are in force.
func (s *space) admits(t *testing.T, list []admission) {
	t.Helper()
	for _, a := range list {
		if a.want == "" {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			eventually(t, "refused", func(context.Context) (bool, string) {
				_, err := s.ask(t, a.object)
				return err != nil && strings.Contains(err.Error(), a.want), fmt.Sprint(err)
			})
		})
	}
	for _, a := range list {
		if a.want != "" {
			continue
		}
		if namespace := a.object.GetNamespace(); namespace != "" {
			s.waitAccount(t, namespace)
		}
		t.Run(a.name, func(t *testing.T) {
			if warnings, err := s.ask(t, a.object); err != nil || strings.Contains(warnings, "tollgate") {
				t.Errorf("Create = %v, warnings: %s", err, warnings)
			}
		})
	}
}

// waitAccount waits for what no pod of a namespace is admitted without.
func (s *space) waitAccount(t *testing.T, namespace string) {
	t.Helper()
	eventually(t, "ServiceAccount default of namespace "+namespace, func(ctx context.Context) (bool, string) {
		err := s.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "default"}, &corev1.ServiceAccount{})
		return err == nil, fmt.Sprint(err)
	})
}

// ask returns what the API server would say to a new object.
func (s *space) ask(t *testing.T, object client.Object) (warnings string, err error) {
	t.Helper()
	var heard recorder
	object = object.DeepCopyObject().(client.Object)
	if object.GetNamespace() == "" {
		object.SetNamespace(s.ns)
	}
	config := s.sb.Config()
	config.WarningHandler = &heard
	c, err := client.New(config, client.Options{Scheme: s.client.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	err = c.Create(t.Context(), object, client.DryRunAll)
	return heard.String(), err
}

// as returns a client of a user with all rights, whose name the policies see.
func (c *cluster) as(t *testing.T, user string) client.Client {
	t.Helper()
	config := c.sb.Config()
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:masters"}}
	other, err := client.New(config, client.Options{Scheme: c.client.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return other
}

// recorder is a rest.WarningHandler.
type recorder struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *recorder) HandleWarningHeader(_ int, _, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.WriteString(message + "\n")
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// waitTypeChecked waits until the API server has compared the policies' expressions with the types they speak of.
func (c *cluster) waitTypeChecked(t *testing.T, policies ...string) {
	t.Helper()
	for _, name := range policies {
		eventually(t, "policy "+name+" is checked", func(ctx context.Context) (bool, string) {
			var policy admissionv1.ValidatingAdmissionPolicy
			if err := c.client.Get(ctx, client.ObjectKey{Name: name}, &policy); err != nil {
				return false, err.Error()
			}
			if checks := policy.Status.TypeChecking; checks != nil && len(checks.ExpressionWarnings) > 0 {
				t.Fatalf("policy %s: %+v", name, checks.ExpressionWarnings)
			}
			return policy.Status.ObservedGeneration == policy.Generation, ""
		})
	}
}

// applyOverlay applies a folder of config/ with more lines of a kustomization.
func (c *cluster) applyOverlay(t *testing.T, folder, lines string) {
	t.Helper()
	root, err := sandbox.RepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(c.sb.Dir(), t.Name())
	base, err := filepath.Rel(dir, filepath.Join(root, "config", folder))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte("resources: ["+base+"]\n"+lines), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.sb.Apply(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
}

func annotated(key, value string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Annotations[key] = value }
}

func gated(gates ...string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		for _, gate := range gates {
			p.Spec.SchedulingGates = append(p.Spec.SchedulingGates, corev1.PodSchedulingGate{Name: gate})
		}
	}
}

func inNamespace(name string) func(*corev1.Pod) { return func(p *corev1.Pod) { p.Namespace = name } }

func onNode(p *corev1.Pod)   { p.Spec.NodeName = "node" }
func critical(p *corev1.Pod) { p.Spec.PriorityClassName = "system-cluster-critical" }

// templateOf returns the pod as a template, which app=web selects.
func templateOf(pod *corev1.Pod, restart corev1.RestartPolicy) (*metav1.LabelSelector, corev1.PodTemplateSpec) {
	pod = pod.DeepCopy()
	labels := map[string]string{"app": "web"}
	pod.Spec.RestartPolicy = restart
	return &metav1.LabelSelector{MatchLabels: labels},
		corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: pod.Annotations}, Spec: pod.Spec}
}

func deployment(pod *corev1.Pod) client.Object {
	selector, template := templateOf(pod, corev1.RestartPolicyAlways)
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: appsv1.DeploymentSpec{Selector: selector, Template: template}}
}

func statefulSet(pod *corev1.Pod) client.Object {
	selector, template := templateOf(pod, corev1.RestartPolicyAlways)
	return &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: appsv1.StatefulSetSpec{Selector: selector, Template: template}}
}

func daemonSet(pod *corev1.Pod) client.Object {
	selector, template := templateOf(pod, corev1.RestartPolicyAlways)
	return &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: appsv1.DaemonSetSpec{Selector: selector, Template: template}}
}

func job(pod *corev1.Pod) client.Object {
	_, template := templateOf(pod, corev1.RestartPolicyNever)
	return &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: batchv1.JobSpec{Template: template}}
}

func cronJob(pod *corev1.Pod) client.Object {
	_, template := templateOf(pod, corev1.RestartPolicyNever)
	return &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: batchv1.CronJobSpec{
		Schedule: "0 0 * * *", JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: template}},
	}}
}
