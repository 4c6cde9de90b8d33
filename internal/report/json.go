// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// JSON writes the report as data. Texts are as users wrote them.
func (r *Report) JSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	// A page that takes the data into a script is not broken by it.
	encoder.SetEscapeHTML(true)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
