// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e follows a certificate from the annotations of a pod template to the handshakes of a process on a real node, and
// through its renewal. `make e2e` runs it.
package e2e

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
	"github.com/tollgate-dev/tollgate/test/e2e/node"
)

// TestChain: held, issued, released, bound, started, served, renewed, served again.
func TestChain(t *testing.T) {
	if os.Getenv("TOLLGATE_E2E") == "" {
		t.Skip("this needs a real node; run `make e2e`")
	}
	if missing := node.Missing(cgroupRoot()); missing != "" {
		t.Skip(missing)
	}
	c := newCluster(t)
	c.must(c.client.Create(t.Context(), single("plain", template(c.pause))))
	c.waitPod(t, "is bound", "plain", func(p *corev1.Pod) bool { return p.Spec.NodeName == nodeName })
	c.able(c.starts(t.Context(), "plain"))

	tl := c.record(t)
	gated, ungated := address(t), address(t)
	c.must(c.client.Create(t.Context(), deployment("web", c.server, gated)))
	c.must(c.client.Create(t.Context(), single("ungated", serving(c.server, ungated))))
	web := c.podOf(t, "web").Name
	root, err := stack.ACMERoot(t.Context(), c.sb.ACME())
	c.must(err)
	visitor := visit(t, gated, host, root)

	c.checkHeld(t, web)
	if len(visitor.seen()) > 0 {
		t.Error("the held pod serves")
	}
	c.must(c.client.Create(t.Context(), issuer(c.sb.ACME())))
	c.checkStarted(t, tl, visitor, web)
	c.checkRenewed(t, tl, visitor, web)
}

// checkHeld: while there is no certificate the gated pod is nowhere. The ungated one, which was created after it, is bound and
// cannot start.
func (c *cluster) checkHeld(t *testing.T, web string) {
	t.Helper()
	c.waitPod(t, "is held", web, func(p *corev1.Pod) bool {
		return tlsReady(p).Status == corev1.ConditionFalse && tlsReady(p).Reason == "SecretNotFound"
	})
	ungated := c.waitPod(t, "is bound", "ungated", func(p *corev1.Pod) bool { return p.Spec.NodeName == nodeName })
	// With its fifth attempt the kubelet has begun to wait for eight seconds before the next.
	eventually(t, "the kubelet has tried to mount the absent Secret five times", func(ctx context.Context) (bool, string) {
		attempts, last := c.failedMounts(ctx, "ungated")
		return attempts >= 5, fmt.Sprintf("%d attempts: %s", attempts, last)
	})
	pod := c.waitPod(t, "says what is missing", web, func(p *corev1.Pod) bool { return strings.Contains(tlsReady(p).Message, issuerName) })
	t.Logf("held: %s", tlsReady(pod).Message)
	if pod.Spec.NodeName != "" {
		t.Errorf("the held pod is on node %s", pod.Spec.NodeName)
	}
	if len(pod.Status.ContainerStatuses) > 0 {
		t.Errorf("the held pod has containers: %s", describe(pod))
	}
	for _, p := range []*corev1.Pod{pod, ungated} {
		containers, err := c.node.Containers(t.Context(), string(p.UID))
		c.must(err)
		if len(containers) > 0 {
			t.Errorf("pod %s has containers %v before its Secret exists", p.Name, containers)
		}
	}
}

// checkStarted: with the certificate the pod is bound by Tollgate's scheduler, and serves.
func (c *cluster) checkStarted(t *testing.T, tl *timeline, visitor *visitor, web string) {
	t.Helper()
	secret := tl.secret(t, "is written", secretName, func(*corev1.Secret) bool { return true })
	bound := tl.pod(t, "is bound", web, func(p *corev1.Pod) bool { return p.Spec.NodeName != "" })
	if bound.object.Spec.NodeName != nodeName {
		t.Errorf("the pod is on node %q", bound.object.Spec.NodeName)
	}
	if bound.version(t) <= secret.version(t) {
		t.Errorf("the pod was bound in version %d, the Secret written in %d", bound.version(t), secret.version(t))
	}
	served := visitor.answer(t, 0)
	tl.secret(t, "has the certificate that is served", secretName, func(s *corev1.Secret) bool { return leafOf(t, s).Equal(served.leaf) })
	since := func(at time.Time) time.Duration { return at.Sub(secret.at).Round(time.Millisecond) }
	t.Logf("with the gate: bound %s after the Secret was written, first handshake after %s", since(bound.at), since(served.at))
	late := tl.pod(t, "has started", "ungated", running)
	t.Logf("without the gate, and with no certificate when it was bound: started %s after the Secret was written", since(late.at))
}

// checkRenewed: the same process serves the next certificate, and no client saw a failure.
func (c *cluster) checkRenewed(t *testing.T, tl *timeline, visitor *visitor, web string) {
	t.Helper()
	before := c.waitPod(t, "runs", web, running)
	old, next := visitor.answer(t, 0), visitor.answer(t, 1)
	secret := tl.secret(t, "has the next certificate", secretName, func(s *corev1.Secret) bool { return leafOf(t, s).Equal(next.leaf) })
	t.Logf("renewed with %s of the old certificate left, served %s after the Secret was written",
		old.leaf.NotAfter.Sub(secret.at).Round(time.Second), next.at.Sub(secret.at).Round(time.Millisecond))
	if err := visitor.trouble(); err != nil {
		t.Errorf("what clients saw:\n%v", err)
	}
	after := c.waitPod(t, "runs", web, running)
	now, then := after.Status.ContainerStatuses[0], before.Status.ContainerStatuses[0]
	if after.UID != before.UID || now.ContainerID != then.ContainerID || now.RestartCount != 0 {
		t.Errorf("pod %s, container %s, restarts %d; before pod %s, container %s", after.UID, now.ContainerID, now.RestartCount, before.UID, then.ContainerID)
	}
	c.checkIssued(t)
}

// checkIssued: the TLSCertificate has been renewed, and the CA has signed no more than the TLSCertificate knows of.
func (c *cluster) checkIssued(t *testing.T) {
	t.Helper()
	eventually(t, "the CA has issued one certificate for each revision", func(ctx context.Context) (bool, string) {
		var certificate v1alpha1.TLSCertificate
		if err := c.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: secretName}, &certificate); err != nil {
			return false, err.Error()
		}
		log, err := os.ReadFile(filepath.Join(c.sb.LogDir(), "pebble.log"))
		if err != nil {
			return false, err.Error()
		}
		issued, revision := int64(bytes.Count(log, []byte("Issued certificate serial"))), certificate.Status.Revision
		ready := meta.IsStatusConditionTrue(certificate.Status.Conditions, v1alpha1.ConditionReady)
		return revision >= 2 && issued == revision && ready, fmt.Sprintf("%d issued, revision %d, conditions %v", issued, revision, certificate.Status.Conditions)
	})
}

// failedMounts sums the events that say that a pod's volumes could not be mounted.
func (c *cluster) failedMounts(ctx context.Context, pod string) (attempts int32, last string) {
	var events corev1.EventList
	if err := c.client.List(ctx, &events, client.InNamespace(namespace)); err != nil {
		return 0, err.Error()
	}
	for _, e := range events.Items {
		if e.InvolvedObject.Name == pod && e.Reason == "FailedMount" {
			attempts += max(1, e.Count)
			last = e.Message
		}
	}
	return attempts, last
}

func leafOf(t *testing.T, secret *corev1.Secret) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(secret.Data[corev1.TLSCertKey])
	if block == nil {
		t.Fatalf("tls.crt of Secret %s is not PEM", secret.Name)
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatalf("parsing tls.crt of Secret %s: %v", secret.Name, err)
	}
	return leaf
}

// cgroupRoot is the cgroup that hack/e2e.sh has made for this run.
func cgroupRoot() string { return os.Getenv("TOLLGATE_E2E_CGROUP") }

func address(t *testing.T) string {
	t.Helper()
	port, err := sandbox.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
