// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/scalegate/scalegate/internal/fixture"
)

func TestAnObjectWhoseNameAnotherHasIsDeleted(t *testing.T) {
	t.Parallel()
	out := &bytes.Buffer{}
	cmd := &cobra.Command{}
	cmd.SetOut(out)
	cmd.SetErr(out)
	w := &waiting{
		waitOptions: &waitOptions{targets: []string{"delete"}, format: newOutput()}, subject: releaseSubject{}, cmd: cmd, now: time.Now, name: "m1", remove: true,
	}
	first, second := fixture.Release("m1"), fixture.Release("m1")
	first.UID, second.UID = "1", "2"
	for range 2 {
		if done, _, err := w.examine(t.Context(), first, nil); done || err != nil {
			t.Fatalf("it is there: %v, %v", done, err)
		}
	}
	if done, _, err := w.examine(t.Context(), second, nil); !done || err != nil {
		t.Errorf("another one is there: %v, %v\n%s", done, err, out)
	}
}
