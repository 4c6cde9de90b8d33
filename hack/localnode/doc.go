// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package localnode adds a real node to a local control plane: a kubelet and a kube-proxy built
// from the same modules, with the containerd, runc and CNI plugins of the machine's distribution,
// so that tests can run containers and not only the likeness of them.
//
// A node lives in mount, network, process and IPC namespaces of its own. Nothing of the machine is
// changed but one cgroup, which goes with the cluster: the node's files are in the cluster's
// directory, no port of the machine is opened, no packet leaves it, and when its first process
// ends, for whatever reason, the kernel ends the containers with it.
//
// It needs root, a Linux kernel with bridges of namespaces (veth) and nftables, and the packages
// that Missing names. Images are never pulled: they are written by WriteImage and imported.
package localnode
