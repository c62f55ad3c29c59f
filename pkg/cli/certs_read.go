// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/pager"

	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
	"github.com/tollgate-dev/tollgate/pkg/migrate"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// certsDumpCommand writes what -f reads.
const certsDumpCommand = "kubectl get certificates.cert-manager.io,issuers.cert-manager.io,clusterissuers.cert-manager.io -A -o yaml > certs.yaml"

// importedKinds are the kinds that are read from a cluster.
var importedKinds = []struct {
	schema.GroupVersionResource
	cluster bool
}{
	{GroupVersionResource: schema.GroupVersionResource{Group: "cert-manager.io", Version: "v1", Resource: "certificates"}},
	{GroupVersionResource: schema.GroupVersionResource{Group: "cert-manager.io", Version: "v1", Resource: "issuers"}},
	{GroupVersionResource: schema.GroupVersionResource{Group: "cert-manager.io", Version: "v1", Resource: "clusterissuers"}, cluster: true},
	{GroupVersionResource: schema.GroupVersionResource{Group: "stable.hightower.com", Version: "v1", Resource: "certificates"}},
}

// read returns what is to be imported, and notes about what was not there.
func (o *certsImportOptions) read(ctx context.Context) ([]migrate.Input, []string, error) {
	if len(o.files) == 0 {
		return o.readCluster(ctx)
	}
	var all []migrate.Input
	for _, file := range o.files {
		inputs, err := o.readFile(file)
		if err != nil {
			return nil, nil, ui.WithHint(fmt.Errorf("reading certificates from %s: %w", file, err), "write the file with: %s", certsDumpCommand)
		}
		all = append(all, inputs...)
	}
	return all, nil, nil
}

func (o *certsImportOptions) readFile(file string) ([]migrate.Input, error) {
	r, name := o.In, "stdin"
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r, name = f, file
	}
	unpacked, err := workload.Unpack(r)
	if err != nil {
		return nil, fmt.Errorf("unpacking it: %w", err)
	}
	inputs, err := migrate.Parse(name, unpacked)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("it ends within the packed data; write it again in full")
	}
	return inputs, err
}

// readCluster lists the kinds that are installed.
func (o *certsImportOptions) readCluster(ctx context.Context) ([]migrate.Input, []string, error) {
	if _, err := o.input.client(); err != nil { // says what is wrong with the kubeconfig
		return nil, nil, err
	}
	config, err := o.input.config.ToRESTConfig()
	if err != nil {
		return nil, nil, explainConfigError(err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, nil, explainConfigError(err)
	}
	var all []migrate.Input
	var missing, notes []string
	for _, kind := range importedKinds {
		namespace := o.Namespace
		if kind.cluster {
			namespace = ""
		}
		found, err := list(ctx, client.Resource(kind.GroupVersionResource).Namespace(namespace))
		if apierrors.IsNotFound(err) {
			missing = append(missing, kind.GroupResource().String())
			continue
		}
		if err != nil {
			return nil, nil, explainImportError(fmt.Errorf("listing %s: %w", kind.GroupResource(), err))
		}
		all = append(all, found...)
	}
	if len(missing) > 0 {
		notes = append(notes, "not installed in the cluster: "+strings.Join(missing, ", "))
	}
	if o.Namespace != "" {
		notes = append(notes, fmt.Sprintf("spec.allow of ClusterCertIssuers permits names in namespace %s only, since -n was given", o.Namespace))
	}
	return all, notes, nil
}

func list(ctx context.Context, client dynamic.ResourceInterface) ([]migrate.Input, error) {
	var all []migrate.Input
	p := pager.New(pager.ListPageFunc(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return client.List(ctx, options)
	}))
	err := p.EachListItem(ctx, metav1.ListOptions{}, func(obj runtime.Object) error {
		if u, ok := obj.(*unstructured.Unstructured); ok {
			all = append(all, migrate.Input{Object: u.Object})
		}
		return nil
	})
	return all, err
}

// explainImportError adds what to do about an error of the API server.
func explainImportError(err error) error {
	if apierrors.IsForbidden(err) {
		return ui.WithHint(err, "this needs list on certificates, issuers and clusterissuers of cert-manager.io and on certificates of stable.hightower.com, in all namespaces or in that of -n; or have somebody write a file for -f: %s", certsDumpCommand)
	}
	return explainAPIError(err)
}
