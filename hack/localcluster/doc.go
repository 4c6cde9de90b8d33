// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package localcluster runs a real Kubernetes control plane on loopback, for
// the tests and the demo: etcd, kube-apiserver, kube-controller-manager,
// kube-scheduler, and kwok in place of kubelets.
//
// The binaries are built from the modules pinned in hack/controlplane/go.mod
// and kept in the user's cache directory. Each process runs on its own, so that
// it can be killed and restarted by name, and several clusters run side by side
// without sharing a port, a file or a certificate. Whatever happens to the
// process that started a cluster, SIGKILL included, the cluster's processes end
// with it and its directory is removed.
//
// An exported KUBECONFIG is never read. Only Open uses a cluster that exists
// already, and only when SCALEGATE_TEST_KUBECONFIG names its file.
package localcluster
