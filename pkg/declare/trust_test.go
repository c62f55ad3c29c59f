// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
)

var bundleNames = []string{
	"roots", "corp.roots-1", "example.com:ca:roots", "tollgate.dev:ca:a.b", "a.b:ns.name:roots",
	"", ":", "::", "a:b", "a:b:c", "a.b::c", "a.b:c:", ":b:c", "a.b:c:d:e", "a.b:c/d:e", "a.b/c:d", "A.b:c:d", "a.b:c:D", "a.b:C:d",
	"Roots", "-roots", "a..b:c:d", "a.b:c..d:e", "a.b:c.:d", strings.Repeat("a", 253), strings.Repeat("a", 254),
	strings.Repeat("a", 63) + ".b:c:d", strings.Repeat("a", 64) + ".b:c:d", strings.Repeat("a.", 127) + "b:c:d",
	"a.b:" + strings.Repeat("a", 253) + "." + strings.Repeat("b", 63) + ":d", "a.b:" + strings.Repeat("a", 253) + "." + strings.Repeat("b", 64) + ":d",
}

// TestBundleNamesAsTheAPI compares with the API server's own validation.
func TestBundleNamesAsTheAPI(t *testing.T) {
	valid := 0
	for _, name := range bundleNames {
		want, got := apiAccepts(name), checkBundleName(name) == nil
		if got != want {
			t.Errorf("checkBundleName(%q) accepts: %v; the API: %v", name, got, want)
		}
		if want {
			valid++
		}
	}
	if valid < 5 || valid > len(bundleNames)/2 {
		t.Errorf("%d of %d names are valid", valid, len(bundleNames))
	}
}

func FuzzBundleName(f *testing.F) {
	for _, name := range bundleNames {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if want, got := apiAccepts(name), checkBundleName(name) == nil; got != want {
			t.Errorf("checkBundleName(%q) accepts: %v; the API: %v", name, got, want)
		}
	})
}

// apiAccepts reports whether there is a signer for which the API takes a ClusterTrustBundle
// of that name.
func apiAccepts(name string) bool {
	signer := ""
	if at := strings.LastIndexByte(name, ':'); at >= 0 {
		signer = strings.ReplaceAll(name[:at], ":", "/")
		if len(corevalidation.ValidateSignerName(field.NewPath("signerName"), signer)) > 0 {
			return false
		}
	}
	return len(corevalidation.ValidateClusterTrustBundleName(signer)(name, false)) == 0
}
