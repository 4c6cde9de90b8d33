// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import "fmt"

// UnreadableError says why a file is no measurement. It is about the file's content; an error of the storage
// below is returned as it came, wrapped.
type UnreadableError struct {
	// Reason names field paths, counts and limits, and what to do where that is not plain. It never
	// holds text of a sample, and is at most a few hundred bytes long.
	Reason string
}

// Error is the reason, introduced.
func (u *UnreadableError) Error() string { return "unreadable result file: " + u.Reason }

func unreadable(format string, args ...any) error {
	return &UnreadableError{Reason: fmt.Sprintf(format, args...)}
}
