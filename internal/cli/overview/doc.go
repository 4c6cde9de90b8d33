// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package overview sums up what a cluster has: the state of a release in a word, tables of each kind, and the tree from
// policies down to pods.
//
// It reads the status that the manager wrote and decides nothing itself, so it is cheap for many releases, and is as
// late as the manager is. Everything in it is pure: objects and a time go in, and the same ones give the same text in
// whatever order they come.
package overview
