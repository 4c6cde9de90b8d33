// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Ports are taken from below the range that Linux hands to outgoing
// connections: a port there could be lost to any client on the machine while
// the process that owns it is down.
const (
	firstPort = 20000
	portCount = 10000
)

// lockFile waits for an exclusive lock on path and returns the file that holds
// it. The lock ends when the file is closed or the process dies. blocked is
// called once when somebody else holds it.
func lockFile(ctx context.Context, path string, blocked func()) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening a lock: %w", err)
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for told := false; ; told = true {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), f.Close())
		}
		if !told {
			blocked()
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("waiting for %s: %w", path, ctx.Err()), f.Close())
		case <-tick.C:
		}
	}
}

// reservePort returns a free port of 127.0.0.1, and the lock that keeps other
// clusters of this user from choosing it for as long as the file stays open,
// also while nothing listens on it.
func reservePort() (int, *os.File, error) {
	cache, err := CacheDir()
	if err != nil {
		return 0, nil, err
	}
	dir := filepath.Join(cache, "ports")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, nil, fmt.Errorf("reserving a port: %w", err)
	}
	for range 200 {
		port := firstPort + rand.IntN(portCount)
		f, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(port)), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return 0, nil, fmt.Errorf("reserving port %d: %w", port, err)
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil && unused(port) {
			return port, f, nil
		}
		if err := f.Close(); err != nil {
			return 0, nil, fmt.Errorf("releasing port %d: %w", port, err)
		}
	}
	return 0, nil, fmt.Errorf("reserving a port: none of 200 tried between %d and %d is free", firstPort, firstPort+portCount-1)
}

func unused(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}
