// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"context"
	"fmt"
	"syscall"
)

// EtcdAddress is where etcd listens, as host:port; empty for an external cluster. Its certificate is for
// 127.0.0.1 and any port, so that a test can put a forwarder between it and an API server.
func (c *Cluster) EtcdAddress() string {
	return c.etcdAddress
}

// AddAPIServer starts a further API server on the cluster's etcd, as a highly available control plane has
// several, and returns its URL once it is ready. It has the same certificates and keys, so that every
// configuration of the cluster works there with this Host. Further flags come last and so win over ours. It can
// be killed and restarted by its name. It returns ErrExternal on an external cluster.
func (c *Cluster) AddAPIServer(ctx context.Context, name string, args ...string) (string, error) {
	if c.external {
		return "", fmt.Errorf("adding an API server: %w", ErrExternal)
	}
	var url string
	err := c.startOnFreePort(ctx, name, func(address string) (Spec, error) {
		url = "https://" + address
		spec, err := c.apiServer(address, "https://"+c.etcdAddress)
		spec.Path = c.BinaryPath(APIServer)
		spec.Args = append(spec.Args, args...)
		return spec, err
	})
	return url, err
}

// Terminate sends SIGTERM to the named process and does not wait for its end, which is a failure of the cluster
// unless the process MayEnd.
func (c *Cluster) Terminate(name string) error {
	return c.signal(name, syscall.SIGTERM)
}
