// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package runs says how an evaluation suite is run, and what became of a run. It is pure: it makes
// objects from objects, and reads objects that others have read.
//
// Render turns a suite, a release and an evaluation into a Job, and into the Job of a server with its Service
// and NetworkPolicy where the suite has one. The evaluation is the last init container of the Job's pod; the
// only container is Scalegate's own, named [CollectContainer], which reads the result file and leaves a [Report]
// in its termination message. Read turns the Job and its pods into an [Outcome].
//
// What runs inside the pod is not trusted: it can lie about its own result, and about nothing else. A report is
// bounded, and decoded strictly; no log and no text of another container gets into a message.
package runs
