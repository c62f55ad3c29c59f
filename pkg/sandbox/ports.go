// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

const loopback = "127.0.0.1"

// Ports are drawn from below the ephemeral range of common systems (32768 on
// Linux, 49152 elsewhere), so that an outgoing connection cannot take a port
// between the moment it is chosen and the moment a server binds it.
const (
	firstPort = 20000
	lastPort  = 32767
)

var (
	handedOutMu sync.Mutex
	handedOut   = map[int]bool{}
)

// FreePort returns a port that is free on 127.0.0.1 for TCP and UDP and that
// this process has not been given before. Another process may still take it
// first; whoever binds it has to cope with that.
func FreePort() (int, error) {
	handedOutMu.Lock()
	defer handedOutMu.Unlock()
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		if handedOut[port] || !portFree(port) {
			continue
		}
		handedOut[port] = true
		return port, nil
	}
	return 0, errors.New("finding a free port on 127.0.0.1: 1000 tries were all taken; stop other servers first")
}

// freePorts fills in several ports.
func freePorts(ports ...*int) error {
	for _, p := range ports {
		port, err := FreePort()
		if err != nil {
			return err
		}
		*p = port
	}
	return nil
}

func portFree(port int) bool {
	l, err := net.Listen("tcp", hostPort(port))
	if err != nil {
		return false
	}
	defer l.Close()
	c, err := net.ListenPacket("udp", hostPort(port))
	if err != nil {
		return false
	}
	defer c.Close()
	return true
}

func hostPort(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

func httpsURL(port int) string { return fmt.Sprintf("https://%s", hostPort(port)) }
