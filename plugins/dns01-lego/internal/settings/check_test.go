// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/catalog"
)

type values = map[string]string

func TestCheck(t *testing.T) {
	aws := values{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"}
	azure := values{"AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s", "AZURE_TENANT_ID": "t"}
	for _, tc := range []struct {
		name, provider  string
		settings, files values
		want            values
		fault           string
	}{
		{name: "a token", provider: "cloudflare", settings: values{"CF_DNS_API_TOKEN": "x"}, want: values{"CF_DNS_API_TOKEN": "x"}},
		{name: "misspelled", provider: "cloudflare", settings: values{"CF_DNS_API_TOKN": "x"}, fault: "provider cloudflare has no setting CF_DNS_API_TOKN; did you mean CF_DNS_API_TOKEN?"},
		{name: "of another provider", provider: "cloudflare", settings: values{"DO_AUTH_TOKEN": "x"}, fault: "provider cloudflare has no setting DO_AUTH_TOKEN; `dns01-lego list cloudflare` shows all"},
		{name: "of the process", provider: "cloudflare", settings: values{"LD_PRELOAD": "x"}, fault: "provider cloudflare has no setting LD_PRELOAD; `dns01-lego list cloudflare` shows all"},
		{name: "of lego", provider: "cloudflare", settings: values{"LEGO_DEBUG_DNS_API_HTTP_CLIENT": "true"}, fault: "provider cloudflare has no setting LEGO_DEBUG_DNS_API_HTTP_CLIENT; `dns01-lego list cloudflare` shows all"},
		{name: "empty", provider: "cloudflare", settings: values{"CF_DNS_API_TOKEN": " "}, fault: "setting CF_DNS_API_TOKEN is empty; give it a value or leave it out"},

		{name: "attack: lego reads the file", provider: "cloudflare", settings: values{"CF_DNS_API_TOKEN_FILE": "/var/run/secrets/kubernetes.io/serviceaccount/token"}, fault: "setting CF_DNS_API_TOKEN_FILE names a file or a profile of files, which plugins may not read; give the values themselves"},
		{name: "attack: a path", provider: "transip", settings: values{"TRANSIP_ACCOUNT_NAME": "x", "TRANSIP_PRIVATE_KEY_PATH": "/etc/passwd"}, fault: "setting TRANSIP_PRIVATE_KEY_PATH names a file, which plugins may not read; put the content of the file under files.TRANSIP_PRIVATE_KEY_PATH"},
		{name: "attack: a path by another name", provider: "infoblox", settings: values{"INFOBLOX_CA_CERTIFICATE": "/etc/passwd"}, fault: "setting INFOBLOX_CA_CERTIFICATE names a file, which plugins may not read; put the content of the file under files.INFOBLOX_CA_CERTIFICATE"},
		{name: "attack: shared credentials", provider: "route53", settings: values{"AWS_SHARED_CREDENTIALS_FILE": "/x"}, fault: "setting AWS_SHARED_CREDENTIALS_FILE names a file or a profile of files, which plugins may not read; give the values themselves"},
		{name: "attack: a profile that runs programs, as content", provider: "route53", settings: aws, files: values{"AWS_SHARED_CREDENTIALS_FILE": "[default]\ncredential_process = sh"}, fault: "files.AWS_SHARED_CREDENTIALS_FILE: this setting takes no file"},
		{name: "attack: a profile", provider: "route53", settings: values{"AWS_PROFILE": "x"}, fault: "setting AWS_PROFILE names a file or a profile of files, which plugins may not read; give the values themselves"},
		{name: "attack: clouds.yaml", provider: "designate", settings: values{"OS_CLOUD": "x"}, fault: "provider designate has no setting OS_CLOUD; `dns01-lego list designate` shows all"},

		{name: "ambient: node of AWS", provider: "route53", settings: values{"AWS_REGION": "eu-west-1"}, fault: "provider route53 needs the setting AWS_ACCESS_KEY_ID; credentials of the node or the pod are not used"},
		{name: "ambient: half a key", provider: "lightsail", settings: values{"AWS_ACCESS_KEY_ID": "x"}, fault: "provider lightsail needs the setting AWS_SECRET_ACCESS_KEY; credentials of the node or the pod are not used"},
		{name: "explicit: AWS", provider: "route53", settings: aws, want: aws},
		{name: "ambient: node of Google", provider: "gcloud", settings: values{"GCE_PROJECT": "x"}, fault: "provider gcloud needs the setting GCE_SERVICE_ACCOUNT; application default credentials are not used"},
		{name: "ambient: node of Azure", provider: "azuredns", settings: values{"AZURE_AUTH_METHOD": "msi"}, fault: "provider azuredns needs the setting AZURE_CLIENT_ID; managed identities, workload identity and the programs of Azure are not used"},
		{name: "ambient: the program az", provider: "azuredns", settings: values{"AZURE_AUTH_METHOD": "cli", "AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t"}, fault: `setting AZURE_AUTH_METHOD must be "env"; managed identities, workload identity and the programs of Azure are not used`},
		{name: "explicit: Azure", provider: "azuredns", settings: azure, want: values{"AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s", "AZURE_TENANT_ID": "t", "AZURE_AUTH_METHOD": "env"}},

		{name: "ambient: ovh.conf", provider: "ovh", settings: values{"OVH_APPLICATION_KEY": "x", "OVH_CLIENT_ID": "y"}, fault: "provider ovh needs the settings OVH_APPLICATION_KEY and OVH_APPLICATION_SECRET and OVH_CONSUMER_KEY, or OVH_CLIENT_ID and OVH_CLIENT_SECRET, or OVH_ACCESS_TOKEN; files of the controller's image are not used"},
		{name: "explicit: OVH", provider: "ovh", settings: values{"OVH_ACCESS_TOKEN": "x"}, want: values{"OVH_ACCESS_TOKEN": "x"}},
		{name: "content of a file", provider: "transip", settings: values{"TRANSIP_ACCOUNT_NAME": "x"}, files: values{"TRANSIP_PRIVATE_KEY_PATH": "PEM"}, want: values{"TRANSIP_ACCOUNT_NAME": "x"}},
		{name: "content for a text", provider: "cloudflare", files: values{"CF_DNS_API_TOKEN": "x"}, fault: "files.CF_DNS_API_TOKEN: this setting takes no file"},
		{name: "content outside the folder", provider: "transip", files: values{"../../x": "x"}, fault: "provider transip has no setting ../../x; `dns01-lego list transip` shows all"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := catalog.Load().Lookup(tc.provider)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Check(p, &Config{Provider: tc.provider, Settings: tc.settings, Files: tc.files})
			if tc.fault != "" {
				if err == nil || err.Error() != tc.fault {
					t.Fatalf("got error %v, want %s", err, tc.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want, +got)\n%s", d)
			}
		})
	}
}

// Whatever a provider declares, lego would read a file for key + "_FILE".
func TestNoProviderTakesFiles(t *testing.T) {
	for _, p := range catalog.Load().Providers {
		for _, s := range p.Settings {
			for _, key := range []string{s.Key + "_FILE", s.Key + "_FILE_FILE"} {
				if _, err := Check(p, &Config{Settings: values{key: "/etc/passwd"}}); err == nil {
					t.Errorf("%s takes %s", p.Name, key)
				}
			}
		}
	}
}

// A rule for a setting that the provider does not have would never be met.
func TestRules(t *testing.T) {
	for name, r := range rules {
		p, err := catalog.Load().Lookup(name)
		if err != nil {
			t.Error(err)
			continue
		}
		keys := append([]string(nil), r.need...)
		for _, group := range r.oneOf {
			keys = append(keys, group...)
		}
		for key := range r.fixed {
			keys = append(keys, key)
		}
		for _, key := range keys {
			if s, ok := p.Setting(key); !ok || s.File == catalog.FileRefused {
				t.Errorf("the rule of %s names %s, which cannot be set", name, key)
			}
		}
	}
}
