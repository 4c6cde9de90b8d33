// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
)

// gather reads all that the decision about a release depends on: from the cache, or from the API
// server itself where reader is a live one. An object that does not exist is nil; any other error
// is returned, and then nothing is decided.
func (r *ModelReleaseReconciler) gather(ctx context.Context, reader client.Reader, key types.NamespacedName) (gate.Input, error) {
	return gathering.Source{Reader: reader, Cache: r.Client}.Input(ctx, key, r.Now().Time)
}
