// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

// Labels that GKE puts on nodes with GPUs.
const (
	gkeAccelerator = "cloud.google.com/gke-accelerator"
	// gkeSharedClients is into how many allocatable GPUs each one is divided.
	gkeSharedClients = "cloud.google.com/gke-max-shared-clients-per-gpu"
)

// attached are GPUs that a machine has beside what its type has. The catalog
// knows prices of types only.
type attached struct {
	count float64
	each  Money
}

// attachedTo returns the GPUs that were added to a machine of N1, each at the
// unit price of estimates. N1 is the only series to which GPUs can be added: all
// other types, of every cloud, cost the same with what accelerators they have.
func attachedTo(node *corev1.Node, id identity) attached {
	name := strings.ToLower(id.instanceType)
	if id.cloud != catalog.GCP || !strings.HasPrefix(name, "n1-") && !strings.HasPrefix(name, "custom-") {
		return attached{}
	}
	a := attached{count: UnitPrices{GPU: 1}.microsOf(node), each: defaultUnitPrices.GPU}
	if clients, err := strconv.Atoi(node.Labels[gkeSharedClients]); err == nil && clients > 1 {
		a.count = math.Ceil(a.count / float64(clients))
	}
	if node.Labels[gkeAccelerator] != "" {
		a.count = max(a.count, 1) // its driver may not be there yet
	}
	if id.capacity == CapacityTypeSpot {
		a.each = scalePermille(a.each, spotPermille(id.cloud))
	}
	return a
}

func (a attached) perHour() Money { return clamp(a.count * float64(a.each)) }

func (a attached) reason() string {
	if a.count == 1 {
		return fmt.Sprintf("an attached GPU taken as %s", a.each)
	}
	return fmt.Sprintf("%.0f attached GPUs taken as %s each", a.count, a.each)
}
