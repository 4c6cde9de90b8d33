// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Program builds the command pkg of the module in dir into the file output, one process at a time. Where that file is up to date it
// takes a moment: so processes that need the same program name the same file, and it is linked once.
func Program(ctx context.Context, dir, pkg, output string) error {
	if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil {
		return fmt.Errorf("making the folder of %s: %w", output, err)
	}
	lock, err := lockFile(ctx, output+".lock", func() {})
	if err != nil {
		return err
	}
	defer lock.Close()
	build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", output, pkg)
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	return nil
}
