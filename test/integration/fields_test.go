// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// field is a value of one field of a spec, in an object that is valid otherwise.
type field struct {
	// path of the field: spec.dnsNames[0] is an item of a list, spec.secretTemplate.labels{team} one of a map.
	path string
	// value that is put there; gone takes away what is there.
	value any
	// want is in the message that refuses it; "" if it is admitted.
	want string
	// at is the field that the message names, if it is not path.
	at string
}

// gone is the value of a field that is not there.
type gone struct{}

// TestFieldsAreJudged goes through the specs field by field: what is refused is refused with a message that names the field and says
// what is wanted, and what is admitted can be read by the controller. One object that it could not read would keep it from reading any
// of the kind.
func TestFieldsAreJudged(t *testing.T) {
	s := shared.space(t)
	for _, o := range specimens() {
		t.Run(o.name, func(t *testing.T) {
			if causes, err := s.judge(o, nil); causes != nil || err != nil {
				t.Fatalf("the specimen is refused: %v %v", causes, err)
			}
			var wait sync.WaitGroup
			defer wait.Wait()
			limit := make(chan struct{}, 8)
			for _, f := range slices.Concat(o.fields, o.wrongTypes()) {
				wait.Go(func() {
					limit <- struct{}{}
					defer func() { <-limit }()
					causes, err := s.judge(o, &f)
					value := fmt.Sprintf("%.60q", fmt.Sprint(f.value))
					switch {
					case f.want == "" && (causes != nil || err != nil):
						t.Errorf("%s: %s is refused: %v %v", f.path, value, causes, err)
					case f.want == "":
					case err != nil:
						t.Errorf("%s: %s: %v", f.path, value, err)
					case causes == nil:
						t.Errorf("%s: %s is admitted, want %q", f.path, value, f.want)
					case !slices.ContainsFunc(causes, f.said):
						t.Errorf("%s: %s: want %q at %s, got:", f.path, value, f.want, f.place())
						for _, c := range causes {
							t.Errorf("    %s: %s", c.Field, c.Message)
						}
					}
				})
			}
		})
	}
}

// TestEveryFieldIsJudged fails for a field of a spec that the tables do not have.
func TestEveryFieldIsJudged(t *testing.T) {
	covered := map[string]map[string]bool{}
	for _, o := range specimens() {
		if covered[o.kind] == nil {
			covered[o.kind] = map[string]bool{}
		}
		for _, f := range o.fields {
			if f.want != "" {
				covered[o.kind][general(f.path)] = true
			}
		}
	}
	for kind, has := range covered {
		all := nodes(schemaOf(t, kind), "spec")
		if len(all) < 15 {
			t.Fatalf("%s has only the fields %v", kind, all)
		}
		for _, path := range all {
			if !has[path] {
				t.Errorf("no bad value of %s of %s is tried; add one to the tables of this test", path, kind)
			}
		}
	}
}

// specimen is a valid object that has many fields.
type specimen struct {
	name, kind string
	object     string
	fields     []field
}

// judge has the API server try to create the specimen with a field changed, and returns what it says against it.
func (s *space) judge(o specimen, f *field) ([]metav1.StatusCause, error) {
	object := map[string]any{}
	if err := yaml.Unmarshal([]byte(o.object), &object); err != nil {
		return nil, err
	}
	if f != nil {
		if err := put(object, f.path, f.value); err != nil {
			return nil, err
		}
	}
	u := &unstructured.Unstructured{Object: object}
	u.SetAPIVersion(v1alpha1.GroupVersion.String())
	u.SetKind(o.kind)
	u.SetName("judged")
	if o.kind != v1alpha1.KindClusterCertIssuer {
		u.SetNamespace(s.ns)
	}
	strict := &client.CreateOptions{DryRun: []string{metav1.DryRunAll}, Raw: &metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict}}
	err := s.client.Create(s.t.Context(), u, strict)
	if status := apierrors.APIStatus(nil); errors.As(err, &status) && apierrors.IsInvalid(err) {
		return status.Status().Details.Causes, nil
	}
	if err != nil {
		return nil, err
	}
	typed := map[string]any{"TLSCertificate": &v1alpha1.TLSCertificate{}, "CertIssuer": &v1alpha1.CertIssuer{}, "ClusterCertIssuer": &v1alpha1.ClusterCertIssuer{}}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, typed[o.kind]); err != nil {
		return nil, fmt.Errorf("it is admitted and cannot be read: %w", err)
	}
	return nil, nil
}

// place is the field that the message names.
func (f field) place() string {
	if f.at != "" {
		return f.at
	}
	return f.path
}

func (f field) said(c metav1.StatusCause) bool {
	// Rules name an item of a map in brackets, the schema after a dot.
	place := strings.NewReplacer("{", ".", "}", "").Replace(f.place())
	bracketed := strings.NewReplacer("{", "[", "}", "]").Replace(f.place())
	return (c.Field == place || c.Field == bracketed) && strings.Contains(c.Message, f.want)
}

// wrongTypes puts an object in place of each scalar and list of the specimen that the tables try.
func (o specimen) wrongTypes() []field {
	specimen := map[string]any{}
	_ = yaml.Unmarshal([]byte(o.object), &specimen)
	var out []field
	seen := map[string]bool{}
	for _, f := range o.fields {
		for path := f.path; path != "spec" && !seen[path]; path, _ = cut(path) {
			seen[path] = true
			there, err := get(specimen, path)
			if _, object := there.(map[string]any); err == nil && !object {
				out = append(out, field{path: path, value: map[string]any{}, want: "must be of type"})
			}
		}
	}
	return out
}

var token = regexp.MustCompile(`[A-Za-z0-9]+|\[\d+\]|\{[^}]*\}`)

// cut returns the path of what a field is in, and its name there.
func cut(path string) (parent, name string) {
	tokens := token.FindAllString(path, -1)
	name = tokens[len(tokens)-1]
	return strings.TrimRight(strings.TrimSuffix(path, name), "."), strings.Trim(name, "{}[]")
}

// put sets the field at the path. The item after the last of a list is added to it.
func put(root map[string]any, path string, value any) error {
	parentPath, name := cut(path)
	parent, err := get(root, parentPath)
	if err != nil {
		return err
	}
	switch parent := parent.(type) {
	case map[string]any:
		if value == any(gone{}) {
			delete(parent, name)
		} else {
			parent[name] = value
		}
	case []any:
		i, err := strconv.Atoi(name)
		if err != nil || i > len(parent) {
			return fmt.Errorf("%s: there are %d items", path, len(parent))
		}
		if i == len(parent) {
			return put(root, parentPath, append(parent, value))
		}
		parent[i] = value
	default:
		return fmt.Errorf("%s: it is below a %T", path, parent)
	}
	return nil
}

func get(root any, path string) (any, error) {
	for _, name := range token.FindAllString(path, -1) {
		switch at := root.(type) {
		case map[string]any:
			next, ok := at[strings.Trim(name, "{}")]
			if !ok {
				return nil, fmt.Errorf("%s: the specimen has no %s", path, name)
			}
			root = next
		case []any:
			i, err := strconv.Atoi(strings.Trim(name, "[]"))
			if err != nil || i >= len(at) {
				return nil, fmt.Errorf("%s: the specimen has no item %s", path, name)
			}
			root = at[i]
		default:
			return nil, fmt.Errorf("%s: %s is below a %T", path, name, root)
		}
	}
	return root, nil
}

// general is a path without the numbers of items and the keys of maps.
func general(path string) string {
	return regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(regexp.MustCompile(`\[\d+\]`).ReplaceAllString(path, "[]"), "{}")
}

func schemaOf(t *testing.T, kind string) map[string]any {
	t.Helper()
	crd := map[string]any{}
	raw, err := os.ReadFile("../../config/crd/bases/tollgate.dev_" + strings.ToLower(kind) + "s.yaml")
	if err == nil {
		err = yaml.Unmarshal(raw, &crd)
	}
	if err != nil {
		t.Fatal(err)
	}
	spec, err := get(crd, "spec.versions[0].schema.openAPIV3Schema.properties.spec")
	if err != nil {
		t.Fatal(err)
	}
	return spec.(map[string]any)
}

// nodes are the paths of all scalars, lists and maps below a schema.
func nodes(schema map[string]any, path string) []string {
	var out []string
	properties, object := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		out = append(out, nodes(properties[name].(map[string]any), path+"."+name)...)
	}
	if items, ok := schema["items"].(map[string]any); ok {
		out = append(out, nodes(items, path+"[]")...)
	}
	if values, ok := schema["additionalProperties"].(map[string]any); ok {
		out = append(out, nodes(values, path+"{}")...)
	}
	if !object {
		out = append(out, path)
	}
	return out
}
