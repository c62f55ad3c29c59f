// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// LetsEncryptStaging is the default ACME server: certificates of it are not trusted by browsers, so that nothing is lost while trying out.
const LetsEncryptStaging = "https://acme-staging-v02.api.letsencrypt.org/directory"

// LocalSecretReference names a Secret: in the issuer's namespace for a CertIssuer, in the controller's for a ClusterCertIssuer.
type LocalSecretReference struct {
	// name of the Secret.
	// +required
	Name ObjectName `json:"name"`
}

// ACMEIssuer obtains certificates from an ACME server (RFC 8555).
type ACMEIssuer struct {
	// server is the URL of the ACME directory. Default: Let's Encrypt staging.
	// +kubebuilder:default="https://acme-staging-v02.api.letsencrypt.org/directory"
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() == 'https' && url(self).getHostname().size() > 0 && !self.contains('@') && !self.contains('#')",message="server must be the https URL of an ACME directory, without user and fragment"
	// +optional
	Server string `json:"server,omitempty"`

	// email that the CA may write to.
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:XValidation:rule=`size(self) == 0 || self.matches(r'^[^@\s,:;<>]+@[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$')`,message="email must be one address, for example admin@example.com, without mailto: and name"
	// +optional
	Email string `json:"email,omitempty"`

	// termsOfServiceAgreed must be true: the CA's terms of service are accepted.
	// +kubebuilder:validation:XValidation:rule="self",message="termsOfServiceAgreed must be true: read the CA's terms of service, then set it"
	// +required
	TermsOfServiceAgreed bool `json:"termsOfServiceAgreed"`

	// privateKeySecretRef names the Secret that keeps the account key; it is made when it is absent.
	// +required
	PrivateKeySecretRef LocalSecretReference `json:"privateKeySecretRef"`

	// caBundle is PEM (base64 in JSON and YAML) of the roots that verify the ACME server's own HTTPS certificate. Default: the system's roots.
	// +kubebuilder:validation:Format=""
	// +kubebuilder:validation:MaxLength=1048576
	// +kubebuilder:validation:XValidation:rule="size(self) % 4 == 0 && self.matches('^[A-Za-z0-9+/]+={0,2}$')",message="caBundle must be PEM certificates in base64 without line breaks: what base64 -w0 ca.crt prints"
	// +optional
	CABundle []byte `json:"caBundle,omitempty"`

	// profile asked of the server, for example "tlsserver". Default: the server's choice.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Profile string `json:"profile,omitempty"`

	// externalAccountBinding joins the ACME account to one that exists at the CA already (RFC 8555 section 7.3.4). Some CAs demand it.
	// +optional
	ExternalAccountBinding *ExternalAccountBinding `json:"externalAccountBinding,omitempty"`

	// preferredChain is the common name of the root, or of the topmost issuer, of the chain that is taken if the CA offers several.
	// Default: the chain that the CA gives first.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	PreferredChain string `json:"preferredChain,omitempty"`

	// maxIssuancesPerWeek of certificates for the same set of names, renewals by ACME renewal information (RFC 9773) not counted. 0
	// turns the guard off. Default: 4 for servers on the Internet, where CAs such as Let's Encrypt refuse the sixth in a week; no
	// limit for servers whose URL has a private address or a single-label name.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	// +optional
	MaxIssuancesPerWeek *int32 `json:"maxIssuancesPerWeek,omitempty"`

	// solvers say how challenges are answered; the first that fits a name is used.
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +required
	Solvers []Solver `json:"solvers"`
}

// SelfSignedCA makes the CA's own certificate.
type SelfSignedCA struct {
	// commonName of the CA. Default: the issuer's name.
	// +kubebuilder:validation:MaxLength=64
	// +optional
	CommonName string `json:"commonName,omitempty"`
	// duration that the CA is valid for. Default 87600h (ten years).
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('2h') && duration(self) <= duration('876000h')",message="duration must be from 2h to 876000h in hours, minutes and seconds, for example 87600h for ten years"
	// +optional
	Duration *metav1.Duration `json:"duration,omitempty"`
}

// CAIssuer signs with a CA key pair that is kept in a Secret.
//
// +kubebuilder:validation:XValidation:rule="!has(self.trustPropagation) || !has(self.selfSigned) || !has(self.selfSigned.duration) || duration(self.trustPropagation) < duration(self.selfSigned.duration)",fieldPath=".trustPropagation",message="trustPropagation must be shorter than selfSigned.duration: no CA would live to sign"
type CAIssuer struct {
	// secretName is the Secret of type kubernetes.io/tls with the CA's certificate and key.
	// +required
	SecretName ObjectName `json:"secretName"`
	// selfSigned makes the key pair when the Secret is absent. Without it a missing Secret is an error. An existing Secret is never overwritten.
	// +optional
	SelfSigned *SelfSignedCA `json:"selfSigned,omitempty"`
	// backdate is how long before now certificates begin to be valid, for clients whose clocks are behind. Default 5m.
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s') && duration(self) <= duration('168h')",message="backdate must be from 0s to 168h in hours, minutes and seconds, for example 10m"
	// +optional
	Backdate *metav1.Duration `json:"backdate,omitempty"`
	// maxDuration that a TLSCertificate may ask for. Default 2160h (90 days).
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h') && duration(self) <= duration('876000h')",message="maxDuration must be from 1h to 876000h in hours, minutes and seconds, for example 2160h for 90 days"
	// +optional
	MaxDuration *metav1.Duration `json:"maxDuration,omitempty"`
	// trustPropagation is how long a new CA is published before the first certificate is signed with it, so that everybody trusts it
	// by then. Default 1h.
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s') && duration(self) <= duration('8760h')",message="trustPropagation must be from 0s to 8760h in hours, minutes and seconds, for example 24h"
	// +optional
	TrustPropagation *metav1.Duration `json:"trustPropagation,omitempty"`
}

// IssuerSpec is common to CertIssuer and ClusterCertIssuer.
//
// +kubebuilder:validation:XValidation:rule="has(self.acme) != has(self.ca)",message="set exactly one of acme and ca"
type IssuerSpec struct {
	// acme obtains certificates from an ACME server such as Let's Encrypt.
	// +optional
	ACME *ACMEIssuer `json:"acme,omitempty"`
	// ca signs with a key pair in a Secret.
	// +optional
	CA *CAIssuer `json:"ca,omitempty"`
}

// AllowRule permits the namespaces it selects certain names. All names of a TLSCertificate must be permitted by rules that select its namespace.
type AllowRule struct {
	// namespaceSelector selects namespaces by label; an empty selector selects all.
	// +required
	NamespaceSelector metav1.LabelSelector `json:"namespaceSelector"`
	// dnsNames are patterns: an exact name, "*.example.com" for any one label and for the wildcard itself, or "**.example.com" for any depth below it.
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +optional
	DNSNames []string `json:"dnsNames,omitempty"`
	// ipRanges in CIDR form, for example ["10.0.0.0/8"].
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +optional
	IPRanges []string `json:"ipRanges,omitempty"`
	// uris are patterns: an exact URI, or one that ends in "/*" for any path below it, for example ["spiffe://example.org/ns/shop/*"].
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +optional
	URIs []string `json:"uris,omitempty"`
}

// ClusterIssuerSpec is an issuer with a list of who may use it.
type ClusterIssuerSpec struct {
	IssuerSpec `json:",inline"`
	// allow says which namespaces may have which names. Empty allows nothing.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	// +optional
	Allow []AllowRule `json:"allow,omitempty"`
}

// IssuerStatus is what is known of an issuer.
type IssuerStatus struct {
	// observedGeneration is the generation of the spec that this status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions: Ready.
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// accountURI of the ACME account.
	// +optional
	AccountURI string `json:"accountURI,omitempty"`
	// notAfter of the CA's certificate.
	// +optional
	NotAfter *metav1.Time `json:"notAfter,omitempty"`
	// profiles that the ACME server offers, by name, with its descriptions.
	// +optional
	Profiles map[string]string `json:"profiles,omitempty"`
	// trustBundle is where the certificates of the CA, old and new, are published: "ClusterTrustBundle/<name>" or
	// "ConfigMap/<namespace>/<name>".
	// +optional
	TrustBundle string `json:"trustBundle,omitempty"`
	// fingerprintSHA256 of the CA's certificate that signs now, in lower-case hex.
	// +optional
	FingerprintSHA256 string `json:"fingerprintSHA256,omitempty"`
	// nextCA is the CA that will sign from signsFrom on, while a rotation runs.
	// +optional
	NextCA *NextCA `json:"nextCA,omitempty"`
}

// NextCA is a CA that is published and does not sign yet.
type NextCA struct {
	// fingerprintSHA256 of its certificate in lower-case hex.
	// +required
	FingerprintSHA256 string `json:"fingerprintSHA256"`
	// signsFrom is when it takes over.
	// +required
	SignsFrom metav1.Time `json:"signsFrom"`
}

// CertIssuer signs certificates for TLSCertificates of its own namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=certiss,categories=tollgate
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Server",type=string,priority=1,JSONPath=`.spec.acme.server`
// +kubebuilder:printcolumn:name="Status",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type CertIssuer struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says how certificates are obtained.
	// +required
	Spec IssuerSpec `json:"spec"`
	// status is what is known of the issuer.
	// +optional
	Status IssuerStatus `json:"status,omitempty"`
}

// CertIssuerList is a list of CertIssuers.
//
// +kubebuilder:object:root=true
type CertIssuerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []CertIssuer `json:"items"`
}

// ClusterCertIssuer signs certificates for TLSCertificates of the namespaces that spec.allow names.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=ccertiss,categories=tollgate
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Server",type=string,priority=1,JSONPath=`.spec.acme.server`
// +kubebuilder:printcolumn:name="Status",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ClusterCertIssuer struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says how certificates are obtained, and by whom.
	// +required
	Spec ClusterIssuerSpec `json:"spec"`
	// status is what is known of the issuer.
	// +optional
	Status IssuerStatus `json:"status,omitempty"`
}

// ClusterCertIssuerList is a list of ClusterCertIssuers.
//
// +kubebuilder:object:root=true
type ClusterCertIssuerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ClusterCertIssuer `json:"items"`
}
