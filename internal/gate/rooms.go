// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

// rooms hold the working state of a decision of the usual size, so that it lives on the stack and leaves the garbage
// collector nothing to do. What does not fit goes to the heap. For that the compiler has to see that nothing refers to them
// afterwards: what the engine holds itself must not be stored in anything, only what lies behind it. What outlives a
// decision is therefore behind pointers of the engine, and lists refer to each other by index.
type rooms struct {
	questions  [24]question
	scopes     [8]keyed
	rungs      [8]rung
	thresholds [8]capability
	results    [16]result
	gaps       [64]gap
	marks      [128]bool
	names      [192]int32
	next       [64]int32
	files      [192]int32
	runs       [192]int32
}

// sized is a list of n zero values in a room, which is unused, or outside where it is too small.
func sized[T any](room []T, n int) []T {
	if n <= len(room) {
		return room[:n]
	}
	return make([]T, n)
}

// larger is a copy of a list with room for more.
func larger[T any](list []T) []T {
	more := make([]T, len(list), 2*cap(list)+1)
	copy(more, list)
	return more
}
