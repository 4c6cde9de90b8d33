// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// choice is a flag that takes one of a few words.
type choice struct {
	value   string
	allowed []string
}

// String implements pflag.Value.
func (c *choice) String() string { return c.value }

// Type implements pflag.Value.
func (c *choice) Type() string { return "string" }

// Set implements pflag.Value.
func (c *choice) Set(value string) error {
	// The commands whose text is a table take either word for it.
	if value == formatTable && !slices.Contains(c.allowed, value) && slices.Contains(c.allowed, formatText) {
		value = formatText
	}
	if !slices.Contains(c.allowed, value) {
		return fmt.Errorf("it must be one of %s", strings.Join(c.allowed, ", "))
	}
	c.value = value
	return nil
}

// addTo adds the flag to a command, and its completion.
func (c *choice) addTo(cmd *cobra.Command, name, shorthand, usage string) {
	cmd.Flags().VarP(c, name, shorthand, usage+": "+strings.Join(c.allowed, ", "))
	// It goes wrong only for a flag that does not exist or has a completion already.
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(c.allowed, cobra.ShellCompDirectiveNoFileComp))
}

// Formats of output.
const (
	formatText = "text"
	formatJSON = "json"
	formatYAML = "yaml"
	formatName = "name"
)

// encode writes a value as JSON or YAML.
func encode(out io.Writer, format string, value any) error {
	if format == formatYAML {
		data, err := yaml.Marshal(value)
		if err != nil {
			return fmt.Errorf("encoding as YAML: %w", err)
		}
		_, err = out.Write(data)
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "    ")
	return encoder.Encode(value)
}
