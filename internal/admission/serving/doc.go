// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package serving serves the webhook: its certificate, when it is ready, and how it goes down without a
// failed call.
//
// Every replica answers; none needs to be the leader. A replica is ready when its cache has synced, its
// certificate is valid for more than a day and it was not asked to stop. When it is asked to stop it is not
// ready at once, closes each connection with its next answer, and goes on answering until whoever sends
// requests had time to notice. Only then do cache and server stop. What still comes after that gets no
// decision.
package serving
