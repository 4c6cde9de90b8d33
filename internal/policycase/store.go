// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/internal/gate"
)

// Object is an object of the API.
type Object interface {
	runtime.Object
	metav1.Object
}

// Store is where the objects of one case live. What people do it does as them, so that whatever stamps and refuses acts; what
// Scalegate does it does as Scalegate. Each method that writes an object gives it back as it is stored.
type Store interface {
	// Create makes an object as a person.
	Create(ctx context.Context, as Person, object Object) error
	// Update changes an object as a person.
	Update(ctx context.Context, as Person, object Object) error
	// Make makes an object as Scalegate.
	Make(ctx context.Context, object Object) error
	// Record writes the status of an object as Scalegate.
	Record(ctx context.Context, object Object) error
	// Read reads an object.
	Read(ctx context.Context, key types.NamespacedName, into Object) error
	// Input reads what the decision about a release depends on, as the controller does.
	Input(ctx context.Context, release types.NamespacedName, now time.Time) (gate.Input, error)
}

// Place is where and when a case runs.
type Place struct {
	// Namespace of its own, and the name of a policy of its own.
	Namespace, Policy string
	// Start is when the case begins. What the store stamps is not earlier.
	Start time.Time
}
