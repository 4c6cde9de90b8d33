// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package cli

import "os"

// onResize gets nothing: there is no signal for it here, and the size is asked for with every frame.
func onResize() (resized <-chan os.Signal, stop func()) { return nil, func() {} }
