// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// Groups whose objects are read.
const (
	certManagerGroup     = "cert-manager.io"
	kubeCertManagerGroup = "stable.hightower.com"

	certManagerVersion     = certManagerGroup + "/v1"
	kubeCertManagerVersion = kubeCertManagerGroup + "/v1"
)

// products are the groups' names for people.
var products = map[string]string{
	certManagerGroup:     "cert-manager ",
	kubeCertManagerGroup: "kube-cert-manager ",
}

const (
	kindCertificate   = "Certificate"
	kindIssuer        = "Issuer"
	kindClusterIssuer = "ClusterIssuer"
)

// Options of Convert.
type Options struct {
	// Namespace of objects that have none. Default "default".
	Namespace string
	// ControllerNamespace is where tollgate-controller reads the Secrets of ClusterCertIssuers. Default DefaultControllerNamespace.
	ControllerNamespace string
	// ClusterResourceNamespace is where cert-manager reads the Secrets of ClusterIssuers: its flag
	// --cluster-resource-namespace. Default DefaultClusterResourceNamespace.
	ClusterResourceNamespace string
	// ACMEServer for the Certificates of kube-cert-manager, which do not say theirs. Default Let's Encrypt staging.
	ACMEServer string
}

// Defaults of Options.
const (
	DefaultControllerNamespace      = "tollgate-system"
	DefaultClusterResourceNamespace = "cert-manager"
)

func (o Options) withDefaults() Options {
	o.Namespace = cmp.Or(o.Namespace, "default")
	o.ControllerNamespace = cmp.Or(o.ControllerNamespace, DefaultControllerNamespace)
	o.ClusterResourceNamespace = cmp.Or(o.ClusterResourceNamespace, DefaultClusterResourceNamespace)
	o.ACMEServer = cmp.Or(o.ACMEServer, v1alpha1.LetsEncryptStaging)
	return o
}

// conversion is the state of Convert.
type conversion struct {
	Options
	result Result
	others map[Other]int
	// issuers of cert-manager by kind, namespace and name.
	issuers map[Ref]*issuer
	// certificates that have an equivalent.
	certificates []*certificate
	// old are the Certificates of kube-cert-manager.
	old []*oldCertificate
	// selectedLabels are the label keys that solvers select Certificates by.
	selectedLabels map[string]bool
}

// Convert returns the equivalent of the objects.
func Convert(inputs []Input, o Options) *Result {
	c := &conversion{Options: o.withDefaults(), others: map[Other]int{}, issuers: map[Ref]*issuer{}, selectedLabels: map[string]bool{}}
	known := c.sort(inputs)
	for _, s := range known {
		if s.ref.Kind != kindCertificate {
			c.readIssuer(s)
		}
	}
	for _, s := range known {
		switch {
		case s.ref.Kind != kindCertificate:
		case s.ref.APIVersion == kubeCertManagerVersion:
			c.readOld(s)
		default:
			c.readCertificate(s)
		}
	}
	c.finishIssuers()
	c.finishCertificates()
	c.finishOld()
	return c.finish()
}

// source is an object of a kind that is read.
type source struct {
	Input
	ref  Ref
	meta *fields
	top  *fields
	// labels of the object.
	labels map[string]string
	*reporter
}

// readLabels reads labels as the API server takes them.
func (s *source) readLabels() {
	s.labels = s.meta.strMap("labels")
	for _, key := range slices.Sorted(maps.Keys(s.labels)) {
		if len(validation.IsQualifiedName(key)) > 0 || len(validation.IsValidLabelValue(s.labels[key])) > 0 {
			s.fault("metadata.labels", "%s: %s is no label", quote(key), quote(s.labels[key]))
		}
	}
}

func (s *source) origin() Origin { return Origin{Ref: s.ref, Source: s.Source} }

// sort tells the objects that are read from others. It leaves out those that cannot be named, and all but the first of a name.
func (c *conversion) sort(inputs []Input) []*source {
	var known []*source
	seen := map[Ref]string{}
	for _, in := range inputs {
		s := &source{Input: in, reporter: &reporter{}}
		s.top = newFields(s.reporter, "", in.Object)
		s.ref.APIVersion, _ = in.Object["apiVersion"].(string)
		s.ref.Kind, _ = in.Object["kind"].(string)
		if !isRead(s.ref) {
			c.others[Other{APIVersion: s.ref.APIVersion, Kind: s.ref.Kind}]++
			continue
		}
		s.meta = s.top.object("metadata")
		s.ref.Name, s.ref.Namespace = s.meta.str("name"), s.meta.str("namespace")
		if s.ref.Kind == kindClusterIssuer {
			s.ref.Namespace = ""
		} else if s.ref.Namespace == "" {
			s.ref.Namespace = c.Namespace
		}
		s.readLabels()
		switch {
		case groupVersion(s.ref) != s.ref.APIVersion:
			c.leaveOut(s, true, "apiVersion %s is too old to be read; read the object from the API server, which converts it to %s: kubectl get %s.%s -A -o yaml",
				quote(s.ref.APIVersion), groupVersion(s.ref), strings.ToLower(s.ref.Kind)+"s", groupOf(s.ref.APIVersion))
		case len(s.faults) > 0:
			c.leaveOut(s, true, "%s", strings.Join(s.faults, "; "))
		case !isName(s.ref.Name):
			c.leaveOut(s, true, "metadata.name: want the name of an object, found %s", quote(s.ref.Name))
		case s.ref.Namespace != "" && !isNamespace(s.ref.Namespace):
			c.leaveOut(s, true, "metadata.namespace: want the name of a namespace, found %s", quote(s.ref.Namespace))
		case s.meta.has("deletionTimestamp"):
			c.leaveOut(s, false, "it is being deleted")
		case seen[s.ref] != "":
			c.leaveOut(s, false, "it is there twice; the first is taken, of %s", seen[s.ref])
		default:
			seen[s.ref] = cmp.Or(clean(s.Source), "the cluster")
			known = append(known, s)
		}
	}
	slices.SortStableFunc(known, func(a, b *source) int { return a.ref.compare(b.ref) })
	return known
}

// isRead reports whether objects of the kind are read, in some version.
func isRead(r Ref) bool {
	switch groupOf(r.APIVersion) {
	case certManagerGroup:
		return r.Kind == kindCertificate || r.Kind == kindIssuer || r.Kind == kindClusterIssuer
	case kubeCertManagerGroup:
		return r.Kind == kindCertificate
	}
	return false
}

// groupVersion is the version of r's group that is read.
func groupVersion(r Ref) string {
	if groupOf(r.APIVersion) == kubeCertManagerGroup {
		return kubeCertManagerVersion
	}
	return certManagerVersion
}

func (c *conversion) leaveOut(s *source, lost bool, format string, args ...any) {
	c.result.LeftOut = append(c.result.LeftOut, LeftOut{Origin: s.origin(), Why: fmt.Sprintf(format, args...), Lost: lost})
}

// finish puts all in order.
func (c *conversion) finish() *Result {
	rank := map[string]int{v1alpha1.KindClusterCertIssuer: 0, v1alpha1.KindCertIssuer: 1}
	order := func(r Ref) int {
		if n, ok := rank[r.Kind]; ok {
			return n
		}
		return len(rank)
	}
	r := &c.result
	slices.SortStableFunc(r.Items, func(a, b Item) int { return cmp.Or(cmp.Compare(order(a.To), order(b.To)), a.To.compare(b.To)) })
	slices.SortStableFunc(r.LeftOut, func(a, b LeftOut) int {
		return cmp.Or(a.Ref.compare(b.Ref), strings.Compare(a.Source, b.Source), strings.Compare(a.Why, b.Why))
	})
	for other, n := range c.others {
		other.Count = n
		r.Others = append(r.Others, other)
	}
	slices.SortFunc(r.Others, func(a, b Other) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.APIVersion, b.APIVersion))
	})
	return r
}

// labels are the labels that the new object keeps: those that tools own objects by are not among them, since the tools
// would delete an object that they did not make. What solvers select by is.
func (c *conversion) labels(s *source) map[string]string {
	all := maps.Clone(s.labels)
	maps.DeleteFunc(all, func(key, _ string) bool { return ownedByTool(key) && !c.selectedLabels[key] })
	if len(all) == 0 {
		return nil
	}
	return all
}

func ownedByTool(label string) bool {
	prefix, _, _ := strings.Cut(label, "/")
	switch {
	case label == managedByLabel, label == "app.kubernetes.io/instance":
		return true
	case prefix == "argocd.argoproj.io", prefix == "helm.sh", strings.HasSuffix(prefix, ".toolkit.fluxcd.io"):
		return true
	}
	return strings.HasSuffix(prefix, "cert-manager.io")
}
