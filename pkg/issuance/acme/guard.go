// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

const (
	// guardWindow is the time that Let's Encrypt counts certificates for one set of names in:
	// https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers
	guardWindow = 7 * 24 * time.Hour
	// publicLimit is one less than Let's Encrypt's limit, so that one is left for who knows why the others were needed.
	publicLimit = 4
	// shortLived is the lifetime below which renewals alone, each after two thirds of it, use up publicLimit.
	shortLived = 4 * 24 * time.Hour
)

// IssuanceLimit returns how many certificates for one set of names an issuer may obtain in seven days; 0: any number.
func IssuanceLimit(spec *v1alpha1.ACMEIssuer) int {
	switch {
	case spec.MaxIssuancesPerWeek != nil:
		return int(*spec.MaxIssuancesPerWeek)
	case PublicServer(spec.Server):
		return publicLimit
	}
	return 0
}

// cgnat are the addresses between subscribers and providers (RFC 6598).
var cgnat = netip.MustParsePrefix("100.64.0.0/10")

// PublicServer reports whether the URL may lead to a server on the Internet: its host is neither a private address (RFC
// 1918, 4193, 6598, loopback or link-local) nor a name of a single label. What cannot be parsed counts as public.
func PublicServer(server string) bool {
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" {
		return true
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	if addr, err := netip.ParseAddr(host); err == nil {
		addr = addr.Unmap().WithZone("")
		private := addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || addr.IsUnspecified() || cgnat.Contains(addr)
		return !private
	}
	return strings.Contains(host, ".")
}

// identifierSet names a set of names, whatever their order.
func identifierSet(cert *v1alpha1.TLSCertificate) string {
	var all []string
	for _, name := range cert.Spec.DNSNames {
		all = append(all, canonicalName(name))
	}
	for _, text := range cert.Spec.IPAddresses {
		if ip := net.ParseIP(text); ip != nil {
			text = ip.String()
		}
		all = append(all, text)
	}
	slices.Sort(all)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(all), "\x00")))
	return hex.EncodeToString(sum[:16])
}

// issuance is one order that was about to become a certificate.
type issuance struct {
	At time.Time `json:"at"`
	// Order is a hash of the order's URL, so that a repeated finalization counts once.
	Order string `json:"order"`
}

// recent returns those in the window before now, the oldest first. Times in the future, of a clock that was wrong, count
// as now.
func recent(all []issuance, now time.Time) []issuance {
	var out []issuance
	for _, x := range all {
		if x.At.After(now) {
			x.At = now
		}
		if now.Sub(x.At) < guardWindow {
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(a, b issuance) int { return a.At.Compare(b.At) })
	return out
}

// permitted returns when another certificate may be obtained: the zero time if at once. used are the recent issuances.
func permitted(used []issuance, limit int) time.Time {
	if limit <= 0 || len(used) < limit {
		return time.Time{}
	}
	return used[len(used)-limit].At.Add(guardWindow)
}

// guard refuses an order for a set of names that had its share of certificates. With the URL of an order that is about
// to be finalized, it counts it first: whatever happens then, a certificate may have come into being.
func (t *task) guard(ctx context.Context, orderURL string) error {
	limit := IssuanceLimit(t.spec)
	if limit == 0 {
		return nil
	}
	set, now := identifierSet(t.Certificate), t.Clock.Now()
	shard, err := readShard(ctx, t.Reader, t.SecretNamespace, t.Issuer, set)
	if err != nil {
		return err
	}
	used := recent(shard.sets[set], now)
	order := ""
	if orderURL != "" {
		sum := sha256.Sum256([]byte(orderURL))
		order = hex.EncodeToString(sum[:8])
		if slices.ContainsFunc(used, func(x issuance) bool { return x.Order == order }) {
			return nil
		}
	}
	if at := permitted(used, limit); !at.IsZero() {
		return &Failure{Reason: v1alpha1.ReasonRateLimited, RetryAt: at, Message: t.exhausted(ctx, used, limit, at)}
	}
	if order == "" {
		return nil
	}
	shard.sets[set] = append(used, issuance{At: now.UTC(), Order: order})
	if err := shard.save(ctx, t.Writer, now); err != nil {
		return err
	}
	return t.effect("issuance counted")
}

// Permitted reports whether the guard alone had an attempt wait until a time, and would not any more: maxIssuancesPerWeek of the issuer
// was raised, or what it counts was.
func (e *Executor) Permitted(ctx context.Context, cert *v1alpha1.TLSCertificate, issuer v1alpha1.Issuer, secretNamespace string, until time.Time) (bool, error) {
	set, now := identifierSet(cert), e.Clock.Now()
	shard, err := readShard(ctx, e.Reader, secretNamespace, issuer, set)
	if err != nil {
		return false, err
	}
	used := recent(shard.sets[set], now)
	if !slices.ContainsFunc(used, func(x issuance) bool {
		late := until.Sub(x.At.Add(guardWindow)) // the API keeps whole seconds
		return late >= 0 && late < time.Second
	}) {
		return false, nil
	}
	at := permitted(used, IssuanceLimit(issuer.GetSpec().ACME))
	return at.IsZero() || at.Before(until.Add(-time.Second)), nil
}

// exhausted explains the guard to who meets it.
func (t *task) exhausted(ctx context.Context, used []issuance, limit int, at time.Time) string {
	text := fmt.Sprintf("%d certificates for exactly these names were obtained from %s %s since %s, which is as many as "+
		"maxIssuancesPerWeek permits; CAs such as Let's Encrypt refuse the sixth in a week. The next is permitted at %s. Find out what makes "+
		"them necessary (a TLSCertificate or Secret that is deleted again and again), or set spec.acme.maxIssuancesPerWeek of the issuer (0 turns this guard off)",
		len(used), t.Issuer.Kind(), t.Issuer.GetName(), used[0].At.UTC().Format(time.RFC3339), at.UTC().Format(time.RFC3339))
	leaf := t.predecessor()
	if leaf == nil || leaf.NotAfter.Sub(leaf.NotBefore) >= shortLived {
		return text
	}
	if d, _, err := t.Clients.directory(ctx, t.spec); err == nil && d.RenewalInfo != "" {
		return text
	}
	return text + fmt.Sprintf("; certificates of this server are valid for less than %s and it offers no renewal information, "+
		"so that regular renewals are counted too: maxIssuancesPerWeek has to be greater", days(shortLived))
}

func days(d time.Duration) string { return fmt.Sprintf("%d days", d/(24*time.Hour)) }
