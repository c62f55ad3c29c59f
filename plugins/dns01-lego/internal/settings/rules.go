// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// rule keeps a provider from looking for credentials by itself.
type rule struct {
	// need are settings without which the provider asks its surroundings.
	need []string
	// oneOf are groups of settings of which one must be complete, for the same reason.
	oneOf [][]string
	// fixed are values that a setting must have when it is set, and gets when
	// it is not.
	fixed map[string]string
	// why ends the message.
	why string
}

// rules by provider. They were made by reading lego v5.3.1 and its SDKs for
// metadata services and files of the home folder: only these providers use
// credentials from there that nobody configured.
var rules = map[string]rule{
	// The AWS SDK goes on with shared files, container credentials and the
	// metadata service of the node.
	"route53":   {need: []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}, why: "credentials of the node or the pod are not used"},
	"lightsail": {need: []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}, why: "credentials of the node or the pod are not used"},
	// Without a method the Azure SDK tries workload identity, the metadata
	// service, and the programs az, azd and pwsh.
	"azuredns": {
		need:  []string{"AZURE_CLIENT_ID", "AZURE_TENANT_ID"},
		fixed: map[string]string{"AZURE_AUTH_METHOD": "env"},
		why:   "managed identities, workload identity and the programs of Azure are not used",
	},
	// Without a key lego uses Google's application default credentials.
	"gcloud": {need: []string{"GCE_SERVICE_ACCOUNT"}, why: "application default credentials are not used"},
	// The SDK fills in what is missing from ovh.conf, ~/.ovh.conf and /etc/ovh.conf.
	"ovh": {
		oneOf: [][]string{
			{"OVH_APPLICATION_KEY", "OVH_APPLICATION_SECRET", "OVH_CONSUMER_KEY"},
			{"OVH_CLIENT_ID", "OVH_CLIENT_SECRET"},
			{"OVH_ACCESS_TOKEN"},
		},
		why: "files of the controller's image are not used",
	},
}

// apply checks env, and adds the fixed values to it.
func (r rule) apply(provider string, env, files map[string]string) error {
	for _, key := range r.need {
		if env[key] == "" && files[key] == "" {
			return fmt.Errorf("provider %s needs the setting %s; %s", provider, key, r.why)
		}
	}
	complete := func(group []string) bool {
		return !slices.ContainsFunc(group, func(key string) bool { return env[key] == "" })
	}
	if len(r.oneOf) > 0 && !slices.ContainsFunc(r.oneOf, complete) {
		var groups []string
		for _, group := range r.oneOf {
			groups = append(groups, strings.Join(group, " and "))
		}
		return fmt.Errorf("provider %s needs the settings %s; %s", provider, strings.Join(groups, ", or "), r.why)
	}
	for _, key := range slices.Sorted(maps.Keys(r.fixed)) {
		want := r.fixed[key]
		if got := env[key]; got != "" && !strings.EqualFold(got, want) {
			return fmt.Errorf("setting %s must be %q; %s", key, want, r.why)
		}
		env[key] = want
	}
	return nil
}
