// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

// lifecycle is what a replica is doing. The zero lifecycle has not synced yet.
type lifecycle struct {
	synced, draining, stopped atomic.Bool
}

// Start notes that the caches have synced: the manager starts what is added to it only then.
func (l *lifecycle) Start(ctx context.Context) error {
	l.synced.Store(true)
	<-ctx.Done()
	return nil
}

// NeedLeaderElection is false: every replica answers.
func (*lifecycle) NeedLeaderElection() bool { return false }

// ready is nil while requests should come here.
func (l *lifecycle) ready() error {
	switch {
	case l.draining.Load():
		return errors.New("the webhook is about to stop")
	case !l.synced.Load():
		return errors.New("the cache has not synced yet")
	default:
		return nil
	}
}

// guard answers only from a cache that lives: without one the call fails, and the configuration of the
// webhook says what becomes of the request.
func (l *lifecycle) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		if !l.synced.Load() || l.stopped.Load() {
			http.Error(w, "Scalegate's webhook is not ready: send the request again", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// drain returns when a replica that is to stop may do so.
func (l *lifecycle) drain(delay time.Duration) {
	l.draining.Store(true)
	<-time.NewTimer(delay).C
	l.stopped.Store(true)
}
