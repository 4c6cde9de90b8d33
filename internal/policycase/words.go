// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Names are one name or a list of them.
type Names []string

// UnmarshalJSON reads a text or a list of texts.
func (n *Names) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*n = Names{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(data, &many); err != nil {
		return fmt.Errorf("a name or a list of names is needed")
	}
	*n = many
	return nil
}

// Duration is a time that passes: Go's notation, or a number of days, such as 183d.
type Duration time.Duration

const day = 24 * time.Hour

// UnmarshalJSON reads a text such as 36h or 14d. It is whole seconds, and not negative.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("a duration such as 36h or 14d is needed")
	}
	value, err := parseDuration(text)
	if err != nil || value < 0 || value%time.Second != 0 || value > 100*365*day {
		return fmt.Errorf("%q is no duration such as 36h or 14d, of whole seconds and at most 100 years", text)
	}
	*d = Duration(value)
	return nil
}

func parseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * day, err
	}
	return time.ParseDuration(text)
}
