// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package stack runs Tollgate on a sandbox as users run it: the manifests of config/, processes under the roles of config/rbac,
// and the scheduler configurations of config/scheduler.
package stack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
)

const (
	// Namespace that Tollgate is installed in.
	Namespace = "tollgate-system"
	// SchedulerServiceAccount and ControllerServiceAccount are the accounts of config/rbac.
	SchedulerServiceAccount  = "tollgate-scheduler"
	ControllerServiceAccount = "tollgate-controller"

	// advertisedAddress stands for the controller's pod IP: EndpointSlices refuse loopback addresses. Pebble dials loopback. (RFC 5737)
	advertisedAddress = "192.0.2.1"
)

// Install applies config/crd and config/rbac.
func Install(ctx context.Context, sb *sandbox.Sandbox) error {
	for _, dir := range []string{"crd", "rbac"} {
		if err := Apply(ctx, sb, dir); err != nil {
			return err
		}
	}
	return nil
}

// Apply applies one kustomization below config/.
func Apply(ctx context.Context, sb *sandbox.Sandbox, dir string) error {
	root, err := sandbox.RepoRoot()
	if err != nil {
		return err
	}
	if err := sb.Apply(ctx, filepath.Join(root, "config", dir)); err != nil {
		return fmt.Errorf("applying config/%s: %w", dir, err)
	}
	return nil
}

// NewClient returns an administrator's client that knows Tollgate's kinds.
func NewClient(sb *sandbox.Sandbox) (client.WithWatch, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("registering types: %w", err)
		}
	}
	c, err := client.NewWithWatch(sb.Config(), client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("connecting to the sandbox: %w", err)
	}
	return c, nil
}

// ControllerOptions changes how the controller is started; the zero value is what config/controller does, less leader election.
type ControllerOptions struct {
	// Name of the process and its log. Default tollgate-controller.
	Name string
	// Args are added to the command line.
	Args []string
}

// StartController starts tollgate-controller as ServiceAccount tollgate-controller, answering http-01 where the sandbox's CA asks.
func StartController(ctx context.Context, sb *sandbox.Sandbox, o ControllerOptions) (*sandbox.Process, error) {
	if o.Name == "" {
		o.Name = "tollgate-controller"
	}
	kubeconfig, err := sb.ServiceAccountKubeconfig(ctx, Namespace, ControllerServiceAccount)
	if err != nil {
		return nil, err
	}
	path, err := Binary("tollgate-controller")
	if err != nil {
		return nil, err
	}
	args := []string{
		"--kubeconfig=" + kubeconfig,
		"--namespace=" + Namespace,
		"--http01-advertise-address=" + advertisedAddress,
		"--http01-self-check-timeout=0", // the sandbox's names are known to its CA alone
		"--health-probe-bind-address=127.0.0.1:0",
	}
	if port := sb.ACME().HTTP01Port; port != 0 {
		args = append(args, "--http01-bind-address="+net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	} else {
		args = append(args, "--http01-bind-address=127.0.0.1:0")
	}
	return sb.StartProcess(ctx, sandbox.Spec{Name: o.Name, Path: path, Args: append(args, o.Args...)})
}

// Binary returns the path of one of the product's binaries, which `make binaries` builds.
func Binary(name string) (string, error) {
	root, err := sandbox.RepoRoot()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "_output", "bin", name), nil
}

// ACMERoot returns the root certificate (PEM) of the certificates that the sandbox's ACME server issues.
func ACMERoot(ctx context.Context, acme sandbox.ACME) ([]byte, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(acme.CABundle)
	httpClient := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives: true,
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, acme.ManagementURL+"/roots/0", nil)
	if err != nil {
		return nil, err
	}
	response, err := httpClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the ACME server for its root: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking the ACME server for its root: %s", response.Status)
	}
	return io.ReadAll(response.Body)
}
