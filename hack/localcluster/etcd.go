// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
)

// EtcdURL returns where etcd serves its API as JSON (/v3/kv/txn and so on), and a client that it lets in. What is written
// there passes no API server: no validation, no admission, no conversion. It returns ErrExternal for an external cluster.
func (c *Cluster) EtcdURL() (string, *http.Client, error) {
	if c.external {
		return "", nil, fmt.Errorf("opening etcd: %w", ErrExternal)
	}
	certificate, err := tls.LoadX509KeyPair(c.path("pki/etcd-client.crt"), c.path("pki/etcd-client.key"))
	if err != nil {
		return "", nil, fmt.Errorf("reading etcd's client certificate: %w", err)
	}
	authority, err := os.ReadFile(c.path("pki/etcd-ca.crt"))
	if err != nil {
		return "", nil, fmt.Errorf("reading etcd's authority: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: roots, Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13,
	}}
	return "https://" + c.etcdAddress, &http.Client{Transport: transport}, nil
}
