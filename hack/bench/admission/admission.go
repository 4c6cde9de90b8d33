// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package admission is part a: what admission adds to making a pod or a Deployment, beside a pair of webhooks that do nothing.
package admission

import (
	"context"
	"errors"

	"github.com/scalegate/scalegate/hack/bench/measure"
)

// Measure measures it.
func Measure(context.Context, measure.Options) ([]measure.Figure, error) {
	return nil, errors.ErrUnsupported
}
