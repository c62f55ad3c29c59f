// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// IssuerReference names the issuer of a TLSCertificate.
type IssuerReference struct {
	// name of the issuer, for example "letsencrypt".
	// +required
	Name ObjectName `json:"name"`

	// kind of the issuer: CertIssuer (of the same namespace, the default) or ClusterCertIssuer.
	// +kubebuilder:validation:Enum=CertIssuer;ClusterCertIssuer
	// +kubebuilder:default=CertIssuer
	// +optional
	Kind string `json:"kind,omitempty"`
}

// PrivateKeySpec says which key the certificate is made for. A new key is made for every certificate.
//
// +kubebuilder:validation:XValidation:rule="!has(self.size) || (self.algorithm == 'ECDSA' ? self.size <= 384 : self.algorithm == 'RSA' && self.size >= 2048)",fieldPath=".size",message="size must go with algorithm: 256 or 384 for ECDSA; 2048, 3072 or 4096 for RSA; none for Ed25519"
type PrivateKeySpec struct {
	// algorithm of the key: ECDSA (the default), RSA or Ed25519. Public CAs take no Ed25519.
	// +kubebuilder:validation:Enum=ECDSA;RSA;Ed25519
	// +kubebuilder:default=ECDSA
	// +optional
	Algorithm string `json:"algorithm,omitempty"`
	// size of the key in bits: 256 (the default) or 384 for ECDSA; 2048 (the default), 3072 or 4096 for RSA; none for Ed25519.
	// +kubebuilder:validation:Enum=256;384;2048;3072;4096
	// +optional
	Size int32 `json:"size,omitempty"`
	// rotationPolicy says whether a renewed certificate gets a new key: Always (the default) or Never.
	// +kubebuilder:validation:Enum=Always;Never
	// +optional
	RotationPolicy string `json:"rotationPolicy,omitempty"`
}

// SecretTemplate is added to the Secret.
//
// +kubebuilder:object:generate=false
type SecretTemplate struct {
	// labels of the Secret. Keys of tollgate.dev are Tollgate's own.
	// +kubebuilder:validation:MaxProperties=50
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.matches('^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",message="keys of labels must be as Kubernetes has them, for example team or example.com/team"
	// +optional
	Labels map[string]LabelValue `json:"labels,omitempty"`
	// annotations of the Secret. Keys of tollgate.dev are Tollgate's own.
	// +kubebuilder:validation:MaxProperties=50
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.matches('^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",message="keys of annotations must be as Kubernetes has them, for example example.com/owner"
	// +optional
	Annotations map[string]AnnotationValue `json:"annotations,omitempty"`
}

// TLSCertificateSpec is the certificate that is wanted.
//
// +kubebuilder:validation:XValidation:rule="(has(self.dnsNames) && size(self.dnsNames) > 0) || (has(self.ipAddresses) && size(self.ipAddresses) > 0) || (has(self.uris) && size(self.uris) > 0)",message="set at least one of dnsNames, ipAddresses and uris"
// +kubebuilder:validation:XValidation:rule="!(has(self.renewBefore) && has(self.renewBeforePercentage))",message="set at most one of renewBefore and renewBeforePercentage"
// +kubebuilder:validation:XValidation:rule="!has(self.renewBefore) || !has(self.duration) || duration(self.renewBefore) < duration(self.duration)",fieldPath=".renewBefore",message="renewBefore must be shorter than duration"
type TLSCertificateSpec struct {
	// secretName is the Secret of type kubernetes.io/tls, in the same namespace, that receives the certificate and its key.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="secretName cannot be changed; create another TLSCertificate for another Secret"
	// +required
	SecretName ObjectName `json:"secretName"`

	// dnsNames that the certificate covers, lower case, for example ["www.example.com", "*.shop.example.com"].
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^([*][.])?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$')",message="want a name such as www.example.com or *.example.com: lower case, at most 63 letters, digits and - between two dots, no dot at the end; other scripts in their xn-- form"
	// +kubebuilder:validation:items:XValidation:rule="!isIP(self)",message="this is an IP address; put it into ipAddresses"
	// +optional
	DNSNames []string `json:"dnsNames,omitempty"`

	// ipAddresses that the certificate covers, for example ["192.0.2.7"].
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=45
	// +kubebuilder:validation:items:XValidation:rule="isIP(self)",message="want an IP address such as 192.0.2.7 or 2001:db8::7, without mask, port or zone"
	// +optional
	IPAddresses []string `json:"ipAddresses,omitempty"`

	// uris that the certificate holds, for example ["spiffe://example.org/ns/shop/sa/web"]. Only for an internal CA.
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=2048
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-z][-a-z0-9+.]*:[!-~]+$')",message="want a whole URI of printable ASCII, for example spiffe://example.org/ns/shop/sa/web"
	// +optional
	URIs []string `json:"uris,omitempty"`

	// usages of the certificate: "server auth" (the default), "client auth" or both. ACME servers choose their own.
	// +listType=set
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:items:Enum=server auth;client auth
	// +optional
	Usages []string `json:"usages,omitempty"`

	// issuerRef names who signs.
	// +required
	IssuerRef IssuerReference `json:"issuerRef"`

	// duration that an internal CA makes the certificate valid for, at least 1h; default 2160h (90 days). ACME servers choose their own.
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h') && duration(self) <= duration('876000h')",message="duration must be from 1h to 876000h in hours, minutes and seconds, for example 2160h for 90 days"
	// +optional
	Duration *metav1.Duration `json:"duration,omitempty"`

	// renewBefore is how long before its end the certificate is renewed. Default: a third of its lifetime.
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('876000h')",message="renewBefore must be from 1s to 876000h in hours, minutes and seconds, for example 720h for 30 days"
	// +optional
	RenewBefore *metav1.Duration `json:"renewBefore,omitempty"`

	// renewBeforePercentage is the same in hundredths of the lifetime, from 1 to 99. Set at most one of the two.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=99
	// +optional
	RenewBeforePercentage *int32 `json:"renewBeforePercentage,omitempty"`

	// secretTemplate is added to the Secret.
	// +optional
	SecretTemplate *SecretTemplate `json:"secretTemplate,omitempty"`

	// secretDeletionPolicy says what happens to the Secret when the TLSCertificate is deleted: Retain (the default) or Delete.
	// +kubebuilder:validation:Enum=Retain;Delete
	// +optional
	SecretDeletionPolicy string `json:"secretDeletionPolicy,omitempty"`

	// privateKey says which key is made.
	// +optional
	PrivateKey *PrivateKeySpec `json:"privateKey,omitempty"`

	// profile of the ACME server, for example "tlsserver". Default: the issuer's.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Profile string `json:"profile,omitempty"`

	// suspend stops issuance and renewal; the Secret stays as it is. Default false.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// AuthorizationStatus is the state of one name of an ACME order.
type AuthorizationStatus struct {
	// identifier that the CA checks, for example "www.example.com".
	// +required
	Identifier string `json:"identifier"`
	// type of the challenge in use, for example "http-01".
	// +optional
	Type string `json:"type,omitempty"`
	// state as the CA gives it: pending, valid, invalid, deactivated, expired or revoked.
	// +optional
	State string `json:"state,omitempty"`
	// message is the CA's last error for this name.
	// +optional
	Message string `json:"message,omitempty"`
}

// ACMECertificateStatus is the state of the running or last ACME order.
type ACMECertificateStatus struct {
	// orderURL of the running order; empty when none runs.
	// +optional
	OrderURL string `json:"orderURL,omitempty"`
	// authorizations of the order, one a name.
	// +listType=map
	// +listMapKey=identifier
	// +optional
	Authorizations []AuthorizationStatus `json:"authorizations,omitempty"`
	// renewalInfo is what the CA says about renewal (RFC 9773), for CAs that say it.
	// +optional
	RenewalInfo *RenewalInfo `json:"renewalInfo,omitempty"`
}

// RenewalInfo is ACME renewal information (RFC 9773).
type RenewalInfo struct {
	// certificateID is the identifier of the certificate that it speaks of.
	// +optional
	CertificateID string `json:"certificateID,omitempty"`
	// start and end of the window in which the CA wants the certificate to be renewed.
	// +optional
	Start *metav1.Time `json:"start,omitempty"`
	// +optional
	End *metav1.Time `json:"end,omitempty"`
	// explanationURL is a page for people.
	// +optional
	ExplanationURL string `json:"explanationURL,omitempty"`
	// nextCheck is when the CA is asked again.
	// +optional
	NextCheck *metav1.Time `json:"nextCheck,omitempty"`
	// message is why the last check failed; empty if it did not.
	// +optional
	Message string `json:"message,omitempty"`
}

// SecretReference names the version of the Secret that was last written.
type SecretReference struct {
	// name of the Secret.
	// +required
	Name string `json:"name"`
	// resourceVersion of the Secret when it was written.
	// +optional
	ResourceVersion string `json:"resourceVersion,omitempty"`
}

// TLSCertificateStatus is what is known of the certificate.
type TLSCertificateStatus struct {
	// observedGeneration is the generation of the spec that this status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions: Ready (the Secret is usable and matches the spec) and Issuing (its reason names the step).
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// notBefore of the certificate in the Secret.
	// +optional
	NotBefore *metav1.Time `json:"notBefore,omitempty"`
	// notAfter of the certificate in the Secret.
	// +optional
	NotAfter *metav1.Time `json:"notAfter,omitempty"`
	// renewalTime is when the next certificate will be asked for.
	// +optional
	RenewalTime *metav1.Time `json:"renewalTime,omitempty"`
	// nextAttemptTime is when a failed issuance is tried again; no request is made before.
	// +optional
	NextAttemptTime *metav1.Time `json:"nextAttemptTime,omitempty"`
	// failedAttempts in a row since the last success.
	// +optional
	FailedAttempts int32 `json:"failedAttempts,omitempty"`
	// connectionFailures in a row: attempts to which the ACME server did not answer. They are not failedAttempts.
	// +optional
	ConnectionFailures int32 `json:"connectionFailures,omitempty"`
	// serialNumber of the certificate in lower-case hex.
	// +optional
	SerialNumber string `json:"serialNumber,omitempty"`
	// fingerprintSHA256 of the certificate in lower-case hex.
	// +optional
	FingerprintSHA256 string `json:"fingerprintSHA256,omitempty"`
	// issuerName is the distinguished name of who signed, for example "CN=YR1".
	// +optional
	IssuerName string `json:"issuerName,omitempty"`
	// revision counts the certificates issued, from 1.
	// +optional
	Revision int64 `json:"revision,omitempty"`
	// secretRef is the Secret as last written.
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty"`
	// acme is the state of the ACME order, for ACME issuers.
	// +optional
	ACME *ACMECertificateStatus `json:"acme,omitempty"`
}

// TLSCertificate asks for a certificate in a Secret of type kubernetes.io/tls, and keeps it valid.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=tlscert,categories=tollgate
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Secret",type=string,JSONPath=`.spec.secretName`
// +kubebuilder:printcolumn:name="Expires",type=date,JSONPath=`.status.notAfter`
// +kubebuilder:printcolumn:name="Issuer",type=string,priority=1,JSONPath=`.spec.issuerRef.name`
// +kubebuilder:printcolumn:name="Renews",type=date,priority=1,JSONPath=`.status.renewalTime`
// +kubebuilder:printcolumn:name="Status",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:selectablefield:JSONPath=`.spec.secretName`
// +kubebuilder:selectablefield:JSONPath=`.spec.issuerRef.name`
type TLSCertificate struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the certificate that is wanted.
	// +required
	Spec TLSCertificateSpec `json:"spec"`
	// status is what is known of it.
	// +optional
	Status TLSCertificateStatus `json:"status,omitempty"`
}

// TLSCertificateList is a list of TLSCertificates.
//
// +kubebuilder:object:root=true
type TLSCertificateList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []TLSCertificate `json:"items"`
}
