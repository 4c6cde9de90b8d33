// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package floors is what the programs that are floors and those who start them agree on.
package floors

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Synced is the line that a floor prints once its caches have everything.
const Synced = "synced"

// Ready is for a floor that is about to be started and logs to a file: it returns an error until the floor is synced. What the
// log has of earlier ones does not count.
func Ready(log string) func(context.Context) error {
	var before int64
	if info, err := os.Stat(log); err == nil {
		before = info.Size()
	}
	return func(context.Context) error {
		file, err := os.Open(log)
		if err != nil {
			return err
		}
		defer file.Close()
		if _, err := file.Seek(before, io.SeekStart); err != nil {
			return err
		}
		text, err := io.ReadAll(file)
		if err != nil {
			return fmt.Errorf("reading %s: %w", log, err)
		}
		if !bytes.Contains(text, []byte(Synced)) {
			return errors.New("its caches have not everything yet")
		}
		return nil
	}
}
