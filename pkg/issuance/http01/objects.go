// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// Challenge is a path that has to lead to the controller.
type Challenge struct {
	// Host is the DNS name or IP address that the CA asks.
	Host string
	// Token of the challenge.
	Token string
	// Solver says what leads there. Nil: an Ingress of the cluster's default class.
	Solver *v1alpha1.HTTP01Solver
}

// Objects are the Service, EndpointSlices, Ingresses and HTTPRoutes of the certificates whose challenges are pending. While a Keeper
// runs, the certificates of a namespace share them.
type Objects struct {
	// Reader reads from the API server itself.
	Reader client.Reader
	Writer client.Writer
	// AdvertiseAddress is the IP address at which other pods reach this controller, or one of each family with a comma between.
	AdvertiseAddress string
	// Port returns the port that the controller listens on; 0 while it does not.
	Port func() int32
	// Replicas are the others that answer. Nil: there are none.
	Replicas interface {
		Live(ctx context.Context) ([]Replica, error)
	}
	// Gateway tells whether HTTPRoutes are served. Nil: they are not.
	Gateway *GatewayAPI

	batch batch
	// noted are the replicas that all slices have, or come to have by what the Keeper is about. Nil: some may not.
	noted atomic.Pointer[[]Replica]
}

// Check returns why challenges could not be led to this controller, or nil.
func (o *Objects) Check() error {
	_, err := ParseAddresses(o.AdvertiseAddress)
	return err
}

// CheckSolver returns why challenges could not be led to this controller by the solver, or nil. It is ErrNoGatewayAPI if the
// cluster does not serve what the solver needs.
func (o *Objects) CheckSolver(solver *v1alpha1.HTTP01Solver) error {
	if err := o.Check(); err != nil {
		return err
	}
	if solver == nil || solver.GatewayHTTPRoute == nil {
		return nil
	}
	served, err := o.Gateway.Served()
	if err == nil && !served {
		err = ErrNoGatewayAPI
	}
	if err != nil {
		return fmt.Errorf("answering http-01 challenges: %w", err)
	}
	return nil
}

// Present has objects say what the challenges of cert need, and no more: what earlier ones needed goes. Two calls with the same
// arguments write once. ErrNotYet says that it is done soon: OnPresented tells when.
func (o *Objects) Present(ctx context.Context, cert *v1alpha1.TLSCertificate, challenges []Challenge) error {
	for _, c := range challenges {
		if err := o.CheckSolver(c.Solver); err != nil {
			return err
		}
	}
	if o.Port() == 0 {
		return errNotListening
	}
	if err, shared := o.batch.present(cert, challenges); shared {
		return err
	}
	return o.presentNow(ctx, cert, challenges)
}

var errNotListening = errors.New("leading http-01 challenges to the controller: this controller does not listen yet; if it does not soon, its log says why")

// presentNow makes the objects of cert say what the challenges need.
func (o *Objects) presentNow(ctx context.Context, cert *v1alpha1.TLSCertificate, challenges []Challenge) error {
	if err := o.present(ctx, cert, challenges); err != nil {
		return fmt.Errorf("leading http-01 challenges to the controller: %w", err)
	}
	return nil
}

func (o *Objects) present(ctx context.Context, cert *v1alpha1.TLSCertificate, challenges []Challenge) error {
	port := o.Port()
	if port == 0 {
		return errNotListening
	}
	replicas, err := o.replicas(ctx)
	if err != nil {
		return err
	}
	defer o.wrote(replicas)
	m := meta(cert)
	// The Service is made first and removed last: the Keeper finds by it what was left behind.
	if err := o.applyService(ctx, service(m, replicas)); err != nil {
		return err
	}
	for _, f := range families {
		if err := o.applySlice(ctx, endpointSlice(m, f, replicas, port)); err != nil {
			return err
		}
	}
	ingresses, routes := frontends(m, challenges)
	if err := o.applyIngresses(ctx, cert, ingresses); err != nil {
		return err
	}
	return o.applyRoutes(ctx, cert, routes)
}

// Remove takes back what Present did for cert, whatever the solver; what is not there is no error. With a Keeper that runs, it is done
// soon.
func (o *Objects) Remove(ctx context.Context, cert *v1alpha1.TLSCertificate) error {
	if o.batch.remove(cert) {
		return nil
	}
	return o.removeNow(ctx, cert)
}

// removeNow deletes the objects of cert.
func (o *Objects) removeNow(ctx context.Context, cert *v1alpha1.TLSCertificate) error {
	objects, err := o.existing(ctx, cert)
	if err == nil {
		err = o.delete(ctx, objects)
	}
	if err != nil {
		return fmt.Errorf("removing what led http-01 challenges of TLSCertificate %s/%s to the controller: %w", cert.Namespace, cert.Name, err)
	}
	return nil
}

// replicas are all that answer, this one among them.
func (o *Objects) replicas(ctx context.Context) ([]Replica, error) {
	addrs, err := ParseAddresses(o.AdvertiseAddress)
	if err != nil {
		return nil, err
	}
	all := []Replica{{Addresses: addrs, Port: o.Port()}}
	if o.Replicas != nil {
		others, err := o.Replicas.Live(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, others...)
	}
	return all, nil
}

// wrote says which replicas a slice was made to have. If they are others than the Keeper has noted, which may have come and gone
// over this slice in the meantime, it writes all of them once more.
func (o *Objects) wrote(replicas []Replica) {
	if noted := o.noted.Load(); noted != nil && !same(replicas, *noted) {
		o.noted.CompareAndSwap(noted, nil)
	}
}

// same reports whether two lists are of the same replicas.
func same(a, b []Replica) bool {
	return slices.EqualFunc(a, b, func(a, b Replica) bool { return a.key() == b.key() })
}

// Name is the name of the Service of cert, and the beginning of the names of its other objects.
func Name(cert *v1alpha1.TLSCertificate) string {
	sum := sha256.Sum256([]byte(cert.Name + "\x00" + string(cert.UID)))
	return "tollgate-http01-" + hex.EncodeToString(sum[:8])
}

// nameOf is the name of an object beside the Service, short enough for any kind.
func nameOf(service string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return service + "-" + hex.EncodeToString(sum[:4])
}

func meta(cert *v1alpha1.TLSCertificate) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: cert.Namespace,
		Name:      Name(cert),
		Labels: map[string]string{
			v1alpha1.ManagedLabel:  "true",
			v1alpha1.IssuanceLabel: string(cert.UID),
		},
		OwnerReferences: []metav1.OwnerReference{
			*metav1.NewControllerRef(cert, v1alpha1.GroupVersion.WithKind("TLSCertificate")),
		},
	}
}

// sorted returns the challenges in one order, whatever theirs was.
func sorted(challenges []Challenge) []Challenge {
	return slices.SortedFunc(slices.Values(challenges), func(a, b Challenge) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Token, b.Token))
	})
}
