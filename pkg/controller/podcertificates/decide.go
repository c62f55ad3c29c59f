// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podcertificates

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
)

const (
	// retain keeps the Secret when the TLSCertificate goes with its workload.
	retain = "Retain"
	// maxOwners bounds the owners of a TLSCertificate, of which bare pods may be many. Those
	// beyond have it made anew once the owners are gone.
	maxOwners = 20
)

// ask is what one pod asks for one Secret.
type ask struct {
	pod     *corev1.Pod
	request declare.IssueRequest
}

// byAge puts the oldest pod first.
func byAge(a, b ask) int {
	return cmp.Or(a.pod.CreationTimestamp.Compare(b.pod.CreationTimestamp.Time), cmp.Compare(a.pod.Name, b.pod.Name))
}

// workload is what the pods of one owner ask for one Secret.
type workload struct {
	owner metav1.OwnerReference
	// asks are those of the newest declaration last, and never none.
	asks []ask
}

// request is the newest declaration.
func (w *workload) request() declare.IssueRequest { return w.asks[len(w.asks)-1].request }

// pods returns the pods of the newest declaration, the newest pod first.
func (w *workload) pods() []*corev1.Pod {
	var pods []*corev1.Pod
	for _, a := range slices.Backward(w.asks) {
		if same(a.request, w.request()) {
			pods = append(pods, a.pod)
		}
	}
	return pods
}

// plan is what has to be done about one Secret.
type plan struct {
	// keeper is the workload that decides what the certificate is; nil if it has no living pods.
	keeper *workload
	// owners are the workloads that ask for what the keeper asks for, the keeper first.
	owners []*workload
	// conflicts are the workloads that ask for something else.
	conflicts []*workload
}

// decide returns what has to be done. The first of the TLSCertificate's owners that has living
// pods keeps the Secret; if nobody owns it the first workload given. Owners without living
// pods, scaled to zero say, keep it against all who ask for something else.
func decide(cert *v1alpha1.TLSCertificate, workloads []*workload) plan {
	var p plan
	if cert == nil || len(cert.OwnerReferences) == 0 {
		p.keeper = workloads[0]
	} else {
		for _, ref := range cert.OwnerReferences {
			i := slices.IndexFunc(workloads, func(w *workload) bool { return w.owner.UID == ref.UID })
			if i >= 0 {
				p.keeper = workloads[i]
				break
			}
		}
	}
	kept := requestOf(cert)
	if p.keeper != nil {
		kept = p.keeper.request()
		p.owners = []*workload{p.keeper}
	}
	for _, w := range workloads {
		switch {
		case w == p.keeper:
		case same(w.request(), kept):
			p.owners = append(p.owners, w)
		default:
			p.conflicts = append(p.conflicts, w)
		}
	}
	return p
}

// next returns the TLSCertificate as it should be; nil if it is. Fields of the spec that a pod cannot ask for are left as
// they are, so that people may set them.
func (p *plan) next(key types.NamespacedName, cert *v1alpha1.TLSCertificate) *v1alpha1.TLSCertificate {
	next, changed := cert.DeepCopy(), false
	if next == nil {
		changed = true
		next = &v1alpha1.TLSCertificate{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: key.Namespace, Name: key.Name,
				Labels: map[string]string{v1alpha1.ManagedLabel: "true", MadeForPodsLabel: "true"},
			},
			Spec: v1alpha1.TLSCertificateSpec{SecretDeletionPolicy: retain},
		}
	}
	if p.keeper != nil && !same(requestOf(next), p.keeper.request()) {
		changed = true
		request := p.keeper.request()
		next.Spec.SecretName = request.SecretName
		next.Spec.DNSNames, next.Spec.IPAddresses = slices.Clone(request.DNSNames), slices.Clone(request.IPAddresses)
		next.Spec.URIs, next.Spec.Usages = slices.Clone(request.URIs), slices.Clone(request.Usages)
		next.Spec.IssuerRef = v1alpha1.IssuerReference{Name: request.IssuerRef.Name, Kind: request.IssuerRef.Kind}
	}
	for _, w := range p.owners {
		if !owns(next, w) && len(next.OwnerReferences) < maxOwners {
			changed = true
			next.OwnerReferences = append(next.OwnerReferences, w.owner)
		}
	}
	if changed && p.keeper != nil {
		// Who decides stays the first owner: those before it come back to what it decided.
		i := slices.IndexFunc(next.OwnerReferences, isOf(p.keeper))
		next.OwnerReferences = slices.Insert(slices.Delete(next.OwnerReferences, i, i+1), 0, p.keeper.owner)
	}
	if !changed {
		return nil
	}
	return next
}

func owns(cert *v1alpha1.TLSCertificate, w *workload) bool {
	return cert != nil && slices.ContainsFunc(cert.OwnerReferences, isOf(w))
}

func isOf(w *workload) func(metav1.OwnerReference) bool {
	return func(ref metav1.OwnerReference) bool { return ref.UID == w.owner.UID }
}

// requestOf returns the request that a TLSCertificate fulfils.
func requestOf(cert *v1alpha1.TLSCertificate) declare.IssueRequest {
	if cert == nil {
		return declare.IssueRequest{}
	}
	ref := declare.IssuerRef{Name: cert.Spec.IssuerRef.Name, Kind: cmp.Or(cert.Spec.IssuerRef.Kind, v1alpha1.KindCertIssuer)}
	return declare.IssueRequest{
		SecretName:  cert.Spec.SecretName,
		DNSNames:    slices.Sorted(slices.Values(cert.Spec.DNSNames)),
		IPAddresses: slices.Sorted(slices.Values(cert.Spec.IPAddresses)),
		URIs:        slices.Sorted(slices.Values(cert.Spec.URIs)),
		Usages:      slices.Sorted(slices.Values(cert.Spec.Usages)),
		IssuerRef:   ref,
	}
}

// same reports whether the requests, whose lists are sorted, ask for the same certificate.
func same(a, b declare.IssueRequest) bool {
	return a.SecretName == b.SecretName && a.IssuerRef == b.IssuerRef &&
		slices.Equal(a.DNSNames, b.DNSNames) && slices.Equal(a.IPAddresses, b.IPAddresses) &&
		slices.Equal(a.URIs, b.URIs) && slices.Equal(a.Usages, b.Usages)
}
