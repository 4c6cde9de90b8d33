// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package quiet waits until a cluster has nothing to do any more, so that what is measured next does not pay for what was before.
package quiet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// It is quiet when, in two windows in a row, all processes of the cluster together take no more of a processor than restTicks, which
// are hundredths of a second: a control plane at rest takes about half of that.
const (
	window    = 250 * time.Millisecond
	windows   = 2
	restTicks = 5
)

// Wait waits until the processes of the cluster in a directory have nothing to do any more, and no longer than most.
func Wait(ctx context.Context, dir string, most time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, most, errors.New("the processes of the cluster did not come to rest"))
	defer cancel()
	tick := time.NewTicker(window)
	defer tick.Stop()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	before := ticks(dir)
	if before == 0 {
		return fmt.Errorf("waiting for quiet: no process of the cluster is seen to run in %s", dir)
	}
	for still := 0; still < windows; {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for quiet: %w", context.Cause(ctx))
		case <-tick.C:
		}
		now := ticks(dir)
		// It is less than before where a process ended.
		if took := now - before; took >= 0 && took <= restTicks {
			still++
		} else {
			still = 0
		}
		before = now
	}
	return nil
}

// ticks is what the processes that run in a folder took of the processor so far, in hundredths of a second. Those of a
// cluster run in its directory.
func ticks(dir string) (sum int64) {
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		return 0
	}
	for _, link := range links {
		if at, err := os.Readlink(link); err != nil || at != dir {
			continue
		}
		stat, err := os.ReadFile(filepath.Join(filepath.Dir(link), "stat"))
		if err != nil {
			continue
		}
		// Behind the name, which is in parentheses, user and system time are the 12th and 13th.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		for _, at := range []int{11, 12} {
			if n, err := strconv.ParseInt(fields[at], 10, 64); err == nil {
				sum += n
			}
		}
	}
	return sum
}
