// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// egress connects the API server with addresses in the node's network, by HTTP CONNECT on a Unix socket: with Services,
// as kube-proxy leads them, and with pods.
func (n node) egress() error {
	listener, err := net.Listen("unix", n.egressSocket)
	if err != nil {
		return fmt.Errorf("listening for the API server: %w", err)
	}
	server := &http.Server{Handler: http.HandlerFunc(connect), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		fmt.Fprintln(os.Stderr, server.Serve(listener))
		os.Exit(1)
	}()
	return nil
}

func connect(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "nothing but CONNECT is served here", http.StatusMethodNotAllowed)
		return
	}
	outer, err := net.DialTimeout("tcp", r.RequestURI, 10*time.Second)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		outer.Close()
		http.Error(w, "this connection cannot be taken over", http.StatusInternalServerError)
		return
	}
	inner, _, err := hijacker.Hijack()
	if err != nil {
		outer.Close()
		fmt.Fprintln(os.Stderr, err)
		return
	}
	if _, err := fmt.Fprint(inner, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		outer.Close()
		inner.Close()
		return
	}
	join(inner, outer)
}
