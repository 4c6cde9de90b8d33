// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestOutputFlag(t *testing.T) {
	shown := printable{
		columns: columns("Name", "State", "+Reason"),
		rows:    [][]string{{"m1", "Released", "EvidenceComplete"}, {"a-longer-name", "Held", ""}},
		value:   map[string]any{"name": "m1", "list": []string{"<a>", "b"}},
		names:   []string{"modelrelease.scalegate.dev/m1"},
	}
	tests := map[string]struct {
		arg     string
		shown   printable
		want    string
		wantErr string
	}{
		"a table is the default":             {shown: shown, want: "NAME            STATE\nm1              Released\na-longer-name   Held\n"},
		"text is another word for the table": {arg: "text", shown: shown, want: "NAME            STATE\nm1              Released\na-longer-name   Held\n"},
		"wide shows every column":            {arg: "wide", shown: shown, want: "NAME            STATE      REASON\nm1              Released   EvidenceComplete\na-longer-name   Held       -\n"},
		"JSON":                               {arg: "json", shown: shown, want: "{\n    \"list\": [\n        \"<a>\",\n        \"b\"\n    ],\n    \"name\": \"m1\"\n}\n"},
		"YAML":                               {arg: "yaml", shown: shown, want: "list:\n- <a>\n- b\nname: m1\n"},
		"names":                              {arg: "name", shown: shown, want: "modelrelease.scalegate.dev/m1\n"},
		"a template":                         {arg: "jsonpath={.list[*]}", shown: shown, want: "<a> b\n"},
		"a template without braces":          {arg: "jsonpath=.name", shown: shown, want: "m1\n"},
		"a template without a dot":           {arg: "jsonpath=name", shown: shown, want: "m1\n"},
		"a template of what is not there is empty":     {arg: "jsonpath={.gone}", shown: shown, want: "\n"},
		"a word of the command's own":                  {arg: "junit", shown: shown, wantErr: "printing: the command knows no form junit"},
		"no format":                                    {arg: "xml", wantErr: "it must be one of table, wide, json, yaml, name, junit, jsonpath=TEMPLATE"},
		"a template that does not end":                 {arg: "jsonpath={.a", wantErr: `reading the template "{.a": unclosed action`},
		"no template":                                  {arg: "jsonpath=", wantErr: "needs a template"},
		"text in place of a table":                     {shown: printable{text: func(wide bool) string { return map[bool]string{true: "wide\n", false: "text\n"}[wide] }}, want: "text\n"},
		"text in place of a table, wide":               {arg: "wide", shown: printable{text: func(wide bool) string { return map[bool]string{true: "wide\n", false: "text\n"}[wide] }}, want: "wide\n"},
		"nothing to show is said, and not on the data": {shown: printable{columns: columns("Name"), none: "No releases found."}, want: "stderr: No releases found.\n"},
		"a cell cannot move the cursor or break a line": {
			shown: printable{columns: columns("Name"), rows: [][]string{{"a\x1b[2Jb"}, {"c\nd"}}}, want: "NAME\na^[[2Jb\nc...\n",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			format := newOutput("junit")
			cmd := &cobra.Command{Use: "show", SilenceErrors: true, SilenceUsage: true, RunE: func(cmd *cobra.Command, _ []string) error {
				return format.show(cmd, tc.shown)
			}}
			format.addTo(cmd)
			cmd.SetOut(&out)
			cmd.SetErr(&errs)
			cmd.SetArgs(nil)
			if tc.arg != "" {
				cmd.SetArgs([]string{"-o", tc.arg})
			} else {
				cmd.SetArgs([]string{})
			}
			err := cmd.Execute()
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Fatalf("error %v, want one with %q", err, tc.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := out.String()
			if errs.Len() > 0 {
				got += "stderr: " + errs.String()
			}
			if got != tc.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tc.want)
			}
		})
	}
}
