// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
)

func FuzzNeutral(f *testing.F) { fuzzFormat(f, Neutral, "neutral.json") }

func TestNeutral(t *testing.T) {
	raw := testFile(t, "neutral.json")
	want := Measurement{
		Format: Neutral, Tool: "in-house-harness", ToolVersion: "2.1", Task: "bio-uplift", RunID: "bio-uplift-000123",
		Model: "labs/model-7b", ModelPin: "5ca1ab1e", Started: at("2026-10-05T08:00:00Z"), Ended: at("2026-10-05T08:30:00Z"),
		Finished: true, EndMarker: `status is "finished"`, SHA256: digestOf(raw),
		Results: []Result{
			{Selector: "grade", Value: "4.5", Scale: "1..5", Judged: new(int64(12))},
			{Selector: "refusals"},
			{
				Selector: "uplift", Value: "0.0625", StandardError: "0.0156", Low: "0.03", High: "0.1", Scale: "0..1",
				Planned: new(int64(250)), Judged: new(int64(240)), Unjudged: new(int64(6)), Errored: new(int64(4)),
				HigherIsBetter: new(false),
			},
		},
	}
	for i := range want.Results {
		want.Results[i].Task, want.Results[i].TaskVersion = "bio-uplift", "2026-09"
	}
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

// neutralEdits are changes of the good file. What both the schema and the reader accept has no reason;
// what only the reader can refuse is marked.
func neutralEdits() map[string]struct {
	old, new, reason string
	beyondSchema     bool
} {
	type edit = struct {
		old, new, reason string
		beyondSchema     bool
	}
	return map[string]edit{
		"a run that was cancelled":        {`"finished"`, `"cancelled"`, "", false},
		"a run that broke off":            {`"finished"`, `"error"`, "", false},
		"a run that goes on":              {`"finishedOn": "2026-10-05T10:30:00+02:00",` + "\n  \"status\": \"finished\"", `"status": "running"`, "", false},
		"no metrics":                      {`{"name": "refusals", "value": null}`, `{"name": "refusals"}`, "", false},
		"no model":                        {`"model": "labs/model-7b",`, ``, "", false},
		"no start":                        {`"startedOn": "2026-10-05T08:00:00Z",`, ``, "", false},
		"a limit":                         {`"model": `, `"limit": "10", "model": `, "", false},
		"a fraction of a second":          {`08:00:00Z`, `08:00:00.125Z`, "", false},
		"a value with an exponent":        {`"value": "0.0625"`, `"value": "6.25e-2"`, "", false},
		"a count with a fraction of zero": {`"planned": 250`, `"planned": 250.0`, "", false},
		"a count that is null":            {`"planned": 250`, `"planned": null`, "", false},
		"a direction that is null":        {`"higherIsBetter": false`, `"higherIsBetter": null`, "", false},
		"an unknown field":                {`"model": `, `"models": [], "model": `, `"models" is not a field`, false},
		"an unknown field of the tool":    {`"version": "2.1"`, `"versions": "2.1"`, `"tool/versions" is not a field`, false},
		"a misspelt count":                {`"errored": 4`, `"errors": 4`, `"metrics/0/errors" is not a field`, false},
		"a count in another case":         {`"errored": 4`, `"Errored": 4`, `"metrics/0/Errored" is not a field`, false},
		"no tool":                         {`"tool": {"name": "in-house-harness", "version": "2.1"},`, ``, `"tool" is missing`, false},
		"a tool without a name":           {`"name": "in-house-harness", `, ``, `"tool/name" is missing or empty`, false},
		"a suite with an empty name":      {`"bio-uplift", "version"`, `"", "version"`, `"suite/name" is missing or empty`, false},
		"no run id":                       {`"runID": "bio-uplift-000123",`, ``, `"runID" is missing`, false},
		"a run id that is a number":       {`"bio-uplift-000123"`, `123`, `"runID" is not of the type`, false},
		"a model that is null":            {`"labs/model-7b"`, `null`, `"model" is null`, false},
		"no status":                       {`"status": "finished",`, ``, `"status" is missing`, false},
		"a status nobody knows":           {`"finished"`, `"done"`, `"status" is none of`, false},
		"finished without an end":         {`"finishedOn": "2026-10-05T10:30:00+02:00",`, ``, `"finishedOn" is missing`, false},
		"a time without a zone":           {`08:00:00Z`, `08:00:00`, `"startedOn" has no zone`, false},
		"a time in words":                 {`"2026-10-05T08:00:00Z"`, `"noon"`, `"startedOn" is not an RFC 3339 time`, false},
		"metrics that are no list":        {`"metrics": [`, `"metrics": 1, "x": [`, `"x" is not a field`, false},
		"a metric without a name":         {`"name": "grade", `, ``, `"metrics/1/name" is missing or empty`, false},
		"a value in words":                {`4.5`, `"high"`, `"metrics/1/value" is neither a number`, false},
		"a value that is a truth":         {`4.5`, `true`, `"metrics/1/value" is neither a number`, false},
		"a value with space around":       {`4.5`, `" 4.5"`, `"metrics/1/value" is neither a number`, false},
		"a negative standard error":       {`0.0156`, `-0.0156`, `"metrics/0/standardError" is negative`, false},
		"a negative count":                {`"errored": 4`, `"errored": -4`, `"metrics/0/errored" is not a count`, false},
		"half a sample":                   {`"errored": 4`, `"errored": 4.5`, `"metrics/0/errored" is not a count`, false},
		"a count in quotes":               {`"errored": 4`, `"errored": "4"`, `"metrics/0/errored" is not a count`, false},
		"a scale nobody knows":            {`"0..1"`, `"0..2"`, `"metrics/0/scale" is none of`, false},
		"a direction in words":            {`"higherIsBetter": false`, `"higherIsBetter": "no"`, `"metrics/0/higherIsBetter" is not of the type`, false},
		"one bound":                       {`, "high95": 0.1`, ``, `go together`, true},
		"a value beside its interval":     {`"high95": 0.1`, `"high95": 0.05`, `"metrics/0/value" is not between`, true},
		"a value outside of its scale":    {`4.5`, `5.5`, `"metrics/1/value" is outside of the scale 1..5`, true},
		"a bound outside of the scale":    {`"low95": "0.03"`, `"low95": "-0.03"`, `"metrics/0/low95" is outside`, true},
		"more judged than planned":        {`"planned": 250`, `"planned": 239`, `"metrics/0/judged" is more than "planned"`, true},
		"two metrics of one name":         {`"name": "grade"`, `"name": "uplift"`, `"uplift" is the name of two metrics`, true},
		"an end before the start":         {`10:30:00+02:00`, `07:30:00Z`, `"finishedOn" is before`, true},
		"a value of too many digits":      {`4.5`, `4.` + strings.Repeat("5", 80), `"metrics/1/value" is neither a number`, true},
		"a control character":             {`labs/model-7b`, `labs\u0000`, `control characters`, true},
	}
}

func TestNeutralAndItsSchema(t *testing.T) {
	schema := neutralSchema(t)
	for name, test := range neutralEdits() {
		t.Run(name, func(t *testing.T) {
			text := edit(t, "neutral.json", test.old, test.new)
			_, err := readText(text)
			if test.reason == "" && err != nil {
				t.Error(err)
			}
			if test.reason != "" {
				wantUnreadable(t, err, test.reason)
			}
			var document any
			if err := json.Unmarshal([]byte(text), &document); err != nil {
				t.Fatal(err)
			}
			failures := validate.NewSchemaValidator(schema, nil, "", strfmt.Default).Validate(document)
			if accepts := test.reason == "" || test.beyondSchema; accepts != failures.IsValid() {
				t.Errorf("the schema accepts it: %v, want %v: %v", failures.IsValid(), accepts, failures.Errors)
			}
		})
	}
}

func TestNeutralUnfinished(t *testing.T) {
	for status, want := range map[string]string{"cancelled": "somebody stopped", "error": "broke off", "running": "still going"} {
		m := mustRead(t, []byte(edit(t, "neutral.json", `"finished"`, `"`+status+`"`)))
		if m.Finished || m.EndMarker != "" || !strings.Contains(m.Unfinished, want) {
			t.Errorf("%s: finished %v, %q", status, m.Finished, m.Unfinished)
		}
	}
	m := mustRead(t, []byte(edit(t, "neutral.json", `"judged": 12`, `"judged": 0`)))
	if r, err := m.Select("grade"); err != nil || r.HasData() {
		t.Errorf("a value over no samples = %+v, %v", r, err)
	}
	m = mustRead(t, []byte(edit(t, "neutral.json", `4.5`, `NaN`)))
	if r, err := m.Select("grade"); err != nil || r.HasData() {
		t.Errorf("NaN = %+v, %v", r, err)
	}
}

func TestNeutralMetricsMissing(t *testing.T) {
	text := string(testFile(t, "neutral.json"))
	head := text[:strings.Index(text, `"metrics"`)]
	for metrics, want := range map[string]string{`"metrics": []`: "", `"metrics": {}`: "not a list", `"metrics": null`: "not a list"} {
		m, err := readText(head + metrics + "}")
		if want != "" {
			wantUnreadable(t, err, want)
		} else if err != nil || len(m.Results) != 0 || !m.Finished {
			t.Errorf("%s: %+v, %v; want a finished run without results", metrics, m, err)
		}
	}
	_, err := readText(strings.TrimSuffix(strings.TrimSpace(head), ",") + "}")
	wantUnreadable(t, err, `"metrics" is missing`)
}

func neutralSchema(t *testing.T) *spec.Schema {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "result.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema spec.Schema
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	return &schema
}

// TestNeutralSchemaFields holds the schema to the fields that the reader has, both ways.
func TestNeutralSchemaFields(t *testing.T) {
	schema := neutralSchema(t)
	metric := schema.Properties["metrics"].Items.Schema
	for name, test := range map[string]struct {
		schema spec.SchemaProps
		fields []string
	}{
		"the top":      {schema.SchemaProps, append(fieldsOf(neutralHeader{}), "apiVersion", "kind", "metrics")},
		"the sections": {schema.SchemaProps, neutral{}.sections()},
		"tool":         {schema.Properties["tool"].SchemaProps, fieldsOf(neutralNamed{})},
		"suite":        {schema.Properties["suite"].SchemaProps, fieldsOf(neutralNamed{})},
		"metrics":      {metric.SchemaProps, fieldsOf(neutralMetric{})},
	} {
		want := slices.Sorted(slices.Values(test.fields))
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(test.schema.Properties))); diff != "" {
			t.Errorf("properties of %s (-reader +schema):\n%s", name, diff)
		}
		if test.schema.AdditionalProperties == nil || test.schema.AdditionalProperties.Allows {
			t.Errorf("%s is open in the schema", name)
		}
	}
}

func fieldsOf(value any) []string {
	var names []string
	for field := range reflect.TypeOf(value).Fields() {
		names = append(names, field.Tag.Get("json"))
	}
	return names
}
