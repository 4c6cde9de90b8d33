// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/client-go/util/jsonpath"
)

// Formats of output that show a table, and the one that takes a template.
const (
	formatTable    = "table"
	formatWide     = "wide"
	formatJSONPath = "jsonpath"
)

// output is the flag -o of a command that shows a table to people and data to programs: table, wide, json, yaml, name
// or jsonpath=TEMPLATE. "text" is another word for "table". A command uses it so:
//
//	format := newOutput()              // newOutput("junit") takes that word too; the command prints it itself
//	format.addTo(cmd)                  // adds --output, -o and its completion
//	...
//	return format.show(cmd, printable{columns: ..., rows: ..., value: ..., names: ...})
//
// A command whose text is no table sets printable.text in place of columns and rows. Where people should be told
// something besides, format.narration(cmd) is the stream for it: standard output with a table, and standard error with
// everything that a program reads.
type output struct {
	format, template string
	allowed          []string
}

// newOutput is the flag with its default, table. more are words for formats that the command prints itself.
func newOutput(more ...string) *output {
	return &output{format: formatTable, allowed: append([]string{formatTable, formatWide, formatJSON, formatYAML, formatName}, more...)}
}

// String implements pflag.Value.
func (o *output) String() string {
	if o.format == formatJSONPath {
		return formatJSONPath + "=" + o.template
	}
	return o.format
}

// Type implements pflag.Value.
func (o *output) Type() string { return "string" }

// Set implements pflag.Value.
func (o *output) Set(value string) error {
	if template, ok := strings.CutPrefix(value, formatJSONPath+"="); ok {
		if _, err := parseTemplate(template); err != nil {
			return err
		}
		o.format, o.template = formatJSONPath, template
		return nil
	}
	if value == formatText {
		value = formatTable
	}
	if !slices.Contains(o.allowed, value) {
		return fmt.Errorf("it must be one of %s, %s=TEMPLATE", strings.Join(o.allowed, ", "), formatJSONPath)
	}
	o.format = value
	return nil
}

// addTo adds the flag to a command, and its completion.
func (o *output) addTo(cmd *cobra.Command) {
	cmd.Flags().VarP(o, "output", "o", fmt.Sprintf("how to print it: %s, %s=TEMPLATE", strings.Join(o.allowed, ", "), formatJSONPath))
	// It goes wrong only for a flag that does not exist or has a completion already.
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(append(slices.Clone(o.allowed), formatJSONPath+"="), cobra.ShellCompDirectiveNoFileComp))
}

// people is whether a person reads what is printed: not a program.
func (o *output) people() bool { return o.format == formatTable || o.format == formatWide }

// narration is where to tell people something besides what is printed.
func (o *output) narration(cmd *cobra.Command) io.Writer {
	if o.people() {
		return cmd.OutOrStdout()
	}
	return cmd.ErrOrStderr()
}

// column is a column of a table. Its name is shown in capitals.
type column struct {
	name string
	// wide columns are shown only by -o wide.
	wide bool
}

// columns are columns by name; a + before a name makes it a wide one.
func columns(names ...string) []column {
	var all []column
	for _, name := range names {
		bare, wide := strings.CutPrefix(name, "+")
		all = append(all, column{name: bare, wide: wide})
	}
	return all
}

// printable is what a command prints, in each of the forms that it can be asked for.
type printable struct {
	// columns and rows are the table. A row has one cell for each column, the wide ones included.
	columns []column
	rows    [][]string
	// none is said on standard error in place of a table without rows.
	none string
	// text stands in place of the table; wide is whether -o wide was asked for.
	text func(wide bool) string
	// value is what json, yaml and jsonpath show. An object needs its apiVersion and kind.
	value any
	// names are the lines that name shows, as modelrelease.scalegate.dev/opus-4.
	names []string
}

// show prints in the form that was asked for.
func (o *output) show(cmd *cobra.Command, p printable) error {
	if err := o.write(cmd.OutOrStdout(), cmd.ErrOrStderr(), p); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

func (o *output) write(out, errs io.Writer, p printable) error {
	switch o.format {
	case formatTable, formatWide:
		wide := o.format == formatWide
		if p.text != nil {
			_, err := io.WriteString(out, p.text(wide))
			return err
		}
		if len(p.rows) == 0 && p.none != "" {
			_, err := fmt.Fprintln(errs, p.none)
			return err
		}
		return writeTable(out, p.columns, p.rows, wide)
	case formatName:
		for _, name := range p.names {
			if _, err := fmt.Fprintln(out, name); err != nil {
				return err
			}
		}
		return nil
	case formatJSONPath:
		return writeTemplate(out, o.template, p.value)
	case formatJSON, formatYAML:
		return encode(out, o.format, p.value)
	}
	return fmt.Errorf("the command knows no form %s", o.format)
}

// writeTable prints as kubectl does: what a cell holds cannot move the cursor or break the line.
func writeTable(out io.Writer, columns []column, rows [][]string, wide bool) error {
	table := &metav1.Table{}
	for _, c := range columns {
		definition := metav1.TableColumnDefinition{Name: c.name, Type: "string"}
		if c.wide {
			definition.Priority = 1
		}
		table.ColumnDefinitions = append(table.ColumnDefinitions, definition)
	}
	for _, row := range rows {
		cells := make([]any, len(row))
		for i, cell := range row {
			if cell == "" {
				cell = "-"
			}
			cells[i] = cell
		}
		table.Rows = append(table.Rows, metav1.TableRow{Cells: cells})
	}
	text := &bytes.Buffer{}
	if err := printers.NewTablePrinter(printers.PrintOptions{Wide: wide}).PrintObj(table, text); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		if _, err := io.WriteString(out, strings.TrimRight(line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// parseTemplate reads a JSONPath template as kubectl takes it: braces and the dot before a name may be left out where
// it is one path.
func parseTemplate(template string) (*jsonpath.JSONPath, error) {
	if template == "" {
		return nil, errors.New("jsonpath= needs a template, as jsonpath={.status.grantedExposure}")
	}
	if !strings.Contains(template, "{") {
		if !strings.HasPrefix(template, ".") && !strings.HasPrefix(template, "[") && !strings.HasPrefix(template, "$") {
			template = "." + template
		}
		template = "{" + template + "}"
	}
	parsed := jsonpath.New("output").AllowMissingKeys(true)
	if err := parsed.Parse(template); err != nil {
		return nil, fmt.Errorf("reading the template %q: %w", template, err)
	}
	return parsed, nil
}

// writeTemplate fills a template in with a value as its JSON has it.
func writeTemplate(out io.Writer, template string, value any) error {
	parsed, err := parseTemplate(template)
	if err != nil {
		return err
	}
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encoding as JSON: %w", err)
	}
	var plain any
	if err := json.Unmarshal(data, &plain); err != nil {
		return fmt.Errorf("decoding JSON: %w", err)
	}
	if err := parsed.Execute(out, plain); err != nil {
		return fmt.Errorf("filling in the template: %w", err)
	}
	_, err = fmt.Fprintln(out)
	return err
}

// printed is text of the cluster as a terminal may show it: without what moves the cursor or breaks the line.
func printed(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return ' '
		}
		return r
	}, text)
}
