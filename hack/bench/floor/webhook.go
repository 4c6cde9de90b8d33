// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"

	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// admit serves a mutating and a validating webhook that allow what they are asked about without looking at it, at /mutate
// and /validate of an address, the first argument; the second is the folder with tls.crt and tls.key. /calls tells
// how often each of the two was called.
func admit(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("webhook takes an address and a folder with a certificate, not %q", args)
	}
	host, text, err := net.SplitHostPort(args[0])
	if err != nil {
		return fmt.Errorf("reading the address: %w", err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("reading the port: %w", err)
	}
	server := webhook.NewServer(webhook.Options{Host: host, Port: port, CertDir: args[1]})
	var mutating, validating atomic.Int64
	server.Register("/mutate", &admission.Webhook{Handler: allow(&mutating)})
	server.Register("/validate", &admission.Webhook{Handler: allow(&validating)})
	server.Register("/calls", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%d %d", mutating.Load(), validating.Load())
	}))
	return server.Start(ctx)
}

// allow allows everything, and counts it.
func allow(calls *atomic.Int64) admission.Handler {
	return admission.HandlerFunc(func(context.Context, admission.Request) admission.Response {
		calls.Add(1)
		return admission.Allowed("")
	})
}
