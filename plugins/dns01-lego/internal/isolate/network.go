// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package isolate

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// metadata are the addresses of metadata services that are not link-local.
// 169.254.169.254, which most clouds use, is.
var metadata = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"),      // AWS, IPv6
	netip.MustParseAddr("fd20:ce::254"),       // Google Cloud, IPv6
	netip.MustParseAddr("100.100.100.200"),    // Alibaba Cloud
	netip.MustParseAddr("168.63.129.16"),      // Azure, wire server
	netip.MustParseAddr("fd00:c1::a9fe:a9fe"), // Oracle Cloud, IPv6
}

// Network makes the default HTTP transport refuse metadata services, also
// behind names and redirects. Most of lego's providers use that transport, or
// a copy of it. It is no boundary: SDKs with a transport or a dialer of their
// own, such as goacmedns, are not reached by this.
func Network() {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return
	}
	// The times are those of net/http's own default.
	d := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second, ControlContext: refuse}
	t.DialContext = d.DialContext
}

// refuse gets the address that is about to be connected to, after resolving.
func refuse(_ context.Context, _, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("reading the address %q: %w", address, err)
	}
	ip := ap.Addr().Unmap().WithZone("")
	if ip.IsLinkLocalUnicast() {
		return fmt.Errorf("%s is link-local, where nodes offer their metadata service; plugins may not connect to it", ip)
	}
	for _, m := range metadata {
		if ip == m {
			return fmt.Errorf("%s is a metadata service; plugins may not connect to it", ip)
		}
	}
	return nil
}
