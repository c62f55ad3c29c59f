// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// dnsPort is where name servers answer.
const dnsPort = "53"

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$`)

// hostPort returns a host or host:port, with an IPv6 address in brackets or not, as host:port. The port is 53 by default.
func hostPort(s string) (string, error) {
	host, port := s, dnsPort
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		host = s[1 : len(s)-1]
	}
	if !isIP(host) && strings.Contains(s, ":") {
		var err error
		if host, port, err = net.SplitHostPort(s); err != nil {
			return "", fmt.Errorf("%q is not host or host:port", s)
		}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("%q has port %q; it must be a number from 1 to 65535", s, port)
	}
	if !isIP(host) && !hostName.MatchString(host) {
		return "", fmt.Errorf("%q is neither an IP address nor a host name", s)
	}
	return net.JoinHostPort(host, port), nil
}

// isIP reports whether s is an IP address, an IPv6 address with a zone such as eth0 included.
func isIP(s string) bool {
	ip, err := netip.ParseAddr(s)
	return err == nil && (ip.Zone() == "" || hostName.MatchString(ip.Zone()))
}
