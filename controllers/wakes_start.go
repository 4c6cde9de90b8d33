// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

// later drops what is there when a controller starts. It is for objects that concern none but those which the controller looks
// at by themselves then: their own events come too, and nothing is looked at before everything is read.
// What others drop beside is dropped too.
func later(others ...predicate.Predicate) builder.Predicates {
	anew := predicate.Funcs{CreateFunc: func(e event.CreateEvent) bool { return !e.IsInInitialList }}
	return builder.WithPredicates(append(others, anew)...)
}
