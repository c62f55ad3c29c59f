// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"

	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01/dnstest"
)

const challengeName = "_acme-challenge.example.com."

// provider is a DNS provider as lego's httpreq asks it (go-acme.github.io/lego/dns/httpreq), in front of a zone.
type provider struct {
	*httptest.Server
	zone *dnstest.Zone
	look func() sighting

	mu      sync.Mutex
	refused bool
	held    *held               // of the next request
	asked   map[string][]string // values by "present" and "cleanup"
	seen    []sighting
}

// held is a request that is not answered until goOn is closed.
type held struct{ arrived, goOn chan struct{} }

// startProvider starts a provider. look is called in the midst of each request, so that whoever asks is there to be looked at.
func startProvider(t *testing.T, zone *dnstest.Zone, look func() sighting) *provider {
	t.Helper()
	p := &provider{zone: zone, look: look, asked: map[string][]string{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// refuse has the provider answer 403 with what it was given, as badly written servers do.
func (p *provider) refuse(refused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = refused
}

// hold has the next request wait.
func (p *provider) hold() *held {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = &held{arrived: make(chan struct{}), goOn: make(chan struct{})}
	return p.held
}

// values that were asked for, sorted.
func (p *provider) values(command string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(slices.Values(p.asked[command]))
}

func (p *provider) sightings() []sighting {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// ServeHTTP implements http.Handler.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var record struct{ FQDN, Value string }
	if err := json.NewDecoder(r.Body).Decode(&record); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	command := strings.TrimPrefix(r.URL.Path, "/")
	name, secret, _ := r.BasicAuth()
	held, ok := p.note(command, record.Value, name == user && secret == password)
	if !ok {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "%s with %s is not welcome: %s", name, secret, r.Header.Get("Authorization"))
		return
	}
	if held != nil {
		close(held.arrived)
		<-held.goOn
	}
	if err := p.update(command, record.FQDN, record.Value); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// note keeps what was asked for and who asked, and returns whether that is done, and what it has to wait for.
func (p *provider) note(command, value string, known bool) (*held, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refused || !known {
		return nil, false
	}
	p.asked[command] = append(p.asked[command], value)
	p.seen = append(p.seen, p.look())
	held := p.held
	p.held = nil
	return held, true
}

// update has the zone's primary add or remove one record.
func (p *provider) update(command, fqdn, value string) error {
	rr, err := dns.NewRR(fmt.Sprintf("%s 60 IN TXT %q", fqdn, value))
	if err != nil {
		return err
	}
	m := (&dns.Msg{}).SetUpdate(p.zone.Origin)
	switch command {
	case "present":
		m.Insert([]dns.RR{rr})
	case "cleanup":
		m.Remove([]dns.RR{rr})
	default:
		return fmt.Errorf("the provider cannot %s", command)
	}
	answer, _, err := (&dns.Client{Net: "tcp"}).Exchange(m, p.zone.Primary())
	if err == nil && answer.Rcode != dns.RcodeSuccess {
		err = fmt.Errorf("updating the zone: %s", dns.RcodeToString[answer.Rcode])
	}
	return err
}
