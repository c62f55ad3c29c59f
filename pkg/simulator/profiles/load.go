// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package profiles

import (
	"errors"
	"fmt"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	kubeschedulerscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"

	"github.com/tollgate-dev/tollgate/pkg/apis/config/hint"
	_ "github.com/tollgate-dev/tollgate/pkg/apis/config/scheme" // CostScoreArgs and CertGateArgs
)

// Load reads a profile of a KubeSchedulerConfiguration file, as strictly as
// kube-scheduler does. schedulerName says which; it may also be written behind
// the path, as in "scheduler.yaml#tollgate". Without it, the file must have a
// single profile, or a single one beside that of default-scheduler.
func Load(path, schedulerName string) (*Profile, error) { return load(path, schedulerName, whole) }

// LoadKnown is Load for a scheduler that may have plugins of others: it leaves
// those out, and extenders, and names them in Profile.LeftOut.
func LoadKnown(path, schedulerName string) (*Profile, error) { return load(path, schedulerName, known) }

// LoadPrices is Load for those who need to know what nodes cost: of the profile
// it checks the arguments of CostScore, and nothing else.
func LoadPrices(path, schedulerName string) (*Profile, error) {
	return load(path, schedulerName, prices)
}

// part is what of a profile is of interest.
type part int

const (
	whole part = iota
	known
	prices
)

func load(path, schedulerName string, part part) (*Profile, error) {
	if _, err := os.Stat(path); err != nil {
		if i := strings.LastIndex(path, "#"); i >= 0 {
			name := path[i+1:]
			if schedulerName != "" && schedulerName != name {
				return nil, fmt.Errorf("reading scheduler profile: %s names profile %q, and %q is asked for; give one of the two", path, name, schedulerName)
			}
			path, schedulerName = path[:i], name
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading scheduler profile: %w", err)
	}
	return decode(path, data, schedulerName, part)
}

// decode reads the file of that name.
func decode(file string, data []byte, schedulerName string, part part) (*Profile, error) {
	obj, gvk, err := kubeschedulerscheme.Codecs.UniversalDecoder().Decode(data, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("reading scheduler profile: %w", decodeError(file, data, err))
	}
	config, ok := obj.(*schedconfig.KubeSchedulerConfiguration)
	if !ok {
		return nil, fmt.Errorf("reading scheduler profile: %w", wrongKind(file, data))
	}
	config.APIVersion = gvk.GroupVersion().String() // as kube-scheduler does: validation reads it
	i, err := choose(config.Profiles, schedulerName)
	if err != nil {
		return nil, fmt.Errorf("reading scheduler profile: %s: %w", file, err)
	}
	if err := errors.Join(append(checkPlugins(file, data, i, part), validate(file, data, config, i, part)...)...); err != nil {
		return nil, fmt.Errorf("reading scheduler profile: %w", err)
	}
	config.Profiles = config.Profiles[i : i+1]
	p := &Profile{Name: file + "#" + config.Profiles[0].SchedulerName, Config: config}
	if part != whole {
		p.LeftOut = leaveOutUnknown(config)
	}
	return p, nil
}

// choose returns the index of the profile that is meant.
func choose(profiles []schedconfig.KubeSchedulerProfile, schedulerName string) (int, error) {
	var names []string
	own, count := -1, 0
	for i := range profiles {
		name := profiles[i].SchedulerName
		if schedulerName != "" && name == schedulerName {
			return i, nil
		}
		names = append(names, name)
		if name != corev1.DefaultSchedulerName {
			own = i
			count++
		}
	}
	list := strings.Join(names, ", ")
	switch {
	case schedulerName != "":
		msg := ""
		if nearest := hint.Nearest(schedulerName, names); nearest != "" {
			msg = fmt.Sprintf("; did you mean %q?", nearest)
		}
		return 0, fmt.Errorf("there is no profile %q%s; it has: %s", schedulerName, msg, list)
	case len(profiles) == 1:
		return 0, nil
	case count == 1:
		return own, nil
	default:
		return 0, fmt.Errorf("it has several profiles: %s; say which, as <file>#<schedulerName>", list)
	}
}
