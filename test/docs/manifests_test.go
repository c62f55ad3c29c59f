// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// TestManifestFoldersAreNamed wants every folder that can be applied on some page.
func TestManifestFoldersAreNamed(t *testing.T) {
	var all strings.Builder
	for _, page := range pages(t) {
		all.WriteString(read(t, page))
	}
	found := 0
	err := filepath.WalkDir(filepath.Join(root, "config"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Base(path) != "kustomization.yaml" {
			return err
		}
		found++
		folder, err := filepath.Rel(root, filepath.Dir(path))
		// The name ends where a file of the folder or the sentence begins.
		if name := filepath.ToSlash(folder); !regexp.MustCompile("[ `]" + regexp.QuoteMeta(name) + "([\\s`]|/[\\w.+*-]+\\.yaml)").MatchString(all.String()) {
			t.Errorf("%s is on no page", name)
		}
		return err
	})
	if err != nil {
		t.Fatalf("listing the manifests: %v", err)
	}
	if found < 8 {
		t.Errorf("found only %d folders of manifests", found)
	}
}

// TestPermissionsAreExplained wants each verb on each resource that is granted in a table row.
func TestPermissionsAreExplained(t *testing.T) {
	page := section(t, read(t, configuration), "## Permissions")
	for _, file := range []string{"config/rbac/role.yaml", "config/rbac/secrets/scheduler-secrets.yaml", "config/rbac/replace/kube-scheduler-secrets.yaml"} {
		found := 0
		for document := range strings.SplitSeq(read(t, file), "\n---\n") {
			role := &rbacv1.ClusterRole{} // A Role has the same rules.
			if err := yaml.Unmarshal([]byte(document), role); err != nil {
				t.Fatalf("reading %s: %v", file, err)
			}
			for _, rule := range role.Rules {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						found++
						if !permitted(page, resource, verb) {
							t.Errorf("%s grants %s on %s, which has no row in %s", file, verb, resource, configuration)
						}
					}
				}
			}
		}
		if found < 5 {
			t.Errorf("found only %d permissions in %s", found, file)
		}
	}
}

// permitted reports whether a table row has the verb in its first cell and the resource in its second.
func permitted(page, resource, verb string) bool {
	for _, line := range prose(page) {
		cells := strings.Split(line, "|")
		if len(cells) > 2 && regexp.MustCompile(`\b`+verb+`\b`).MatchString(cells[1]) && strings.Contains(cells[2], "`"+resource+"`") {
			return true
		}
	}
	return false
}

func TestExemptionsAreThoseOfTheCode(t *testing.T) {
	page := section(t, read(t, configuration), "## Controller flags")
	for flag, want := range map[string][]string{
		"`--exempt-namespaces`":       declare.DefaultExemptNamespaces,
		"`--exempt-priority-classes`": declare.DefaultExemptPriorityClasses,
	} {
		if cells := row(page, flag); len(cells) < 2 || cells[1] != "`"+strings.Join(want, ",")+"`" {
			t.Errorf("%s: the default of %s is not given as %s", configuration, flag, strings.Join(want, ","))
		}
	}
	exempt := section(t, read(t, certgate), "## Who is never held")
	for _, name := range append(declare.DefaultExemptNamespaces[:2:2], declare.DefaultExemptPriorityClasses...) {
		if !strings.Contains(exempt, "`"+name+"`") {
			t.Errorf("%s does not say that %s is exempt", certgate, name)
		}
	}
}
