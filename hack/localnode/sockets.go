// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localnode

import (
	"fmt"
	"io"
	"net"
	"syscall"
)

// listen opens a socket in the node's directory, which its processes see as well: sockets of the
// file system do not belong to a network namespace.
func (n *Node) listen(name string) (net.Listener, error) {
	l, err := net.Listen("unix", n.path(name))
	if err != nil {
		return nil, fmt.Errorf("listening for the node: %w", err)
	}
	n.sockets = append(n.sockets, l)
	return l, nil
}

// carry connects whoever comes to api.sock with the API server at address.
func (n *Node) carry(address string) error {
	l, err := n.listen("api.sock")
	if err != nil {
		return err
	}
	go func() {
		for {
			inner, err := l.Accept()
			if err != nil {
				return // closed
			}
			go carryOne(inner, address)
		}
	}()
	return nil
}

// carryOne copies between a connection and the API server until either ends, and closes both.
func carryOne(inner net.Conn, address string) {
	defer inner.Close()
	outer, err := net.Dial("tcp", address)
	if err != nil {
		return // the peer sees its connection end, and tries again
	}
	defer outer.Close()
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{inner, outer}, {outer, inner}} {
		go func() {
			// A connection ends by an error as often as by an end of file: either way it is over.
			_, _ = io.Copy(pair[0], pair[1])
			done <- struct{}{}
		}()
	}
	<-done
}

// firstPeer returns the process id, as this machine counts, of the first process that connects; 0
// when it is not to be known.
func firstPeer(l net.Listener) int {
	conn, err := l.Accept()
	if err != nil {
		return 0
	}
	defer conn.Close()
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		return 0
	}
	raw, err := unix.SyscallConn()
	if err != nil {
		return 0
	}
	pid := 0
	err = raw.Control(func(fd uintptr) {
		if credentials, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); err == nil {
			pid = int(credentials.Pid)
		}
	})
	if err != nil {
		return 0
	}
	return pid
}
