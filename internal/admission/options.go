// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Options are what every handler needs.
type Options struct {
	// Cache is the manager's cache. Nothing else is read, but rights by Attests.
	Cache client.Reader
	// Scheme says which kinds the cache has as types; others it has as maps, or not at all.
	Scheme *runtime.Scheme
	// Now is the clock.
	Now func() time.Time
	// Controller is the user name of Scalegate's own controller.
	Controller string
	// Mutating says that the mutating handler stands in for the mutating policies. It holds no custom kind
	// at the parent.
	Mutating bool
	// WorkloadControllers are the user names that make pods from ReplicaSets. Only the mutating
	// handler reads them.
	WorkloadControllers []string
	// Attests says whether a user holds the verb attest. Only the mutating handler asks; nil means that nobody holds it.
	Attests func(context.Context, authenticationv1.UserInfo) (bool, error)
}
