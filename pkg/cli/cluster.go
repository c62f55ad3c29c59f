// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
)

// quickly lifts client-go's limit of 5 requests per second: a command makes a
// few requests and ends.
func quickly(c *rest.Config) *rest.Config {
	c.QPS, c.Burst = 50, 300
	return c
}

const clusterHint = "name a cluster with --kubeconfig or --context, or read a file with -f"

// client returns the client of the cluster that the flags name.
func (i *input) client() (kubernetes.Interface, error) {
	if i.cluster != nil {
		return i.cluster, nil
	}
	raw, err := i.config.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return nil, explainConfigError(err)
	}
	// Without a cluster, clientcmd would try localhost:8080.
	if len(raw.Clusters) == 0 && *i.config.APIServer == "" && os.Getenv("KUBERNETES_SERVICE_HOST") == "" {
		return nil, ui.WithHint(errors.New("no cluster: there is no kubeconfig, or it names none"), clusterHint)
	}
	config, err := i.config.ToRESTConfig()
	if err != nil {
		return nil, explainConfigError(err)
	}
	i.cluster, err = kubernetes.NewForConfig(config)
	if err != nil {
		return nil, explainConfigError(err)
	}
	return i.cluster, nil
}

func explainConfigError(err error) error {
	if err == nil {
		return nil
	}
	if clientcmd.IsContextNotFound(err) || strings.HasPrefix(err.Error(), "context ") {
		return ui.WithHint(fmt.Errorf("reading kubeconfig: %w", err), "kubectl config get-contexts lists them")
	}
	return ui.WithHint(fmt.Errorf("reading kubeconfig: %w", err), clusterHint)
}

// explainAPIError adds what to do about an error of the API server.
func explainAPIError(err error) error {
	var network net.Error
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err):
		return ui.WithHint(err, "this needs get and list on nodes and pods of all namespaces, which the ClusterRole system:kube-scheduler has; or have somebody write a file for -f: %s", dumpCommand)
	case apierrors.IsUnauthorized(err):
		return ui.WithHint(err, "the credentials of the kubeconfig are not accepted; log in again, or choose others with --context")
	case errors.As(err, &network):
		return ui.WithHint(err, "the API server cannot be reached; check kubectl cluster-info, or %s", clusterHint)
	default:
		return err
	}
}
