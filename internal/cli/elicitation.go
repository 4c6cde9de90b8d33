// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// elicitationKeys are those of --elicitation.
func elicitationKeys() []string {
	return []string{"variant", "trials", "aggregation", "budget", "red-team-hours", "scaffold"}
}

// parseElicitation reads the record of how hard an evaluation tried; nil where nothing is stated.
func parseElicitation(list []string) (*v1alpha1.Elicitation, error) {
	if len(list) == 0 {
		return nil, nil
	}
	e := &v1alpha1.Elicitation{}
	seen := map[string]bool{}
	for _, text := range list {
		key, value, _ := strings.Cut(text, "=")
		if seen[key] {
			return nil, fmt.Errorf("--elicitation states %s twice: state it once", key)
		}
		seen[key] = true
		if value == "" || !slices.Contains(elicitationKeys(), key) {
			return nil, fmt.Errorf("--elicitation %q must be KEY=VALUE with one of the keys %s", text, strings.Join(elicitationKeys(), ", "))
		}
		if err := state(e, key, value); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func state(e *v1alpha1.Elicitation, key, value string) (err error) {
	switch key {
	case "variant":
		e.Variant, err = oneOf(key, value, v1alpha1.VariantAsDeployed, v1alpha1.VariantHelpfulOnly, v1alpha1.VariantFineTuned, v1alpha1.VariantFewestMitigations)
	case "aggregation":
		e.Aggregation, err = oneOf(key, value, v1alpha1.AggregationMean, v1alpha1.AggregationPassAtOne, v1alpha1.AggregationPassAtK, v1alpha1.AggregationMaxOfN)
	case "trials":
		e.Trials, err = numbered(key, value)
	case "red-team-hours":
		e.RedTeamHours, err = numbered(key, value)
	case "budget":
		e.Budget = value
	default:
		e.Scaffold = value
	}
	return err
}

func oneOf[T ~string](key, value string, allowed ...T) (T, error) {
	var words []string
	for _, word := range allowed {
		if string(word) == value {
			return word, nil
		}
		words = append(words, string(word))
	}
	return "", fmt.Errorf("--elicitation %s=%s must be one of %s", key, value, strings.Join(words, ", "))
}

func numbered(key, value string) (*int32, error) {
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil || n < 1 || n > 1000000 {
		return nil, fmt.Errorf("--elicitation %s=%s must be a number from 1 to 1000000", key, value)
	}
	return new(int32(n)), nil
}
