// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package integrations is a module of its own, so that what tests Scalegate with the libraries of other tools (Helm, kstatus of Flux,
// Lua of Argo CD, Prometheus) is no dependency of Scalegate.
//
// The helm command is a tool of this module, so that its version is the library's:
//
//	go -C test/integrations tool helm version
//	go build -C test/integrations -o bin/helm helm.sh/helm/v4/cmd/helm
package integrations
