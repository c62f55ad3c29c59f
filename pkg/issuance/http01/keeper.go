// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

const (
	// sweepInterval is the time between two sweeps.
	sweepInterval = time.Hour
	// pageSize and maxPages bound what is listed: 10,000 Services.
	pageSize = 500
	maxPages = 20
	// maxLookups bounds the certificates that one sweep looks up in the API; the others follow in the next.
	maxLookups = 200
	// maxFailures is when a round is given up.
	maxFailures = 10
)

// Keeper keeps the objects of pending challenges in step with the replicas, and removes what a crash has left behind. It
// runs in the leading replica.
type Keeper struct {
	Objects *Objects
	// Orders tells whose issuance Secrets a watch knows; the API is asked about the others.
	Orders Orders
	Clock  clock.WithTicker

	next  time.Time     // when to sweep again
	pause time.Duration // before that, if the last sweep left something undecided
	// undecided: something was not removed, and may have to be soon.
	undecided bool
}

// Orders knows the running issuances, by a watch of their Secrets. *Store is one.
type Orders interface {
	// Pending reports whether the TLSCertificate with the UID has an issuance Secret.
	Pending(certificate types.UID) bool
	// Any reports whether there is one at all.
	Any() bool
	// PendingIn returns the UIDs of those of a namespace.
	PendingIn(namespace string) []types.UID
	// KeyAuthorization returns the answer for a token that an issuance Secret has.
	KeyAuthorization(token string) (string, bool)
}

// NeedLeaderElection implements manager.LeaderElectionRunnable: one replica writes.
func (*Keeper) NeedLeaderElection() bool { return true }

// Start looks after the objects until ctx ends. What fails is logged and tried again.
func (k *Keeper) Start(ctx context.Context) error {
	log := klog.LoggerWithName(klog.FromContext(ctx), "http01")
	ctx = klog.NewContext(ctx, log)
	var wg sync.WaitGroup
	k.Objects.batch.turn(true, k.Orders, k.Clock)
	defer k.Objects.batch.turn(false, k.Orders, k.Clock)
	wg.Go(func() { k.Objects.share(ctx, k.Clock) })
	ticker := k.Clock.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		k.Objects.batch.prune()
		if err := k.look(ctx); err != nil && ctx.Err() == nil {
			log.Error(err, "Looking after the objects of http-01 challenges; trying again", "after", heartbeat)
		}
		select {
		case <-ctx.Done():
			wg.Wait()
			return nil
		case <-ticker.C():
		}
	}
}

// look brings the slices up to date if the replicas have changed, or somebody has written others, and sweeps once an hour.
func (k *Keeper) look(ctx context.Context) error {
	swept := k.sweepDue(ctx)
	port := k.Objects.Port()
	if k.Objects.Check() != nil || port == 0 || !k.Orders.Any() {
		return swept // whoever needs an address says that there is none; and nobody may need one
	}
	replicas, err := k.Objects.replicas(ctx)
	if noted := k.Objects.noted.Load(); err == nil && (noted == nil || !same(replicas, *noted)) {
		// Noted before they are written, so that nobody can write others in the meantime and go unnoticed.
		k.Objects.noted.Store(&replicas)
		if err = k.follow(ctx, replicas, port); err != nil {
			k.Objects.noted.Store(nil)
		}
	}
	return errors.Join(swept, err)
}

// sweepDue sweeps if it is time to. What is undecided is looked at again soon; the longer it is, the more seldom.
func (k *Keeper) sweepDue(ctx context.Context) error {
	now := k.Clock.Now()
	if now.Before(k.next) {
		return nil
	}
	if err := k.sweep(ctx); err != nil {
		return err // again at the next look
	}
	if k.undecided {
		k.pause = min(max(2*k.pause, heartbeat), sweepInterval)
		k.next = now.Add(k.pause)
	} else {
		k.pause, k.next = 0, now.Add(sweepInterval)
	}
	return nil
}

// follow writes the replicas into the slices that are there. It makes none: a challenge may just have ended.
func (k *Keeper) follow(ctx context.Context, replicas []Replica, port int32) error {
	return k.services(ctx, func(s *corev1.Service) error {
		m := metav1.ObjectMeta{Namespace: s.Namespace, Name: s.Name, Labels: map[string]string{}}
		for _, f := range families {
			want := endpointSlice(m, f, replicas, port)
			got := &discoveryv1.EndpointSlice{}
			err := k.Objects.Reader.Get(ctx, client.ObjectKeyFromObject(want), got)
			if apierrors.IsNotFound(err) {
				continue
			}
			if err == nil && got.AddressType == want.AddressType && got.Labels[v1alpha1.IssuanceLabel] == s.Labels[v1alpha1.IssuanceLabel] {
				before := got.DeepCopy()
				got.Endpoints, got.Ports = want.Endpoints, want.Ports
				err = client.IgnoreNotFound(k.Objects.update(ctx, before, got))
			}
			if err != nil {
				return fmt.Errorf("leading http-01 challenges to the replicas that answer: EndpointSlice %s/%s: %w", want.Namespace, want.Name, err)
			}
		}
		return nil
	})
}

// sweep removes the objects of certificates that have no issuance Secret: it is written before them and deleted after them,
// so that nobody will ever remove them otherwise while the TLSCertificate exists.
func (k *Keeper) sweep(ctx context.Context) error {
	looked, removed := 0, 0
	k.undecided = false
	err := k.services(ctx, func(s *corev1.Service) error {
		cert, made := carrierOf(s)
		if !made || k.Objects.batch.carries(s.Namespace, cert.UID) {
			return nil
		}
		if k.Orders.Pending(cert.UID) { // or the watch does not know yet that it has ended
			k.undecided = true
			return nil
		}
		if looked >= maxLookups {
			return nil
		}
		looked++
		// The objects are read before the Secret: those of an issuance that begins meanwhile are others.
		objects, err := k.Objects.existing(ctx, cert)
		if err != nil {
			return err
		}
		running, err := k.running(ctx, s.Namespace, cert.UID)
		if err != nil || running {
			return err
		}
		if slices.ContainsFunc(objects, k.leads) { // for others, that shared them when the process of before ended
			k.undecided = true
			return nil
		}
		removed++
		return k.Objects.delete(ctx, objects)
	})
	if removed > 0 {
		klog.FromContext(ctx).Info("Removed what was left of http-01 challenges", "certificates", removed)
	}
	if err != nil {
		return fmt.Errorf("removing what was left of http-01 challenges: %w", err)
	}
	return nil
}

// leads reports whether an object leads here the challenge of a running issuance.
func (k *Keeper) leads(obj client.Object) bool {
	return slices.ContainsFunc(tokens(obj), func(token string) bool {
		_, pending := k.Orders.KeyAuthorization(token)
		return pending
	})
}

// running reports whether the certificate has an issuance Secret, by asking the API.
func (k *Keeper) running(ctx context.Context, namespace string, uid types.UID) (bool, error) {
	var records corev1.SecretList
	err := k.Objects.Reader.List(ctx, &records, client.InNamespace(namespace), client.MatchingLabels{v1alpha1.IssuanceLabel: string(uid)})
	if err != nil {
		return false, fmt.Errorf("listing issuance Secrets: %w", err)
	}
	return slices.ContainsFunc(records.Items, func(s corev1.Secret) bool { return s.Type == v1alpha1.IssuanceSecretType }), nil
}

// services calls each for the Services of challenges in all namespaces. They are made before all other objects and removed
// after them. One that fails does not keep the others from their turn, but many do.
func (k *Keeper) services(ctx context.Context, each func(*corev1.Service) error) error {
	var failed []error
	token := ""
	for range maxPages {
		var page corev1.ServiceList
		err := k.Objects.Reader.List(ctx, &page, client.MatchingLabels{v1alpha1.ManagedLabel: "true"}, client.HasLabels{v1alpha1.IssuanceLabel},
			client.Limit(pageSize), client.Continue(token))
		if err != nil {
			return fmt.Errorf("listing Services: %w", err)
		}
		for i := range page.Items {
			if err := each(&page.Items[i]); err != nil {
				failed = append(failed, err)
			}
			if len(failed) == maxFailures {
				return errors.Join(failed...)
			}
		}
		if token = page.Continue; token == "" {
			break
		}
	}
	return errors.Join(failed...)
}
