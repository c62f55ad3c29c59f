// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// ParseAddresses parses what a replica advertises: an IP address, or one of each family separated by a comma, as in the
// field status.podIPs of a pod. It refuses what the API refuses in an EndpointSlice.
func ParseAddresses(text string) ([]netip.Addr, error) {
	if text == "" {
		return nil, errors.New("answering http-01 challenges: no address to advertise; set --http01-advertise-address or the environment variable POD_IP to the controller's pod IP")
	}
	var addrs []netip.Addr
	for part := range strings.SplitSeq(text, ",") {
		addr, err := netip.ParseAddr(strings.TrimSpace(part))
		if err != nil || addr.Zone() != "" {
			return nil, fmt.Errorf("answering http-01 challenges: --http01-advertise-address %q is not an IP address; set it to the controller's pod IP", text)
		}
		addr = addr.Unmap()
		if addr.IsLoopback() || addr.IsUnspecified() || addr.IsLinkLocalUnicast() || addr.IsMulticast() {
			return nil, fmt.Errorf("answering http-01 challenges: --http01-advertise-address %s cannot be reached from other pods, and the API refuses it in an EndpointSlice; set it to the controller's pod IP", addr)
		}
		for _, other := range addrs {
			if other.Is4() == addr.Is4() {
				return nil, fmt.Errorf("answering http-01 challenges: --http01-advertise-address %s has two addresses of one family; set at most one IPv4 and one IPv6 address", text)
			}
		}
		addrs = append(addrs, addr)
	}
	return addrs, nil
}

// Replica is a controller that answers challenges.
type Replica struct {
	// Addresses at which others reach it: at most one of each family.
	Addresses []netip.Addr
	// Port that it listens on.
	Port int32
}

// key tells replicas apart: nobody can tell two with the same addresses and port.
func (r Replica) key() string { return fmt.Sprintf("%v %d", r.Addresses, r.Port) }
