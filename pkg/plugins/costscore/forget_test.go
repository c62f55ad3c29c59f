// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/cache"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

func TestDeletedNodesAreForgotten(t *testing.T) {
	nodes := []*v1.Node{node("a", "wrong"), node("b", "wrong"), node("c", "wrong")}
	c := newCluster(t, nodes, nil)
	wantKept := func(want, inBook int) {
		t.Helper()
		if got := c.plugin.nodes.book.Len(); got != inBook {
			t.Errorf("got %d nodes in the book, want %d", got, inBook)
		}
		if facts, problems := len(c.plugin.podFacts.nodes), len(c.plugin.problems.reported); facts != want || problems != want {
			t.Errorf("got %d pod facts and %d problems, want %d of each", facts, problems, want)
		}
	}
	c.place(t, pod("p").Obj())
	wantKept(3, 3)
	c.remove(t, nodes[0], nodes[0])
	wantKept(2, 2)
	// A cycle that began before the deletion ends after it.
	c.place(t, pod("q").Obj())
	wantKept(3, 2)
	c.remove(t, nodes[1], cache.DeletedFinalStateUnknown{Key: "b"})
	wantKept(1, 1)
}

// The informer that the scheduler runs is the one that the plugin listens to.
func TestDeletedNodesAreForgottenByInformer(t *testing.T) {
	ctx := t.Context()
	c := newCluster(t, nil, nil)
	c.SharedInformerFactory().Start(ctx.Done())
	c.SharedInformerFactory().WaitForCacheSync(ctx.Done())
	n := node("n", "wrong")
	if _, err := c.client.CoreV1().Nodes().Create(ctx, n, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.plugin.nodes.price(n)
	if err := c.client.CoreV1().Nodes().Delete(ctx, n.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the deleted node to be forgotten", func() bool {
		c.plugin.problems.mu.Lock()
		defer c.plugin.problems.mu.Unlock()
		return len(c.plugin.problems.reported) == 0
	})
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		return done(), nil
	})
	if err != nil {
		t.Errorf("waiting for %s: %v", what, err)
	}
}

func TestConcurrentUse(t *testing.T) {
	nodes := make([]*v1.Node, 50)
	for i := range nodes {
		nodes[i] = node(fmt.Sprintf("n%d", i), fmt.Sprintf("0.%02d", i+1))
	}
	c := newCluster(t, nodes, nil)
	all, err := c.snapshot.List()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for round := range 200 {
				for _, info := range all {
					n := info.Node()
					if round%10 == worker%10 {
						n = n.DeepCopy() // an update
					}
					want, _ := pricing.ParseMoney(n.Annotations[pricing.PriceAnnotation])
					if got := c.plugin.nodes.price(n).PerHour; got != want {
						t.Errorf("got price %v of node %s, want %v", got, n.Name, want)
					}
					c.plugin.podFacts.of(info)
					if round%50 == 0 {
						c.plugin.podFacts.forget(n.Name, 10, func(name string) bool { return name == n.Name })
						c.plugin.nodes.book.Set(n)
						c.plugin.nodes.book.Delete(n.Name)
					}
				}
			}
		})
	}
	wg.Wait()
}
