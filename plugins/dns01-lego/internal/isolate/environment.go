// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package isolate takes from lego's providers what they would otherwise find
// in the surroundings of the process: variables, files of the home folder, and
// the metadata service of the node.
package isolate

import (
	"fmt"
	"maps"
	"os"
	"slices"
)

// Nowhere is a folder that does not exist, and that nobody but root can make.
const Nowhere = "/nonexistent"

// switches are the variables of the SDKs that lego uses, set so that these
// find no credentials by themselves.
var switches = map[string]string{
	// Without HOME, Go and the SDKs would take the home folder of the user.
	"HOME":                        Nowhere,
	"XDG_CONFIG_HOME":             Nowhere,
	"AWS_EC2_METADATA_DISABLED":   "true",
	"AWS_CONFIG_FILE":             Nowhere,
	"AWS_SHARED_CREDENTIALS_FILE": Nowhere,
	"CLOUDSDK_CONFIG":             Nowhere,
	// Google's client library asks this host for the metadata service. Nothing listens there.
	"GCE_METADATA_HOST": "127.0.0.1:1",
	"NO_GCE_CHECK":      "true",
}

// Environment replaces the whole environment of the process by the switches
// and env. Of a name in both, the switch wins.
func Environment(env map[string]string) error {
	os.Clearenv()
	all := maps.Clone(env)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, switches)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if err := os.Setenv(key, all[key]); err != nil {
			return fmt.Errorf("setting %s: %w", key, err)
		}
	}
	return nil
}
