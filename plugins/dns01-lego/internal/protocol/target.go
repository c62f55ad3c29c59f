// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-acme/lego/v5/challenge/dns01"
)

// label is where ACME servers look for the value (RFC 8555, 8.4).
const label = "_acme-challenge."

// noCNAME is lego's switch against following CNAMEs.
const noCNAME = "LEGO_DISABLE_CNAME_SUPPORT"

// target returns the domain to give to lego's providers, so that they write
// the record at FQDN. They prepend the label to the domain, and follow CNAMEs
// from there. When FQDN begins with the label, the rest of it is the domain
// and nothing has to be followed. Otherwise lego must come from the identifier
// to the FQDN by the same CNAMEs as the caller.
func target(ctx context.Context, r Request, setenv func(key, value string) error) (string, error) {
	if rest, ok := strings.CutPrefix(r.FQDN, label); ok {
		return strings.TrimSuffix(rest, "."), setenv(noCNAME, "true")
	}
	if got := dns01.GetChallengeInfo(ctx, r.Identifier, r.KeyAuth).EffectiveFQDN; !strings.EqualFold(got, r.FQDN) {
		return "", fmt.Errorf("finding the record for %s: its CNAMEs lead to %s here, but to %s at the caller; set nameservers in the configuration to those that the caller asks", r.Identifier, got, r.FQDN)
	}
	return r.Identifier, nil
}
