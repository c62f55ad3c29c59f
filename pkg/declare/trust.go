// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

const (
	trustForm = `"ca.crt", "configMap/<name>", "configMap/<name>/<key>" or "clusterTrustBundle/<name>"`
	// defaultTrustKey is the key under which authorities are mostly kept, as in the ConfigMap
	// kube-root-ca.crt.
	defaultTrustKey = "ca.crt"
)

// maxSignerBytes is the API's limit of a signer's name: domain, slash, namespace, dot, name.
const maxSignerBytes = 2*validation.DNS1123SubdomainMaxLength + validation.DNS1123LabelMaxLength + 2

var trustKinds = []string{string(TrustSecret), string(TrustConfigMap), string(TrustClusterTrustBundle)}

// parseTrust reads the field trust.
func parseTrust(s string) (Trust, error) {
	kind, rest, named := strings.Cut(s, "/")
	switch {
	case kind == string(TrustSecret) && !named:
		return Trust{Kind: TrustSecret}, nil
	case kind == string(TrustConfigMap) && named:
		return parseConfigMapTrust(rest)
	case kind == string(TrustClusterTrustBundle) && named:
		if err := checkBundleName(rest); err != nil {
			return Trust{}, fmt.Errorf("%s is not a valid name of a ClusterTrustBundle: %w", quote(rest), err)
		}
		return Trust{Kind: TrustClusterTrustBundle, Name: rest}, nil
	}
	hint := ""
	if !slices.Contains(trustKinds, kind) {
		hint = didYouMean(kind, trustKinds)
	}
	return Trust{}, fmt.Errorf("%s does not say where the authorities are%s; want %s", quote(s), hint, trustForm)
}

func parseConfigMapTrust(rest string) (Trust, error) {
	name, key, keyed := strings.Cut(rest, "/")
	if !keyed {
		key = defaultTrustKey
	}
	if len(validation.IsDNS1123Subdomain(name)) > 0 {
		return Trust{}, fmt.Errorf("%s is not a valid ConfigMap name; want %s", quote(name), subdomainForm)
	}
	if len(validation.IsConfigMapKey(key)) > 0 {
		return Trust{}, fmt.Errorf("%s is not a valid key of a ConfigMap; want letters, digits, '-', '_' and '.'", quote(key))
	}
	return Trust{Kind: TrustConfigMap, Name: name, Key: key}, nil
}

// checkBundleName checks the name of a ClusterTrustBundle by the rules of its API: that of a
// bundle of signer example.com/ca is example.com:ca:<name>; others have no colon.
func checkBundleName(name string) error {
	parts := strings.Split(name, ":")
	if last := parts[len(parts)-1]; len(validation.IsDNS1123Subdomain(last)) > 0 {
		return errors.New("want " + subdomainForm + `, after the signer's name if the bundle has one, such as "example.com:ca:roots"`)
	}
	switch len(parts) {
	case 1:
		return nil
	case 3:
		return checkSigner(parts[0], parts[1])
	}
	return errors.New(`want none or two colons, such as "roots" or "example.com:ca:roots"`)
}

// checkSigner checks the two parts of a signer's name, domain and path.
func checkSigner(domain, path string) error {
	if labels := strings.Split(domain, "."); len(labels) < 2 || !all(labels, validation.IsDNS1123Label) || len(domain) > validation.DNS1123SubdomainMaxLength {
		return fmt.Errorf("its signer's domain %s is not a domain with at least one dot", quote(domain))
	}
	if !all(strings.Split(path, "."), validation.IsDNS1123Subdomain) || len(domain+"/"+path) > maxSignerBytes {
		return fmt.Errorf("its signer's path %s is too long, or not made of lower-case letters, digits, '-' and '.'", quote(path))
	}
	return nil
}

// all reports whether check finds nothing wrong with any of the names.
func all(names []string, check func(string) []string) bool {
	for _, name := range names {
		if len(check(name)) > 0 {
			return false
		}
	}
	return true
}
