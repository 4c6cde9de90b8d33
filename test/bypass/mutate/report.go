// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"fmt"
	"io"
)

// Print writes what was not tried and what survived, and ends with the line that counts.
func (r Report) Print(out io.Writer) {
	for _, clause := range r.Excused {
		why, _ := excused(clause)
		fmt.Fprintf(out, "no difference: %s\n    %s\n", clause, why)
	}
	for _, clause := range r.Unwritable {
		fmt.Fprintf(out, "no policy any more: %s\n", clause)
	}
	for _, clause := range r.Survivors {
		fmt.Fprintf(out, "survived: %s\n", clause)
	}
	fmt.Fprintf(out, "mutation: %d clauses, %d survived\n", r.Clauses, len(r.Survivors))
}
