// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"fmt"
	"io"
)

// fewest is the number of attempts below which the suite is no suite.
const fewest = 300

// OK tells whether everything ended as the oracle says, and enough was tried, a quarter of it legitimate.
func (r Report) OK() bool {
	return len(r.Offenders) == 0 && len(r.Astray) == 0 && r.Attempts() >= fewest && 4*r.Legitimate >= r.Attempts()
}

// Print writes each offender, and ends with the line that counts.
func (r Report) Print(out io.Writer) {
	for _, o := range r.Offenders {
		fmt.Fprintf(out, "%s\n    expected: %s; got: %s %s\n", o.Attempt, o.Want, o.Got, o.Warning)
		if o.Message != "" {
			fmt.Fprintf(out, "    %s\n", o.Message)
		}
	}
	for _, s := range r.Astray {
		fmt.Fprintf(out, "%s: %s: its pods, %s %s\n    expected: %s; got: %s\n", s.Number, s.What, s.Kind.Resource, s.On, s.Want(), s.Got)
	}
	for _, pass := range r.Passes {
		fmt.Fprintln(out, pass)
	}
	fmt.Fprintf(out, "%d of the attempts are legitimate where they are governed\n", r.Legitimate)
	fmt.Fprintf(out, "bypass: %d attempts, %d through, %d wrongly refused\n", r.Attempts(), r.Through(), r.WronglyRefused())
}
