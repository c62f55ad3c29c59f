// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

func TestRegionsAreThoseOfTheCatalog(t *testing.T) {
	page := section(t, read(t, configuration), "### Regions")
	for key, cloud := range map[string]string{"AWS": catalog.AWS, "Azure": catalog.Azure, "Google Cloud": catalog.GCP} {
		c := catalog.For(cloud)
		want := fmt.Sprintf("%d: %s", len(c.Regions()), strings.Join(c.Regions(), ", "))
		cells := row(page, key)
		if len(cells) != 4 || cells[1] != want || cells[3] != c.ReferenceRegion {
			t.Errorf("%s: the regions of %s are given as %q, they are %q, and %s in place of others", configuration, key, cells, want, c.ReferenceRegion)
		}
		spot := slices.ContainsFunc(c.Regions(), func(region string) bool {
			return slices.ContainsFunc(c.Types(), func(name string) bool {
				_, ok := c.Spot(region, name)
				return ok
			})
		})
		if len(cells) == 4 && spot != (cells[2] != "none") {
			t.Errorf("%s: spot prices of %s are given as %q", configuration, key, cells[2])
		}
		if said := fmt.Sprintf("%d ", len(c.Regions())); cloud != catalog.AWS && !strings.Contains(section(t, read(t, "README.md"), "## Know before you use it"), said) {
			t.Errorf("README.md does not say that there are prices of %sregions of %s", said, key)
		}
	}
}
