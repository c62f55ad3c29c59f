// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package profiles holds the scheduler profiles that a simulation compares:
// built-in ones, and those of a user's KubeSchedulerConfiguration.
package profiles

import (
	"embed"
	"fmt"
	"strings"

	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"

	"github.com/tollgate-dev/tollgate/pkg/apis/config/hint"
)

// Profile is a policy: all that decides where pods go.
type Profile struct {
	// Name is that of Names, or <file>#<schedulerName>.
	Name string
	// Config is defaulted, and has exactly one profile.
	Config *schedconfig.KubeSchedulerConfiguration
	// LeftOut names what the file has and Config has not, see LoadKnown.
	LeftOut []string
}

// Names of the built-in profiles. Each is a file of that name.
const (
	// Default is upstream's, untouched.
	Default = "default"
	// MostAllocated is the profile that Tollgate ships without CostScore: what
	// CostScore has to beat. It packs by CPU and memory, upstream's default
	// resources.
	MostAllocated = "MostAllocated"
	// RequestedToCapacityRatio packs as MostAllocated does, but counts GPUs,
	// five times as much as CPU and memory.
	RequestedToCapacityRatio = "RequestedToCapacityRatio"
	// NodePrice is upstream's default with the cheapest node first, whatever
	// the pod's share of it is.
	NodePrice = "NodePrice"
	// DominantShare is the profile that Tollgate ships.
	DominantShare = "DominantShare"
	// DominantShareNoAge is that with an age exponent of 0.
	DominantShareNoAge = "DominantShareNoAge"
	// DominantShareLifetimes is that with declared lifetimes in place of age.
	DominantShareLifetimes = "DominantShareLifetimes"
)

// Names returns the names of the built-in profiles, the plainest first.
func Names() []string {
	return []string{
		Default, MostAllocated, RequestedToCapacityRatio, NodePrice,
		DominantShare, DominantShareNoAge, DominantShareLifetimes,
	}
}

//go:embed *.yaml
var files embed.FS

// Named returns a built-in profile.
func Named(name string) (*Profile, error) {
	for _, valid := range Names() {
		if valid != name {
			continue
		}
		data, err := files.ReadFile(name + ".yaml")
		if err != nil {
			return nil, fmt.Errorf("reading built-in profile %s: %w; build again from a clean checkout", name, err)
		}
		p, err := decode(name+".yaml", data, "", whole)
		if err != nil {
			return nil, err
		}
		p.Name = name
		return p, nil
	}
	msg := ""
	if nearest := hint.Nearest(name, Names()); nearest != "" {
		msg = fmt.Sprintf("; did you mean %q?", nearest)
	}
	return nil, fmt.Errorf("finding profile %q: there is no built-in profile of that name%s; choose one of %s, or give a file", name, msg, strings.Join(Names(), ", "))
}
