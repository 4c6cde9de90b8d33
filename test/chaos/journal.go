// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// journal writes down what was done, and when.
type journal struct {
	mu   sync.Mutex
	file *os.File
}

func newJournal(path string) (*journal, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("making the journal: %w", err)
	}
	return &journal{file: f}, nil
}

// say writes one line.
func (j *journal) say(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	fmt.Fprintf(j.file, "%s %s\n", time.Now().UTC().Format("15:04:05.000"), fmt.Sprintf(format, args...))
}

// Write takes what the cluster has to tell.
func (j *journal) Write(text []byte) (int, error) {
	j.say("cluster: %s", text)
	return len(text), nil
}

// pass waits until a time has passed, or ctx is done.
func pass(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// together does everything at once.
func together(all ...func() error) error {
	return each(all, func(do func() error) error { return do() })
}

// each does the same with all items at once.
func each[T any](items []T, do func(T) error) error {
	errs := make([]error, len(items))
	var wait sync.WaitGroup
	for i, item := range items {
		wait.Go(func() { errs[i] = do(item) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// again calls do until it returns nil, for at most so long; each call has attempt.
func again(ctx context.Context, most time.Duration, what string, do func(context.Context) error) error {
	const attempt, between = 5 * time.Second, 200 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for {
		once, done := context.WithTimeout(ctx, attempt)
		err := do(once)
		done()
		if err == nil {
			return nil
		}
		if pass(ctx, between) != nil {
			return fmt.Errorf("%s, tried for %s: %w", what, most, err)
		}
	}
}
