// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localnode

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// pluginDir is where Debian and its kin install the CNI plugins.
const pluginDir = "/usr/lib/cni"

// Missing returns what keeps this machine from running a node, one sentence each; none when it can.
func Missing() []string {
	if runtime.GOOS != "linux" {
		return []string{"a node runs on Linux only"}
	}
	var missing []string
	if os.Geteuid() != 0 {
		missing = append(missing, "a node needs root, for namespaces, mounts and cgroups")
	}
	for _, program := range [][2]string{
		{"containerd", "containerd"}, {"containerd-shim-runc-v2", "containerd"}, {"ctr", "containerd"},
		{"runc", "runc"}, {"ip", "iproute2"}, {"nft", "nftables"},
		{"unshare", "util-linux"}, {"nsenter", "util-linux"}, {"setpriv", "util-linux"},
	} {
		if _, err := exec.LookPath(program[0]); err != nil {
			missing = append(missing, fmt.Sprintf("the program %s is not on the PATH (Debian package %s)", program[0], program[1]))
		}
	}
	for _, plugin := range []string{"ptp", "host-local", "loopback"} {
		path := filepath.Join(pluginDir, plugin)
		if _, err := os.Stat(path); err != nil {
			missing = append(missing, path+" is not there (Debian package containernetworking-plugins)")
		}
	}
	return missing
}
