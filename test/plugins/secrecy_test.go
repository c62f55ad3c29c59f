// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// checkNothingIsSaid ends the controller and checks that no log, Event or status has one of the texts.
func (c *cluster) checkNothingIsSaid(t *testing.T, texts ...string) {
	t.Helper()
	if err := c.controller.Stop(); err != nil {
		t.Fatal(err)
	}
	places := map[string][]byte{}
	logs, err := filepath.Glob(filepath.Join(c.sb.LogDir(), "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, log := range logs {
		if places[log], err = os.ReadFile(log); err != nil {
			t.Fatal(err)
		}
	}
	if len(places[c.controller.Log()]) == 0 {
		t.Error("the controller's log is empty")
	}
	for name, list := range map[string]client.ObjectList{
		"Events": &eventsv1.EventList{}, "TLSCertificates": &v1alpha1.TLSCertificateList{},
		"ClusterCertIssuers": &v1alpha1.ClusterCertIssuerList{}, "CertIssuers": &v1alpha1.CertIssuerList{},
	} {
		if err := c.client.List(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		if places[name], err = json.Marshal(list); err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(places[name], []byte("metadata")) || bytes.Contains(places[name], []byte(`"items":[]`)) {
			t.Errorf("there are no %s", name)
		}
	}
	for place, content := range places {
		for _, text := range texts {
			for _, form := range forms(text) {
				if at := bytes.Index(content, []byte(form)); at >= 0 {
					t.Errorf("%s: %q is in it: %s", place, form, content[max(0, at-200):min(len(content), at+len(form)+20)])
				}
			}
		}
	}
}

// forms are a text as it is and in base64, where it may begin at each of three places: less what its neighbours change.
func forms(text string) []string {
	all := []string{text}
	for before := range 3 {
		encoded := base64.StdEncoding.EncodeToString(append(make([]byte, before), text...))
		all = append(all, encoded[(8*before+5)/6:8*(before+len(text))/6])
	}
	return all
}

// checkWorkFolder checks that nothing is left of the folders in which the plugin worked, but one that is empty for each time that
// the controller was killed.
func (c *cluster) checkWorkFolder(t *testing.T, kills int) {
	t.Helper()
	left, err := os.ReadDir(c.work)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > kills {
		t.Errorf("%d entries are left in the folder of temporary files, the first is %s", len(left), left[0].Name())
	}
	for _, entry := range left {
		if err := os.Remove(filepath.Join(c.work, entry.Name())); err != nil {
			t.Errorf("what is left is not empty: %v", err)
		}
	}
}
