// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// tokenLifetime is what ServiceAccountKubeconfig asks for.
const tokenLifetime = 7 * 24 * time.Hour

// ServiceAccountKubeconfig asks the API server for a token of an existing
// ServiceAccount, valid for seven days, and writes a kubeconfig with it into
// the sandbox's folder, mode 0600. A process that uses it has exactly the
// rights that are bound to the ServiceAccount.
func (s *Sandbox) ServiceAccountKubeconfig(ctx context.Context, namespace, name string) (string, error) {
	client, err := kubernetes.NewForConfig(s.config)
	if err != nil {
		return "", fmt.Errorf("creating a client: %w", err)
	}
	token, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(tokenLifetime / time.Second))},
	}, metav1.CreateOptions{})
	if apierrors.IsNotFound(err) {
		return "", fmt.Errorf("requesting a token: %w; create the ServiceAccount first, for example by Apply on config/rbac", err)
	}
	if err != nil {
		return "", fmt.Errorf("requesting a token of ServiceAccount %s/%s: %w", namespace, name, err)
	}
	// Namespaces hold no dots, so the file name is unambiguous.
	path := filepath.Join(s.layout.kubeconfigs(), namespace+"."+name+".kubeconfig")
	user := &clientcmdapi.AuthInfo{Token: token.Status.Token}
	if err := writeKubeconfig(path, s.config.Host, s.pki.cluster.certPEM, namespace, user); err != nil {
		return "", err
	}
	return path, nil
}

// UserKubeconfig writes a kubeconfig with a client certificate of a user who is
// in groups, into the sandbox's folder, mode 0600. The user has the rights that
// are bound to that name, as system:kube-scheduler has from the start.
func (s *Sandbox) UserKubeconfig(user string, groups ...string) (string, error) {
	path := filepath.Join(s.layout.kubeconfigs(), "user@"+url.QueryEscape(user)+".kubeconfig")
	if err := s.userKubeconfig(path, s.config.Host, user, groups...); err != nil {
		return "", err
	}
	return path, nil
}

// userKubeconfig writes a kubeconfig with a client certificate.
func (s *Sandbox) userKubeconfig(path, host, user string, groups ...string) error {
	pair, err := s.pki.cluster.client(user, groups...)
	if err != nil {
		return err
	}
	auth := &clientcmdapi.AuthInfo{ClientCertificateData: pair.cert, ClientKeyData: pair.key}
	return writeKubeconfig(path, host, s.pki.cluster.certPEM, metav1.NamespaceDefault, auth)
}

// adminConfig writes the administrator's kubeconfig and loads it.
func (s *Sandbox) adminConfig(host string) (*rest.Config, error) {
	if err := s.userKubeconfig(s.layout.kubeconfig(), host, "sandbox-admin", "system:masters"); err != nil {
		return nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", s.layout.kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("loading the sandbox's kubeconfig: %w", err)
	}
	config.QPS = -1
	config.UserAgent = "tollgate-sandbox"
	return config, nil
}

func writeKubeconfig(path, host string, ca []byte, namespace string, user *clientcmdapi.AuthInfo) error {
	const name = "sandbox"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: host, CertificateAuthorityData: ca}
	config.AuthInfos[name] = user
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: namespace}
	config.CurrentContext = name
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return fmt.Errorf("writing kubeconfig %s: %w", path, err)
	}
	return nil
}
