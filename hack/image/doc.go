// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package image writes container images that hold one static binary and nothing else, without a daemon, and the
// list of what went into the binary (SPDX).
//
// Write makes an archive of an OCI image layout. containerd imports it (ctr images import), skopeo and its kin copy it
// (oci-archive:), and Docker loads one of a single platform (docker load). The same binaries and the same Spec give the
// same bytes: times are those of the Spec, owners are 0:0, and the order of files is fixed.
package image
