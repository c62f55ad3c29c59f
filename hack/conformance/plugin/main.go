// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command plugin is a dns01 plugin, with kube-cert-manager's protocol, that updates the name server its configuration
// names. It is for tests.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/miekg/dns"
)

// Exit codes of the protocol.
const (
	failed = iota + 1
	badConfiguration
	badAPIVersion
)

func main() {
	if code, err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(code)
	}
}

func run() (int, error) {
	if v := os.Getenv("APIVERSION"); v != "v1" {
		return badAPIVersion, fmt.Errorf("version %q is not known; use v1", v)
	}
	server, err := io.ReadAll(os.Stdin)
	if err != nil || len(server) == 0 {
		return badConfiguration, fmt.Errorf("reading the address of the name server: %w", err)
	}
	m := (&dns.Msg{}).SetUpdate("example.com.")
	rr := []dns.RR{&dns.TXT{
		Hdr: dns.RR_Header{Name: os.Getenv("FQDN"), Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 60},
		Txt: []string{os.Getenv("TOKEN")},
	}}
	switch command := os.Getenv("COMMAND"); command {
	case "CREATE":
		m.Insert(rr)
	case "DELETE":
		m.Remove(rr)
	default:
		return failed, fmt.Errorf("command %q is not known; use CREATE or DELETE", command)
	}
	answer, _, err := (&dns.Client{Net: "tcp"}).Exchange(m, string(server))
	if err != nil {
		return failed, err
	}
	if answer.Rcode != dns.RcodeSuccess {
		return failed, fmt.Errorf("the name server answered %s", dns.RcodeToString[answer.Rcode])
	}
	return 0, nil
}
