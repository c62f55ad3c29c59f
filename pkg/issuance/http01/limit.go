// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"net"
	"sync"
)

// limit is a listener with at most cap(slots) open connections. Others wait in the kernel's queue.
type limit struct {
	net.Listener
	slots chan struct{}
	done  chan struct{}
	once  sync.Once
}

func newLimit(l net.Listener, most int) *limit {
	return &limit{Listener: l, slots: make(chan struct{}, most), done: make(chan struct{})}
}

// Accept implements net.Listener.
func (l *limit) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &limited{Conn: c, release: sync.OnceFunc(func() { <-l.slots })}, nil
}

// Close implements net.Listener.
func (l *limit) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// limited gives its slot back when it is closed.
type limited struct {
	net.Conn
	release func()
}

// Close implements net.Conn.
func (c *limited) Close() error {
	defer c.release()
	return c.Conn.Close()
}
