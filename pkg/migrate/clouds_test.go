// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"testing"
)

// The plugin has the providers and settings that notes name.
func TestProvidersExist(t *testing.T) {
	data, err := os.ReadFile("../../plugins/dns01-lego/internal/catalog/zz_generated.catalog.json")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the plugin's catalog is not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	var catalog struct {
		Providers []struct {
			Name     string
			Settings []struct{ Key, File string }
		}
	}
	if err := json.Unmarshal(data, &catalog); err != nil {
		t.Fatal(err)
	}
	settings := map[string][]string{}
	files := map[string]bool{}
	for _, p := range catalog.Providers {
		settings[p.Name] = []string{}
		for _, s := range p.Settings {
			settings[p.Name] = append(settings[p.Name], s.Key)
			files[s.Key] = s.File == "content"
		}
	}
	all := map[string]any{"name": "n", "key": "k"}
	for _, cloud := range clouds {
		keys, known := settings[cloud.provider]
		if known == cloud.absent {
			t.Errorf("provider %s: in the catalog: %t, absent: %t", cloud.provider, known, cloud.absent)
		}
		if cloud.absent {
			continue
		}
		// Whatever fields it reads, they are all there: Secrets for those that end in Ref, text for others.
		f := newFields(&reporter{}, "", everyField(all))
		l := &lego{issuer: &issuer{source: &source{reporter: f.reporter}}}
		cloud.read(f, l)
		if len(l.settings) < 1 {
			t.Errorf("provider %s has no settings", cloud.provider)
		}
		for _, s := range l.settings {
			if !slices.Contains(keys, s.key) || files[s.key] != s.file {
				t.Errorf("provider %s: setting %s, file %t, is not so in the catalog", cloud.provider, s.key, s.file)
			}
		}
	}
	for name, w := range webhooks {
		for _, key := range w.settings {
			if !slices.Contains(settings[w.provider], key) || files[key] {
				t.Errorf("webhook %s: provider %s has no setting %s", name, w.provider, key)
			}
		}
	}
}

// everyField has a value for every field of the clouds.
func everyField(secret map[string]any) map[string]any {
	m := map[string]any{}
	for _, name := range []string{"host", "clientID", "tenantID", "subscriptionID", "resourceGroupName", "hostedZoneName", "project", "email", "region", "hostedZoneID", "role"} {
		m[name] = "x"
	}
	m["environment"] = "AzurePublicCloud"
	for _, name := range []string{"accountSecretRef", "clientSecretSecretRef", "serviceAccountSecretRef", "apiKeySecretRef", "tokenSecretRef", "accessKeyIDSecretRef", "secretAccessKeySecretRef"} {
		m[name] = secret
	}
	return m
}
