// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// readChallenge reads how a solver answers; false if that has no equivalent.
func (c *conversion) readChallenge(i *issuer, f *fields, to *v1alpha1.Solver) bool {
	if !f.only("http01", "dns01") {
		f.fault(f.path, "want exactly one of http01 and dns01")
		return false
	}
	if http := f.object("http01"); http != nil {
		defer http.rest()
		to.HTTP01 = &v1alpha1.HTTP01Solver{}
		if http.has("ingress") && http.has("gatewayHTTPRoute") {
			f.fault(http.path, "want at most one of ingress and gatewayHTTPRoute")
			return false
		}
		if gateway := http.object("gatewayHTTPRoute"); gateway != nil {
			return readGateway(gateway, to.HTTP01)
		}
		return readIngress(http.object("ingress"), to.HTTP01)
	}
	dns := f.object("dns01")
	defer dns.rest()
	return c.readDNS01(i, dns, to)
}

func readIngress(f *fields, to *v1alpha1.HTTP01Solver) bool {
	if f == nil {
		return true
	}
	defer f.rest()
	to.Ingress = &v1alpha1.HTTP01IngressSolver{}
	class := f.limited("ingressClassName", 253)
	if old := f.limited("class", 253); class == "" && old != "" {
		class = old
		f.info(f.at("class"), "it was an annotation and became ingressClassName: an IngressClass %s has to exist.", quote(old))
	}
	if class != "" {
		to.Ingress.IngressClassName = &class
	}
	if name := f.str("name"); name != "" {
		f.loss(f.at("name"), "Tollgate makes an Ingress of its own for each challenge and edits none. If Ingress %s has an address of its own, as with ingress-gce, the CA does not find the answer: use gatewayHTTPRoute or dns01.", quote(name))
	}
	readSolverPods(f)
	if f.has("ingressTemplate") {
		f.loss(f.at("ingressTemplate"), "Tollgate's Ingress has no labels and annotations but its own. What they do, such as letting requests in without a redirect or a login, has to be done for the path /.well-known/acme-challenge/ elsewhere.")
	}
	f.skip("ingressTemplate")
	return true
}

// readSolverPods reads what is about pods that answer: Tollgate has none, its controller answers.
func readSolverPods(f *fields) {
	f.skip("podTemplate")
	if service := f.str("serviceType"); service != "" && service != "ClusterIP" {
		f.loss(f.at("serviceType"), "Tollgate's Service is always of type ClusterIP. A load balancer that sends to node ports only does not reach it: use dns01.")
	}
}

// maxParents is how many Gateways a solver may name.
const maxParents = 16

func readGateway(f *fields, to *v1alpha1.HTTP01Solver) bool {
	defer f.rest()
	to.GatewayHTTPRoute = &v1alpha1.HTTP01GatewaySolver{}
	if len(f.strMap("labels")) > 0 {
		f.loss(f.at("labels"), "Tollgate's HTTPRoute has no labels but its own: let the Gateway's listener accept routes by namespace.")
	}
	readSolverPods(f)
	for _, parent := range f.objects("parentRefs") {
		kind, port := parent.str("kind"), parent.has("port")
		ref := v1alpha1.GatewayReference{Name: parent.name("name"), Namespace: parent.str("namespace"), SectionName: parent.limited("sectionName", 253)}
		parent.skip("group", "port")
		parent.rest()
		switch {
		case ref.Name == "":
			f.fault(parent.at("name"), "want the name of a Gateway, found nothing")
			continue
		case ref.Namespace != "" && !isNamespace(ref.Namespace):
			f.fault(parent.at("namespace"), "want the name of a namespace, found %s", quote(ref.Namespace))
		case kind != "" && kind != "Gateway":
			f.loss(parent.path, "Tollgate's HTTPRoute joins Gateways only, and this is a %s.", clean(kind))
			continue
		}
		if port {
			f.loss(parent.at("port"), "a listener is named by sectionName: set it to that of the listener of this port.")
		}
		to.GatewayHTTPRoute.ParentRefs = append(to.GatewayHTTPRoute.ParentRefs, ref)
	}
	switch n := len(to.GatewayHTTPRoute.ParentRefs); {
	case n > maxParents:
		f.fault(f.at("parentRefs"), "want at most %d, found %d", maxParents, n)
	case n == 0:
		f.loss(f.at("parentRefs"), "no Gateway is named: cert-manager can take it from annotations, Tollgate cannot. Add a solver with gatewayHTTPRoute.parentRefs.")
		return false
	}
	return true
}

// readDNS01 reads a dns01 solver: rfc2136 has an equivalent, clouds become exec with dns01-lego.
func (c *conversion) readDNS01(i *issuer, f *fields, to *v1alpha1.Solver) bool {
	strategy := f.str("cnameStrategy")
	if strategy == "None" {
		f.info(f.at("cnameStrategy"), "Tollgate always follows CNAME records of _acme-challenge names.")
	}
	providers := make([]string, 0, len(clouds)+2)
	for _, cloud := range clouds {
		providers = append(providers, cloud.field)
	}
	providers = append(providers, "rfc2136", "webhook")
	if !f.only(providers...) {
		if known := strings.Join(providers, ", "); len(f.m) > 0 {
			f.loss(f.path, "it has none of %s, or several of them: add a solver with rfc2136, webhook or exec by hand.", known)
		}
		f.skip(providers...)
		return false
	}
	to.DNS01 = &v1alpha1.DNS01Solver{}
	if f.has("rfc2136") {
		return readRFC2136(i, f.object("rfc2136"), to.DNS01)
	}
	l := lego{field: f.path, issuer: i}
	if f.has("webhook") {
		l.webhook(f.object("webhook"))
	}
	for _, cloud := range clouds {
		if o := f.object(cloud.field); o != nil {
			l.field, l.provider = o.path, cloud.provider
			cloud.read(o, &l)
			o.rest()
			if cloud.absent {
				f.loss(o.path, "%s does not have lego's provider %s. Answer with dns01.webhook or a plugin of your own, or point the _acme-challenge names by CNAME to a zone elsewhere; and add that solver.", legoPlugin, cloud.provider)
				return false
			}
		}
	}
	to.DNS01.Exec = c.exec(i, &l)
	return true
}
