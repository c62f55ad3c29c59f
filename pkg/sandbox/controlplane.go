// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"path/filepath"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// serviceCIDR is the range of Services' cluster IPs. Nothing routes it.
const serviceCIDR = "10.96.0.0/16"

// startControlPlane starts etcd, kube-apiserver and what runs against it.
func (s *Sandbox) startControlPlane(ctx context.Context) error {
	etcdURL, err := s.startEtcd(ctx)
	if err != nil {
		return err
	}
	if err := s.startAPIServer(ctx, etcdURL); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	if s.opts.ControllerManager {
		group.Go(func() error { return s.startControllerManager(ctx) })
	}
	if s.opts.KWOK {
		group.Go(func() error { return s.startKWOK(ctx) })
	}
	return group.Wait()
}

// startEtcd starts a single member that only clients with a certificate of the
// cluster's CA can talk to, and returns its client URL.
func (s *Sandbox) startEtcd(ctx context.Context) (string, error) {
	var url string
	plan := func() (Spec, func(context.Context) error, error) {
		var clientPort, peerPort int
		if err := freePorts(&clientPort, &peerPort); err != nil {
			return Spec{}, nil, err
		}
		url = httpsURL(clientPort)
		peerURL := httpsURL(peerPort)
		ca, cert, key := s.pki.path("ca.crt"), s.pki.path("etcd.crt"), s.pki.path("etcd.key")
		spec := Spec{Name: "etcd", Path: binEtcd, Args: []string{
			"--name=sandbox",
			"--data-dir=" + filepath.Join(s.layout.data(), fmt.Sprintf("etcd-%d", clientPort)),
			"--listen-client-urls=" + url,
			"--advertise-client-urls=" + url,
			"--listen-peer-urls=" + peerURL,
			"--initial-advertise-peer-urls=" + peerURL,
			"--initial-cluster=sandbox=" + peerURL,
			"--client-cert-auth", "--trusted-ca-file=" + ca, "--cert-file=" + cert, "--key-file=" + key,
			"--peer-client-cert-auth", "--peer-trusted-ca-file=" + ca, "--peer-cert-file=" + cert, "--peer-key-file=" + key,
			"--unsafe-no-fsync",
			"--log-level=warn",
		}}
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return Spec{}, nil, fmt.Errorf("loading etcd's certificate: %w", err)
		}
		return spec, probeURL(url+"/readyz", s.pki.cluster.certPEM, pair), nil
	}
	_, err := s.startComponent(ctx, component{plan: plan, attempts: 2})
	return url, err
}

// startAPIServer starts kube-apiserver with RBAC and writes the kubeconfig of
// the administrator.
func (s *Sandbox) startAPIServer(ctx context.Context, etcdURL string) error {
	plan := func() (Spec, func(context.Context) error, error) {
		port, err := FreePort()
		if err != nil {
			return Spec{}, nil, err
		}
		if s.config, err = s.adminConfig(httpsURL(port)); err != nil {
			return Spec{}, nil, err
		}
		args := []string{
			"--bind-address=" + loopback,
			// The kubernetes Service cannot point at loopback; nothing uses it.
			"--advertise-address=" + loopback,
			"--endpoint-reconciler-type=none",
			fmt.Sprintf("--secure-port=%d", port),
			"--tls-cert-file=" + s.pki.path("apiserver.crt"),
			"--tls-private-key-file=" + s.pki.path("apiserver.key"),
			"--client-ca-file=" + s.pki.path("ca.crt"),
			"--requestheader-client-ca-file=" + s.pki.path("front-proxy-ca.crt"),
			"--requestheader-allowed-names=" + frontProxyUser,
			"--requestheader-username-headers=X-Remote-User",
			"--requestheader-group-headers=X-Remote-Group",
			"--requestheader-extra-headers-prefix=X-Remote-Extra-",
			"--proxy-client-cert-file=" + s.pki.path("front-proxy-client.crt"),
			"--proxy-client-key-file=" + s.pki.path("front-proxy-client.key"),
			"--etcd-servers=" + etcdURL,
			"--etcd-cafile=" + s.pki.path("ca.crt"),
			"--etcd-certfile=" + s.pki.path("etcd.crt"),
			"--etcd-keyfile=" + s.pki.path("etcd.key"),
			"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
			"--service-account-key-file=" + s.pki.path("sa.key"),
			"--service-account-signing-key-file=" + s.pki.path("sa.key"),
			"--service-cluster-ip-range=" + serviceCIDR,
			"--authorization-mode=RBAC",
			"--allow-privileged=true",
		}
		if !s.opts.ControllerManager {
			args = append(args, "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition")
		}
		args = append(args, s.opts.APIServerArgs...)
		client, err := kubernetes.NewForConfig(s.config)
		if err != nil {
			return Spec{}, nil, fmt.Errorf("creating a client: %w", err)
		}
		probe := func(ctx context.Context) error {
			return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
		}
		return Spec{Name: "kube-apiserver", Path: binAPIServer, Args: args}, probe, nil
	}
	_, err := s.startComponent(ctx, component{plan: plan, attempts: 2})
	return err
}

// startControllerManager starts kube-controller-manager, each controller with
// its own ServiceAccount, and waits until pods can be created in the default
// namespace.
func (s *Sandbox) startControllerManager(ctx context.Context) error {
	kubeconfig := filepath.Join(s.layout.pki(), "controller-manager.kubeconfig")
	if err := s.userKubeconfig(kubeconfig, s.config.Host, "system:kube-controller-manager"); err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(s.config)
	if err != nil {
		return fmt.Errorf("creating a client: %w", err)
	}
	plan := func() (Spec, func(context.Context) error, error) {
		port, err := FreePort()
		if err != nil {
			return Spec{}, nil, err
		}
		spec := Spec{Name: "kube-controller-manager", Path: binControllerManager, Args: []string{
			"--bind-address=" + loopback,
			fmt.Sprintf("--secure-port=%d", port),
			"--tls-cert-file=" + s.pki.path("controller-manager.crt"),
			"--tls-private-key-file=" + s.pki.path("controller-manager.key"),
			"--kubeconfig=" + kubeconfig,
			"--authentication-kubeconfig=" + kubeconfig,
			"--authorization-kubeconfig=" + kubeconfig,
			"--root-ca-file=" + s.pki.path("ca.crt"),
			"--cluster-signing-cert-file=" + s.pki.path("ca.crt"),
			"--cluster-signing-key-file=" + s.pki.path("ca.key"),
			"--service-account-private-key-file=" + s.pki.path("sa.key"),
			"--use-service-account-credentials",
			"--leader-elect=false",
			"--kube-api-qps=200",
			"--kube-api-burst=400",
			// The default is a folder of the machine.
			"--flex-volume-plugin-dir=" + filepath.Join(s.layout.data(), "flexvolume"),
		}}
		healthy := probeURL(httpsURL(port)+"/healthz", s.pki.cluster.certPEM)
		probe := func(ctx context.Context) error {
			if err := healthy(ctx); err != nil {
				return err
			}
			_, err := client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
			return err
		}
		return spec, probe, nil
	}
	_, err = s.startComponent(ctx, component{plan: plan, attempts: 2})
	return err
}

// probeURL succeeds when url answers 200 under a certificate of ca.
func probeURL(url string, ca []byte, client ...tls.Certificate) func(context.Context) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	httpClient := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: client},
		DisableKeepAlives: true,
	}}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("probing %s: %w", url, err)
		}
		resp, err := httpClient.Do(req)
		if err != nil {
			return fmt.Errorf("probing %s: %w", url, err)
		}
		defer resp.Body.Close()
		if body, _ := io.ReadAll(io.LimitReader(resp.Body, 512)); resp.StatusCode != http.StatusOK {
			return fmt.Errorf("probing %s: %s: %s", url, resp.Status, body)
		}
		return nil
	}
}
