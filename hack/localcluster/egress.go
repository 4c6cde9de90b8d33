// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"fmt"
	"os"
)

// EgressSocket is where the API server of a cluster with Options.Egress asks to be connected to Services and pods: a
// server of HTTP CONNECT on this Unix socket. The file is not there until somebody listens.
func (c *Cluster) EgressSocket() string {
	return c.path("egress.sock")
}

// egress are the API server's flags for Options.Egress. Clusters whose API server is outside of their network do it so,
// with a proxy of their own.
func (c *Cluster) egress() ([]string, error) {
	if !c.options.Egress {
		return nil, nil
	}
	file := c.path("egress.yaml")
	config := fmt.Sprintf(`apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
- name: cluster
  connection: {proxyProtocol: HTTPConnect, transport: {uds: {udsName: %q}}}
`, c.EgressSocket())
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, fmt.Errorf("writing the API server's egress: %w", err)
	}
	return []string{"--egress-selector-config-file=" + file}, nil
}
