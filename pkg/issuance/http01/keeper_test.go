// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// orders are the UIDs of TLSCertificates whose issuance Secrets a watch knows.
type orders map[types.UID]bool

func (o orders) Pending(uid types.UID) bool { return o[uid] }

func (o orders) Any() bool { return len(o) > 0 }

func (o orders) PendingIn(string) (all []types.UID) {
	for uid, pending := range o {
		if pending {
			all = append(all, uid)
		}
	}
	return all
}

// KeyAuthorization has one for the tokens that are written like UIDs.
func (o orders) KeyAuthorization(token string) (string, bool) {
	_, known := o[types.UID(token)]
	return "", known
}

func newKeeper(o *Objects) (*Keeper, *clocktesting.FakeClock) {
	clk := clocktesting.NewFakeClock(start)
	return &Keeper{Objects: o, Orders: orders{"another": true}, Clock: clk}, clk
}

// record is an issuance Secret with the labels that the executor gives it.
func labelledIssuance() *corev1.Secret {
	s := issuance()
	s.Labels = meta(cert()).Labels
	return s
}

func lookOnce(t *testing.T, k *Keeper) {
	t.Helper()
	if err := k.look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestSlicesFollowTheReplicas(t *testing.T) {
	o, c := newObjects(labelledIssuance())
	others := replicas{}
	o.Replicas = &others
	present(t, o, Challenge{Host: "www.example.com", Token: "t"})
	k, _ := newKeeper(o)
	const service, ingress = "service SingleStack [IPv4] v1", `ingress "" [www.example.com/t] v1`
	for _, tt := range []struct {
		others []Replica
		want   string
	}{
		{nil, "slice IPv4 [10.0.0.7] 8089 v1"},
		{[]Replica{replica(t, "10.0.0.8", 8089)}, "slice IPv4 [10.0.0.7 10.0.0.8] 8089 v2"},
		{[]Replica{replica(t, "10.0.0.8", 8089)}, "slice IPv4 [10.0.0.7 10.0.0.8] 8089 v2"},
		{[]Replica{replica(t, "10.0.0.8", 8089), replica(t, "10.0.0.9", 8089)}, "slice IPv4 [10.0.0.7 10.0.0.8 10.0.0.9] 8089 v3"},
		{nil, "slice IPv4 [10.0.0.7] 8089 v4"},
	} {
		others = tt.others
		lookOnce(t, k)
		wantWritten(t, c, ingress, service, tt.want)
	}
}

// TestReplicaThatComesWhileAnotherWrites: whoever presents has read the replicas of before, and writes them after the Keeper has
// written, or found no slice yet.
func TestReplicaThatComesWhileAnotherWrites(t *testing.T) {
	o, c := newObjects(labelledIssuance())
	others := replicas{}
	o.Replicas = &others
	k, _ := newKeeper(o)
	lookOnce(t, k)
	o.Writer = interceptor.NewClient(c, interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			if _, ok := obj.(*discoveryv1.EndpointSlice); ok {
				others = replicas{replica(t, "10.0.0.8", 8089)}
				lookOnce(t, k)
			}
			return c.Create(ctx, obj, opts...)
		},
	})
	present(t, o, Challenge{Host: "www.example.com", Token: "t"})
	const service, ingress = "service SingleStack [IPv4] v1", `ingress "" [www.example.com/t] v1`
	wantWritten(t, c, ingress, service, "slice IPv4 [10.0.0.7] 8089 v1")
	for range 2 {
		lookOnce(t, k)
		wantWritten(t, c, ingress, service, "slice IPv4 [10.0.0.7 10.0.0.8] 8089 v2")
	}
}

// TestReplicaThatComesWhileBothWrite: the Keeper has written this slice and is at another when the replicas of before are written
// over it.
func TestReplicaThatComesWhileBothWrite(t *testing.T) {
	o, c := newObjects(labelledIssuance())
	others := replicas{}
	o.Replicas = &others
	k, _ := newKeeper(o)
	www := Challenge{Host: "www.example.com", Token: "t"}
	present(t, o, www)
	lookOnce(t, k)
	written, done, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	gets, updates := 0, 0
	o.Reader = interceptor.NewClient(c, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			if _, ok := obj.(*discoveryv1.EndpointSlice); ok {
				if gets++; gets == 1 { // by Present
					others = replicas{replica(t, "10.0.0.8", 8089)}
					go func() { ended <- k.look(ctx) }()
					<-written
				}
			}
			return c.Get(ctx, key, obj, opts...)
		},
	})
	o.Writer = interceptor.NewClient(c, interceptor.Funcs{
		Update: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.UpdateOption) error {
			err := c.Update(ctx, obj, opts...)
			if updates++; updates == 1 { // by the Keeper
				close(written)
				<-done
			}
			return err
		},
	})
	present(t, o, www)
	close(done)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	const service, ingress = "service SingleStack [IPv4] v1", `ingress "" [www.example.com/t] v1`
	wantWritten(t, c, ingress, service, "slice IPv4 [10.0.0.7] 8089 v3")
	lookOnce(t, k)
	wantWritten(t, c, ingress, service, "slice IPv4 [10.0.0.7 10.0.0.8] 8089 v4")
}

// TestFailedWriteIsRepeated: the slices are not taken to be up to date.
func TestFailedWriteIsRepeated(t *testing.T) {
	o, c := newObjects(labelledIssuance())
	present(t, o, Challenge{Host: "www.example.com", Token: "t"})
	k, _ := newKeeper(o)
	lookOnce(t, k)
	fails := true
	o.Replicas = &replicas{replica(t, "10.0.0.8", 8089)}
	o.Writer = interceptor.NewClient(c, interceptor.Funcs{
		Update: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.UpdateOption) error {
			if fails {
				return errors.New("down")
			}
			return c.Update(ctx, obj, opts...)
		},
	})
	if err := k.look(t.Context()); err == nil {
		t.Error("no error")
	}
	fails = false
	lookOnce(t, k)
	wantWritten(t, c, `ingress "" [www.example.com/t] v1`, "service SingleStack [IPv4] v1", "slice IPv4 [10.0.0.7 10.0.0.8] 8089 v2")
}

// TestNoSliceIsMade for a challenge that has just ended.
func TestNoSliceIsMade(t *testing.T) {
	o, c := newObjects(labelledIssuance(), &corev1.Service{ObjectMeta: meta(cert())})
	k, _ := newKeeper(o)
	lookOnce(t, k)
	var list discoveryv1.EndpointSliceList
	if err := c.List(t.Context(), &list); err != nil || len(list.Items) > 0 {
		t.Errorf("%d slices, %v", len(list.Items), err)
	}
}

func TestSweep(t *testing.T) {
	front := gatewaySolver(v1alpha1.GatewayReference{Name: "front"})
	for _, tt := range []struct {
		name    string
		objects []client.Object
		watched bool
		left    bool
	}{
		{name: "the issuance goes on", objects: []client.Object{labelledIssuance()}, watched: true, left: true},
		{name: "the issuance goes on, and the watch does not know yet", objects: []client.Object{labelledIssuance()}, left: true},
		{name: "the issuance Secret is gone"},
		{name: "a Secret with the label is of another type", objects: []client.Object{func() client.Object {
			s := labelledIssuance()
			s.Type = corev1.SecretTypeTLS
			return s
		}()}},
		{name: "the issuance Secret of another certificate", objects: []client.Object{func() client.Object {
			s := labelledIssuance()
			s.Labels[v1alpha1.IssuanceLabel] = "u2"
			return s
		}()}},
		{name: "the issuance Secret of that label in another namespace", objects: []client.Object{func() client.Object {
			s := labelledIssuance()
			s.Namespace = "bank"
			return s
		}()}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, c := newObjects(tt.objects...)
			withGateway(o)
			present(t, o, Challenge{Host: "www.example.com", Token: "t"}, Challenge{Host: "api.example.com", Token: "u", Solver: front})
			k, _ := newKeeper(o)
			k.Orders = orders{"u1": tt.watched}
			lookOnce(t, k)
			if left := len(written(t, c)) + len(listRoutes(t, c)); (left > 0) != tt.left || left != 0 && left != 4 {
				t.Errorf("%d objects are left", left)
			}
		})
	}
}

func TestSweepIsHourly(t *testing.T) {
	o, c := newObjects()
	k, clk := newKeeper(o)
	lookOnce(t, k)
	present(t, o, Challenge{Host: "www.example.com", Token: "t"})
	clk.Step(sweepInterval - time.Second)
	lookOnce(t, k)
	if len(written(t, c)) != 3 {
		t.Errorf("left: %v", written(t, c))
	}
	clk.Step(time.Second)
	lookOnce(t, k)
	wantWritten(t, c)
}

// TestSweepLooksAgainSoon: a watch that shows the Secret may only be behind. If it is right for long, that costs little.
func TestSweepLooksAgainSoon(t *testing.T) {
	o, c := newObjects()
	present(t, o, Challenge{Host: "www.example.com", Token: "t"})
	known, sweeps := orders{"u1": true}, 0
	o.Reader = countingLists[*corev1.ServiceList](c, &sweeps)
	k, clk := newKeeper(o)
	k.Orders = known
	lookOnce(t, k)
	if len(written(t, c)) != 3 {
		t.Errorf("left: %v", written(t, c))
	}
	delete(known, "u1")
	clk.Step(heartbeat)
	lookOnce(t, k)
	wantWritten(t, c)

	present(t, o, Challenge{Host: "www.example.com", Token: "t"})
	known["u1"] = true
	lookOnce(t, k)
	sweeps = 0
	const hours = 24
	for range hours * time.Hour / heartbeat {
		clk.Step(heartbeat)
		lookOnce(t, k)
	}
	if sweeps < hours || sweeps > hours+10 {
		t.Errorf("%d sweeps in %d hours", sweeps, hours)
	}
}

// TestSweepIsHourlyThoughIssuancesRun: their objects are looked after by this process.
func TestSweepIsHourlyThoughIssuancesRun(t *testing.T) {
	s := newSharing(t)
	s.want("a", ErrNotYet)
	s.flushed(begun)
	s.there("a: a")
	k := &Keeper{Objects: s.Objects, Orders: s.orders, Clock: s.clk}
	lookOnce(t, k)
	if k.undecided || !k.next.Equal(s.clk.Now().Add(sweepInterval)) {
		t.Errorf("the next sweep is at %s", k.next)
	}
}

// TestSweepLeavesOthersAlone: labels alone do not make an object ours.
func TestSweepLeavesOthersAlone(t *testing.T) {
	unowned, renamed, unlabelled := meta(cert()), meta(cert()), meta(cert())
	unowned.OwnerReferences, renamed.Name, unlabelled.Labels = nil, "renamed", nil
	unlabelled.Name = "unlabelled"
	var objects []client.Object
	for _, m := range []*corev1.Service{{ObjectMeta: unowned}, {ObjectMeta: renamed}, {ObjectMeta: unlabelled}} {
		objects = append(objects, m)
	}
	o, c := newObjects(objects...)
	k, _ := newKeeper(o)
	lookOnce(t, k)
	var list corev1.ServiceList
	if err := c.List(t.Context(), &list); err != nil || len(list.Items) != 3 {
		t.Errorf("%d Services are left, want 3: %v", len(list.Items), err)
	}
}

// countingLists counts the lists of a kind that are asked for.
func countingLists[L client.ObjectList](c client.WithWatch, count *int) client.Reader {
	return interceptor.NewClient(c, interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if _, ok := list.(L); ok {
				*count++
			}
			return c.List(ctx, list, opts...)
		},
	})
}

// TestSweepIsBounded: only so many certificates are looked up at a time, and those that a watch knows cost nothing.
func TestSweepIsBounded(t *testing.T) {
	known := orders{}
	var objects []client.Object
	for i := range 2*maxLookups + 10 {
		other := cert()
		other.Name, other.UID = fmt.Sprintf("c%04d", i), types.UID(fmt.Sprintf("u%04d", i))
		known[other.UID] = i%2 == 0
		objects = append(objects, &corev1.Service{ObjectMeta: meta(other)})
	}
	o, c := newObjects(objects...)
	lookups := 0
	o.Reader = countingLists[*corev1.SecretList](c, &lookups)
	k, clk := newKeeper(o)
	k.Orders = known
	left := func() int {
		var list corev1.ServiceList
		if err := c.List(t.Context(), &list); err != nil {
			t.Fatal(err)
		}
		return len(list.Items)
	}
	lookOnce(t, k)
	if got := left(); got != maxLookups+10 || lookups != maxLookups {
		t.Errorf("%d are left after %d lookups", got, lookups)
	}
	clk.Step(sweepInterval)
	lookOnce(t, k)
	if got := left(); got != maxLookups+5 {
		t.Errorf("%d are left after the second sweep, want %d", got, maxLookups+5)
	}
}

// TestOneFailureIsNotInTheWay of the other certificates, and many are.
func TestOneFailureIsNotInTheWay(t *testing.T) {
	for _, tt := range []struct{ failing, want int }{{1, 1}, {maxFailures, maxFailures + 5}} {
		var objects []client.Object
		fails := map[string]bool{}
		for i := range maxFailures + 5 {
			other := cert()
			other.Name, other.UID = fmt.Sprintf("c%04d", i), types.UID(fmt.Sprintf("u%04d", i))
			objects = append(objects, &corev1.Service{ObjectMeta: meta(other)})
		}
		o, c := newObjects(objects...)
		var list corev1.ServiceList
		if err := c.List(t.Context(), &list); err != nil {
			t.Fatal(err)
		}
		for _, s := range list.Items[:tt.failing] {
			fails[s.Name] = true
		}
		o.Writer = interceptor.NewClient(c, interceptor.Funcs{
			Delete: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
				if fails[obj.GetName()] {
					return errors.New("denied")
				}
				return c.Delete(ctx, obj, opts...)
			},
		})
		k, _ := newKeeper(o)
		if err := k.look(t.Context()); err == nil {
			t.Error("no error")
		}
		if err := c.List(t.Context(), &list); err != nil || len(list.Items) != tt.want {
			t.Errorf("%d fail: %d Services are left, want %d: %v", tt.failing, len(list.Items), tt.want, err)
		}
		fails = nil
		lookOnce(t, k)
		if err := c.List(t.Context(), &list); err != nil || len(list.Items) != 0 {
			t.Errorf("%d Services are left in the end: %v", len(list.Items), err)
		}
	}
}

// TestIssuanceThatBeginsDuringTheSweep has its objects replaced between the sweep's look at them and its look at the Secrets.
func TestIssuanceThatBeginsDuringTheSweep(t *testing.T) {
	old := &corev1.Service{ObjectMeta: meta(cert())}
	old.UID = "old"
	o, c := newObjects(old)
	o.Reader = interceptor.NewClient(c, interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			err := c.List(ctx, list, opts...)
			if _, ok := list.(*corev1.SecretList); ok && err == nil && old.UID == "old" {
				next := old.DeepCopy()
				next.UID, next.ResourceVersion = "new", ""
				err = errors.Join(c.Delete(ctx, old), c.Create(ctx, next), c.Create(ctx, labelledIssuance()))
				old.UID = "gone"
			}
			return err
		},
	})
	o.Writer = interceptor.NewClient(c, interceptor.Funcs{
		// The fake client does not look at the UID.
		Delete: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
			got, options := &corev1.Service{}, (&client.DeleteOptions{}).ApplyOptions(opts)
			if err := c.Get(ctx, client.ObjectKeyFromObject(obj), got); err != nil {
				return err
			}
			if options.Preconditions != nil && options.Preconditions.UID != nil && *options.Preconditions.UID != got.UID {
				return apierrors.NewConflict(schema.GroupResource{Resource: "services"}, got.Name, errors.New("another UID"))
			}
			return c.Delete(ctx, obj, opts...)
		},
	})
	k, _ := newKeeper(o)
	_ = k.look(t.Context()) // it says that somebody else was faster
	lookOnce(t, k)
	var s corev1.Service
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: Name(cert())}, &s); err != nil || s.UID != "new" {
		t.Errorf("the Service of the new issuance: %q %v", s.UID, err)
	}
}
