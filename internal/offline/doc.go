// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package offline judges manifests without a cluster, as Scalegate would if they were applied: what each release would be
// granted, and whether each workload would be admitted, held or refused.
//
// In: objects of files, and a time. Out: a report, the same each time. It decides by gate.Decide and package workload, and by the
// expressions of the shipped admission policies. What an API server stamps (who wrote, who signs, who brought evidence) and what
// only a cluster has (its checks, its findings, other people's revisions) is not known here: manifests cannot say it, what they
// say of it is taken away, and what needs it is Pending. So what is said to pass may still be held in the cluster by what stands
// against it there, and what rests on people never passes here.
package offline
