// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

// fromAnnotation takes the first annotation that is a price of today. If there
// is none, it takes the first stale one, unless a rule or an exact catalog
// entry has a price. It notes those that are passed over.
func (r *Resolver) fromAnnotation(node *corev1.Node, id identity, l *listing, now time.Time, p *Price) bool {
	var stale Price
	for _, key := range r.annotations {
		value, ok := node.Annotations[key]
		if !ok {
			continue
		}
		perHour, err := ParseMoney(value)
		if err == nil && !r.TrustAnnotations {
			err = r.yardstickFor(node, id, l).guard(perHour)
		}
		if err != nil {
			p.addProblem(fmt.Sprintf("annotation %s is %s: %v", key, quote(value), err))
			continue
		}
		asOf, err := asOf(node, key)
		if err != nil {
			p.addProblem(fmt.Sprintf("annotation %s is %s: %v", key+AsOfSuffix, quote(node.Annotations[key+AsOfSuffix]), err))
		}
		if isFuture(asOf, now) {
			p.addProblem(fmt.Sprintf("annotation %s is %s: it is in the future; the price counts as new until then", key+AsOfSuffix, quote(node.Annotations[key+AsOfSuffix])))
		}
		found := Price{Base: perHour, Source: SourceAnnotation, Detail: key, AsOf: asOf}
		if r.stale(asOf, now) {
			if !stale.Known() {
				stale = found
			}
			continue
		}
		if stale.Known() {
			r.passOver(&stale, p)
		}
		p.take(&found)
		return true
	}
	if !stale.Known() {
		return false
	}
	if l.exact || r.hasRule(node) {
		r.passOver(&stale, p)
		return false
	}
	p.take(&stale)
	return true
}

// take adopts the base of another price.
func (p *Price) take(from *Price) {
	p.Base, p.Source, p.Detail, p.AsOf = from.Base, from.Source, from.Detail, from.AsOf
}

func (r *Resolver) passOver(stale, p *Price) {
	p.addProblem(fmt.Sprintf("annotation %s is of %s: it is older than %s", stale.Detail, stale.AsOf.Format(time.RFC3339), text.Duration(r.MaxAge)))
}

func (r *Resolver) hasRule(node *corev1.Node) bool {
	for i := range r.Rules {
		if matches(r.Rules[i].Selector, node) {
			return true
		}
	}
	return false
}

// asOf returns the time in the companion of a price annotation; zero if there
// is none.
func asOf(node *corev1.Node, key string) (time.Time, error) {
	value, ok := node.Annotations[key+AsOfSuffix]
	if !ok {
		return time.Time{}, nil
	}
	return parseAsOf(value)
}

// parseAsOf reads a time of the form of RFC 3339, in UTC afterwards.
func parseAsOf(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(s))
	if err != nil {
		return time.Time{}, errors.New("it is not a time such as 2026-01-31T15:04:05Z; the price is used as if it had no age")
	}
	t = t.UTC()
	if t.Unix() <= 0 || t.Year() > 9999 {
		return time.Time{}, errors.New("it is not between 1970 and 9999; the price is used as if it had no age")
	}
	return t, nil
}

// clockSkew is how far the clocks of two machines may be apart.
const clockSkew = 5 * time.Minute

// isFuture reports whether a price as of a time cannot be of that time yet; never
// if now is not known.
func isFuture(asOf, now time.Time) bool {
	return !now.IsZero() && asOf.After(now.Add(clockSkew))
}

// stale reports whether a price as of a time is too old. It becomes stale the
// moment that its age is MaxAge. One of unknown age is never stale.
func (r *Resolver) stale(asOf, now time.Time) bool {
	return r.MaxAge > 0 && !asOf.IsZero() && !now.Before(asOf.Add(r.MaxAge))
}

// age completes a price whose AsOf is known.
func (r *Resolver) age(now time.Time, p *Price) {
	if r.MaxAge > 0 && !p.AsOf.IsZero() {
		p.StaleAt = p.AsOf.Add(r.MaxAge)
		p.Stale = r.stale(p.AsOf, now)
	}
}
