// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const (
	// resolvConf names the name servers of this process.
	resolvConf = "/etc/resolv.conf"
	// questionTimeout is for one question to one server, over UDP and again over TCP.
	questionTimeout = 3 * time.Second
	// udpSize of answers that pass networks unfragmented (DNS Flag Day 2020).
	udpSize = 1232
)

// Resolver asks name servers. Nothing is cached: the answer that is waited for was negative a moment ago.
type Resolver struct {
	// Nameservers are recursive name servers, each as host or host:port. Default: those of /etc/resolv.conf.
	Nameservers []string
	// Timeout of one question to one server. Default: 3 s.
	Timeout time.Duration
	// Dial connects to a name server. Default: that of net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

func (r Resolver) timeout() time.Duration {
	if r.Timeout > 0 {
		return r.Timeout
	}
	return questionTimeout
}

// nameservers returns host:port of the recursive name servers, in order.
func (r Resolver) nameservers() ([]string, error) {
	names, doing := r.Nameservers, "reading the list of recursive name servers"
	if len(names) == 0 {
		config, err := dns.ClientConfigFromFile(resolvConf)
		if err != nil {
			return nil, fmt.Errorf("reading the name servers of %s: %w", resolvConf, err)
		}
		if names, doing = config.Servers, "reading "+resolvConf; len(names) == 0 {
			return nil, fmt.Errorf("%s: it names no name server; give the controller a list of recursive name servers", doing)
		}
	}
	var addresses []string
	for _, name := range names {
		address, err := hostPort(name)
		if err != nil {
			return nil, mark(ErrConfiguration, fmt.Errorf("%s: %w", doing, err))
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}

// exchange sends m to address over network ("udp" or "tcp"). Beside an error of TSIG it returns the answer.
func (r Resolver) exchange(ctx context.Context, client *dns.Client, network, address string, m *dns.Msg) (*dns.Msg, error) {
	dial := r.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	answer, _, err := client.ExchangeWithConnContext(ctx, m, &dns.Conn{Conn: conn})
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return answer, err
}

// ask puts one question to one server: over UDP, and over TCP if the answer is too long or does not come.
func (r Resolver) ask(ctx context.Context, address, name string, kind uint16, recurse bool) (*dns.Msg, error) {
	m := &dns.Msg{}
	m.SetQuestion(name, kind)
	m.RecursionDesired = recurse
	m.SetEdns0(udpSize, false)
	var answer *dns.Msg
	var err error
	for _, network := range []string{"udp", "tcp"} {
		attempt, cancel := context.WithTimeout(ctx, r.timeout())
		answer, err = r.exchange(attempt, &dns.Client{Timeout: r.timeout()}, network, address, m)
		cancel()
		if err == nil && !answer.Truncated || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	if len(answer.Question) != 1 || answer.Question[0].Qtype != kind || !strings.EqualFold(answer.Question[0].Name, name) {
		return nil, errors.New("it answers another question")
	}
	return answer, nil
}

// lookup asks the recursive name servers in order until one answers. That there is no such name or record is an answer.
func (r Resolver) lookup(ctx context.Context, name string, kind uint16) (*dns.Msg, error) {
	addresses, err := r.nameservers()
	if err != nil {
		return nil, err
	}
	var failures []string
	for _, address := range addresses {
		answer, err := r.ask(ctx, address, name, kind, true)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("asking for %s %s: %w", dns.TypeToString[kind], name, ctx.Err())
		}
		if err == nil && (answer.Rcode == dns.RcodeSuccess || answer.Rcode == dns.RcodeNameError) {
			return answer, nil
		}
		why := ""
		if err != nil {
			why = cause(err)
		} else {
			why = "it answers " + rcode(answer.Rcode)
		}
		failures = append(failures, fmt.Sprintf("%s: %s", address, why))
	}
	return nil, fmt.Errorf("asking recursive name servers for %s %s: %s", dns.TypeToString[kind], name, strings.Join(failures, "; "))
}

// records are those of an answer that the name itself has.
func records[T dns.RR](answer *dns.Msg, name string) []T {
	var found []T
	for _, rr := range answer.Answer {
		if t, ok := rr.(T); ok && strings.EqualFold(rr.Header().Name, name) {
			found = append(found, t)
		}
	}
	return found
}
