// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SecretKeyReference names a key of a Secret: in the issuer's namespace for a CertIssuer, in the controller's for a ClusterCertIssuer.
type SecretKeyReference struct {
	// name of the Secret.
	// +required
	Name ObjectName `json:"name"`
	// key in the Secret's data.
	// +required
	Key SecretKey `json:"key"`
}

// ExternalAccountBinding joins an ACME account to one that exists at the CA (RFC 8555 section 7.3.4).
type ExternalAccountBinding struct {
	// keyID that the CA gave.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="keyID must be as the CA gave it: printable ASCII without spaces"
	// +required
	KeyID string `json:"keyID"`
	// keySecretRef names the MAC key that the CA gave, in base64url without padding.
	// +required
	KeySecretRef SecretKeyReference `json:"keySecretRef"`
}

// Solver says how the challenges of an ACME order are answered.
// +kubebuilder:validation:XValidation:rule="has(self.http01) != has(self.dns01)",message="set exactly one of http01 and dns01"
type Solver struct {
	// selector says for which names the solver is. Default: for all.
	// +optional
	Selector *SolverSelector `json:"selector,omitempty"`
	// http01 answers over HTTP on port 80 of the names. Wildcards need dns01.
	// +optional
	HTTP01 *HTTP01Solver `json:"http01,omitempty"`
	// dns01 answers with TXT records.
	// +optional
	DNS01 *DNS01Solver `json:"dns01,omitempty"`
}

// SolverSelector selects names. What is left out does not matter; what is set has to fit.
//
// +kubebuilder:object:generate=false
type SolverSelector struct {
	// dnsNames are names, exactly as in the TLSCertificate.
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^([*][.])?[a-z0-9][-a-z0-9]*([.][-a-z0-9]+)*$')",message="want a name as spec.dnsNames of the TLSCertificate has it, for example www.example.com or *.example.com"
	// +optional
	DNSNames []string `json:"dnsNames,omitempty"`
	// dnsZones are zones: "example.com" selects that name and all below it. Of several solvers the one with the longest zone is used.
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-z0-9][-a-z0-9]*([.][-a-z0-9]+)*$')",message="want a zone such as example.com: lower case, without *. before it and a dot at its end"
	// +optional
	DNSZones []string `json:"dnsZones,omitempty"`
	// matchLabels are labels of the TLSCertificate.
	// +kubebuilder:validation:MaxProperties=50
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.matches('^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",message="keys of labels must be as Kubernetes has them, for example team or example.com/team"
	// +optional
	MatchLabels map[string]LabelValue `json:"matchLabels,omitempty"`
}

// HTTP01Solver answers http-01 challenges from the controller itself; there are no solver pods.
// +kubebuilder:validation:XValidation:rule="!(has(self.ingress) && has(self.gatewayHTTPRoute))",message="set at most one of ingress and gatewayHTTPRoute"
type HTTP01Solver struct {
	// ingress leads the CA's requests to the controller with an Ingress. The default.
	// +optional
	Ingress *HTTP01IngressSolver `json:"ingress,omitempty"`
	// gatewayHTTPRoute leads them to the controller with an HTTPRoute of the Gateway API.
	// +optional
	GatewayHTTPRoute *HTTP01GatewaySolver `json:"gatewayHTTPRoute,omitempty"`
}

// HTTP01IngressSolver leads the CA's HTTP requests to the controller with an Ingress.
type HTTP01IngressSolver struct {
	// ingressClassName of the Ingress that is made for each challenge, for example "nginx". Default: the cluster's default class.
	// +optional
	IngressClassName *ObjectName `json:"ingressClassName,omitempty"`
}

// HTTP01GatewaySolver leads the CA's HTTP requests to the controller with an HTTPRoute.
type HTTP01GatewaySolver struct {
	// parentRefs are the Gateways that serve port 80 of the names.
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(p, self.exists_one(q, q == p))",message="parentRefs must differ from each other; remove the repeated one"
	// +required
	ParentRefs []GatewayReference `json:"parentRefs"`
}

// GatewayReference names a Gateway.
type GatewayReference struct {
	// name of the Gateway.
	// +required
	Name ObjectName `json:"name"`
	// namespace of the Gateway. Default: that of the TLSCertificate.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$')",message="want the name of a namespace: lower-case letters, digits and -, a letter or digit first and last"
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// sectionName is the listener. Default: all of them.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$')",message="want the name of a listener of the Gateway: lower-case letters, digits, - and ., a letter or digit first and last"
	// +optional
	SectionName string `json:"sectionName,omitempty"`
}

// DNS01Solver answers dns-01 challenges with TXT records.
// +kubebuilder:validation:XValidation:rule="[has(self.rfc2136), has(self.webhook), has(self.exec)].filter(x, x).size() == 1",message="set exactly one of rfc2136, webhook and exec"
type DNS01Solver struct {
	// rfc2136 updates a name server (RFC 2136).
	// +optional
	RFC2136 *RFC2136Solver `json:"rfc2136,omitempty"`
	// webhook asks an HTTP server, with the bodies of lego's httpreq provider.
	// +optional
	Webhook *WebhookSolver `json:"webhook,omitempty"`
	// exec runs a plugin beside the controller, with the protocol of kube-cert-manager.
	// +optional
	Exec *ExecSolver `json:"exec,omitempty"`
	// propagationTimeout is for how long all name servers of the zone are waited for. Default 10m.
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s') && duration(self) <= duration('168h')",message="propagationTimeout must be from 0s to 168h in hours, minutes and seconds, for example 30m"
	// +optional
	PropagationTimeout *metav1.Duration `json:"propagationTimeout,omitempty"`
}

// RFC2136Solver updates a name server.
// +kubebuilder:validation:XValidation:rule="(has(self.tsigKeyName) && size(self.tsigKeyName) > 0) == has(self.tsigSecretRef)",message="set both tsigKeyName and tsigSecretRef, or neither"
// +kubebuilder:validation:XValidation:rule="!has(self.tsigAlgorithm) || has(self.tsigKeyName)",fieldPath=".tsigAlgorithm",message="tsigAlgorithm is that of a key: set tsigKeyName and tsigSecretRef too, or remove it"
type RFC2136Solver struct {
	// nameserver that takes the updates, as host or host:port, for example "192.0.2.53:53". Port 53 by default.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=261
	// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Za-z0-9_][A-Za-z0-9_.-]*(:[0-9]{1,5})?|[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?|[[][0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?[]](:[0-9]{1,5})?)$')",message="nameserver must be host or host:port, for example ns1.example.com or 192.0.2.53:53, without scheme and path"
	// +required
	Nameserver string `json:"nameserver"`
	// tsigKeyName is the name of the key that signs the updates (RFC 8945).
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_.-]*$')",message="tsigKeyName must be the key's name in the name server's configuration: letters, digits, -, _ and ."
	// +optional
	TSIGKeyName string `json:"tsigKeyName,omitempty"`
	// tsigAlgorithm of the key. Default HMACSHA256.
	// +kubebuilder:validation:Enum=HMACSHA1;HMACSHA224;HMACSHA256;HMACSHA384;HMACSHA512
	// +optional
	TSIGAlgorithm string `json:"tsigAlgorithm,omitempty"`
	// tsigSecretRef names the key, in base64 as name servers' configurations have it.
	// +optional
	TSIGSecretRef *SecretKeyReference `json:"tsigSecretRef,omitempty"`
}

// WebhookSolver asks an HTTP server.
type WebhookSolver struct {
	// url to which /present and /cleanup are added.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() == 'https' && url(self).getHostname().size() > 0 && !self.contains('@') && !self.contains('#')",message="url must be https://host/path without user and fragment; put credentials into the Secret that authorizationSecretRef names"
	// +required
	URL string `json:"url"`
	// caBundle is PEM (base64 in JSON and YAML) of the roots that verify the server's certificate. Default: the system's roots.
	// +kubebuilder:validation:Format=""
	// +kubebuilder:validation:MaxLength=98304
	// +kubebuilder:validation:XValidation:rule="size(self) % 4 == 0 && self.matches('^[A-Za-z0-9+/]+={0,2}$')",message="caBundle must be PEM certificates in base64 without line breaks: what base64 -w0 ca.crt prints"
	// +optional
	CABundle []byte `json:"caBundle,omitempty"`
	// authorizationSecretRef names the value of the header Authorization, for example "Bearer ...".
	// +optional
	AuthorizationSecretRef *SecretKeyReference `json:"authorizationSecretRef,omitempty"`
}

// ExecSolver runs a plugin.
type ExecSolver struct {
	// plugin is the name of a file in the controller's folder of plugins, for example "dns01-lego".
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9_.]*[a-z0-9])?$')",message="plugin must be the name of a file in the controller's folder of plugins, without path: lower-case letters, digits, -, _ and ."
	// +required
	Plugin string `json:"plugin"`
	// configSecretRef names what the plugin gets on its standard input.
	// +optional
	ConfigSecretRef *SecretKeyReference `json:"configSecretRef,omitempty"`
}
