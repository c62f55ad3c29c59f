// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// startTollgate installs the CRDs and roles of config/ and starts scheduler and controller under exactly those roles.
func (d *demo) startTollgate(ctx context.Context) error {
	if err := stack.Install(ctx, d.sb); err != nil {
		return err
	}
	scheduler, err := stack.StartScheduler(ctx, d.sb, stack.SchedulerOptions{})
	if err != nil {
		return err
	}
	controller, err := stack.StartController(ctx, d.sb, stack.ControllerOptions{})
	if err != nil {
		return err
	}
	for name, process := range map[string]*sandbox.Process{"kube-scheduler": scheduler, "tollgate-controller": controller} {
		go func() {
			<-process.Done()
			d.end(fmt.Errorf("%s has ended; its log is %s", name, process.Log()))
		}()
	}
	if err := d.client.Create(ctx, acmeIssuer(d.sb.ACME())); err != nil {
		return fmt.Errorf("creating ClusterCertIssuer: %w", err)
	}
	return nil
}

// checkCertificate verifies the issued certificate against the root that Pebble publishes.
func (d *demo) checkCertificate(ctx context.Context) error {
	var secret corev1.Secret
	if err := d.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: webSecret}, &secret); err != nil {
		return err
	}
	root, err := stack.ACMERoot(ctx, d.sb.ACME())
	if err != nil {
		return err
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	if !roots.AppendCertsFromPEM(root) {
		return errors.New("the CA's root is not PEM")
	}
	block, rest := pem.Decode(secret.Data[corev1.TLSCertKey])
	if block == nil {
		return errors.New("tls.crt is not PEM")
	}
	intermediates.AppendCertsFromPEM(rest)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	_, err = leaf.Verify(x509.VerifyOptions{DNSName: webHost, Roots: roots, Intermediates: intermediates})
	return err
}

// readYAML is for the few objects that are easier to read as YAML.
func readYAML[T any](text string) *T {
	object := new(T)
	if err := yaml.UnmarshalStrict([]byte(text), object); err != nil {
		fmt.Fprintf(os.Stderr, "demo: %v in\n%s\n", err, text)
		panic(err) // a constant of this package is wrong
	}
	return object
}
