// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	neutralVersion = "results.scalegate.dev/v1"
	neutralKind    = "EvaluationResult"
)

// neutral reads the format that Scalegate defines for evaluations no known tool ran:
// docs/reference/result.schema.json. It is closed: a field that is not in the schema is refused, so that a
// misspelt count is not an unknown one.
type neutral struct{}

func (neutral) name() Format { return Neutral }

func (neutral) sections() []string {
	return []string{
		"apiVersion", "kind", "tool", "suite", "runID", "model", "modelPin", "limit", "startedOn", "finishedOn",
		"status", "metrics",
	}
}

func (neutral) claims(f *file) bool {
	return f.document != nil && string(f.document.sections["apiVersion"]) == strconv.Quote(neutralVersion) &&
		string(f.document.sections["kind"]) == strconv.Quote(neutralKind)
}

// neutralNamed is a name with a version.
type neutralNamed struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// neutralMetric is one entry of metrics. Its json names are those of the schema.
type neutralMetric struct {
	Name           string        `json:"name"`
	Value          neutralNumber `json:"value"`
	StandardError  neutralNumber `json:"standardError"`
	Low95          neutralNumber `json:"low95"`
	High95         neutralNumber `json:"high95"`
	Planned        count         `json:"planned"`
	Judged         count         `json:"judged"`
	Unjudged       count         `json:"unjudged"`
	Errored        count         `json:"errored"`
	Scale          string        `json:"scale"`
	HigherIsBetter *bool         `json:"higherIsBetter"`
}

// neutralHeader are the fields above metrics.
type neutralHeader struct {
	Tool       neutralNamed `json:"tool"`
	Suite      neutralNamed `json:"suite"`
	RunID      string       `json:"runID"`
	Model      string       `json:"model"`
	ModelPin   string       `json:"modelPin"`
	Limit      string       `json:"limit"`
	StartedOn  string       `json:"startedOn"`
	FinishedOn string       `json:"finishedOn"`
	Status     string       `json:"status"`
}

func (neutral) measure(f *file) (Measurement, error) {
	doc := f.document
	for name := range doc.kinds {
		if !slices.Contains((neutral{}).sections(), name) {
			return Measurement{}, unreadable("%q is not a field of %s", cut(smallestUnknown(doc)), neutralKind)
		}
	}
	var h neutralHeader
	if err := h.decode(doc); err != nil {
		return Measurement{}, err
	}
	m, err := h.measurement()
	if err != nil {
		return Measurement{}, err
	}
	m.Results, err = neutralMetrics(doc, h)
	return m, err
}

// smallestUnknown makes the message the same in each reading.
func smallestUnknown(doc *document) string {
	var unknown []string
	for name := range doc.kinds {
		if !slices.Contains((neutral{}).sections(), name) {
			unknown = append(unknown, name)
		}
	}
	return slices.Min(unknown)
}

func (h *neutralHeader) decode(doc *document) error {
	for _, field := range []struct {
		name     string
		target   any
		required bool
	}{
		{"tool", &h.Tool, true}, {"suite", &h.Suite, true}, {"runID", &h.RunID, true}, {"model", &h.Model, false},
		{"modelPin", &h.ModelPin, false}, {"limit", &h.Limit, false}, {"startedOn", &h.StartedOn, false},
		{"finishedOn", &h.FinishedOn, false}, {"status", &h.Status, true},
	} {
		kind, ok := doc.kinds[field.name]
		if !ok && field.required {
			return unreadable("%q is missing", field.name)
		}
		if !ok {
			continue
		}
		if kind == 'n' {
			return unreadable("%q is null: leave it out where nothing is known", field.name)
		}
		section, kept := doc.sections[field.name]
		if !kept {
			return doc.decode(field.name, field.target)
		}
		if err := decodeClosed(field.name, section, field.target); err != nil {
			return err
		}
	}
	return nil
}

// decodeClosed is decodeValue that refuses members the target has no field for.
func decodeClosed(name string, value jsontext.Value, target any) error {
	err := json.Unmarshal(value, target, jsontext.AllowInvalidUTF8(true), json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	path := name
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		path += string(semantic.JSONPointer)
	}
	switch {
	case errors.Is(err, json.ErrUnknownName):
		return unreadable("%q is not a field of %s", cut(path), neutralKind)
	case errors.Is(err, errNotCount), errors.Is(err, errNotNumber):
		return unreadable("%q is %s", cut(path), rootCause(err))
	}
	return unreadable("%q is not of the type the format gives it", cut(path))
}

func rootCause(err error) string {
	for _, cause := range []error{errNotCount, errNotNumber} {
		if errors.Is(err, cause) {
			return cause.Error()
		}
	}
	return err.Error()
}

func (h *neutralHeader) measurement() (Measurement, error) {
	for _, field := range []struct {
		path, value string
		required    bool
	}{
		{"tool/name", h.Tool.Name, true}, {"tool/version", h.Tool.Version, false},
		{"suite/name", h.Suite.Name, true}, {"suite/version", h.Suite.Version, false},
		{"runID", h.RunID, true}, {"model", h.Model, false}, {"modelPin", h.ModelPin, false}, {"limit", h.Limit, false},
	} {
		if field.required && field.value == "" {
			return Measurement{}, unreadable("%q is missing or empty", field.path)
		}
		if err := checkName(field.path, field.value); err != nil {
			return Measurement{}, err
		}
	}
	m := Measurement{
		Tool: h.Tool.Name, ToolVersion: h.Tool.Version, Task: h.Suite.Name, RunID: h.RunID, Model: h.Model,
		ModelPin: h.ModelPin, Limit: h.Limit,
	}
	if m.Limit != "" {
		m.Warnings = append(m.Warnings, "only a part of the suite was run (limit "+cut(m.Limit)+")")
	}
	if err := h.times(&m); err != nil {
		return Measurement{}, err
	}
	switch h.Status {
	case "finished":
		if m.Ended == nil {
			return Measurement{}, unreadable("\"finishedOn\" is missing: a finished run states when it ended")
		}
		m.Finished, m.EndMarker = true, `status is "finished"`
	case "running":
		m.Unfinished = `status is "running": the run is still going, or it was killed`
	case "cancelled":
		m.Unfinished = `status is "cancelled": somebody stopped the run`
	case "error":
		m.Unfinished = `status is "error": the run broke off`
	default:
		return Measurement{}, unreadable("\"status\" is none of finished, cancelled, error and running")
	}
	return m, nil
}

func (h *neutralHeader) times(m *Measurement) error {
	for _, at := range []struct {
		path, text string
		to         **time.Time
	}{{"startedOn", h.StartedOn, &m.Started}, {"finishedOn", h.FinishedOn, &m.Ended}} {
		claimed, local, err := claimedTime(at.path, at.text)
		if err != nil {
			return err
		}
		if local {
			return unreadable("%q has no zone: write 2026-01-31T12:00:00Z, or with an offset", at.path)
		}
		*at.to = claimed
	}
	if m.Started != nil && m.Ended != nil && m.Ended.Before(*m.Started) {
		return unreadable("\"finishedOn\" is before \"startedOn\"")
	}
	return nil
}

// neutralMetrics reads the metrics, which may be none: nothing was measured then.
func neutralMetrics(doc *document, h neutralHeader) ([]Result, error) {
	if !doc.is("metrics", '[') {
		return nil, unreadable("\"metrics\" is missing, or not a list")
	}
	var section jsontext.Value
	if err := doc.decode("metrics", &section); err != nil {
		return nil, err
	}
	var results []Result
	seen := map[string]bool{}
	err := eachElement("metrics", section, func(value jsontext.Value) error {
		path := "metrics/" + strconv.Itoa(len(results))
		if len(results) == doc.limits.Results {
			return tooManyResults(doc.limits)
		}
		var metric neutralMetric
		if err := decodeClosed(path, value, &metric); err != nil {
			return err
		}
		if seen[metric.Name] {
			return unreadable("%q is the name of two metrics", cut(metric.Name))
		}
		seen[metric.Name] = true
		r, err := metric.result(path)
		r.Task, r.TaskVersion = h.Suite.Name, h.Suite.Version
		results = append(results, r)
		return err
	})
	slices.SortStableFunc(results, bySelector)
	return results, err
}

// result checks a metric and makes the result of it.
func (n neutralMetric) result(path string) (Result, error) {
	if n.Name == "" {
		return Result{}, unreadable("%q is missing or empty", path+"/name")
	}
	if err := checkName(path+"/name", n.Name); err != nil {
		return Result{}, err
	}
	if !slices.Contains([]string{"", "0..1", "0..100", "1..5", "count"}, n.Scale) {
		return Result{}, unreadable("%q is none of 0..1, 0..100, 1..5 and count", path+"/scale")
	}
	if n.StandardError.negative() {
		return Result{}, unreadable("%q is negative", path+"/standardError")
	}
	if (n.Low95.decimal == "") != (n.High95.decimal == "") {
		return Result{}, unreadable("%q and \"high95\" go together", path+"/low95")
	}
	if n.Planned.n != nil && n.Judged.n != nil && *n.Judged.n > *n.Planned.n {
		return Result{}, unreadable("%q is more than \"planned\"", path+"/judged")
	}
	if err := n.checkOrder(path); err != nil {
		return Result{}, err
	}
	r := Result{
		Selector: n.Name, Scale: n.Scale, HigherIsBetter: n.HigherIsBetter,
		Planned: n.Planned.n, Judged: n.Judged.n, Unjudged: n.Unjudged.n, Errored: n.Errored.n,
	}
	if r.Judged == nil || *r.Judged > 0 {
		r.Value = string(n.Value.decimal)
	}
	if r.HasData() {
		r.StandardError, r.Low, r.High = string(n.StandardError.decimal), string(n.Low95.decimal), string(n.High95.decimal)
	}
	return r, nil
}

// checkOrder holds the numbers to their scale, and the value to its interval.
func (n neutralMetric) checkOrder(path string) error {
	lowest, highest := scaleBounds(n.Scale)
	for _, number := range []struct {
		name string
		decimal
	}{{"value", n.Value.decimal}, {"low95", n.Low95.decimal}, {"high95", n.High95.decimal}} {
		if number.decimal == "" {
			continue
		}
		value := rational(string(number.decimal))
		if lowest != nil && value.Cmp(lowest) < 0 || highest != nil && value.Cmp(highest) > 0 {
			return unreadable("%q is outside of the scale %s", path+"/"+number.name, n.Scale)
		}
	}
	if n.Low95.decimal == "" || n.Value.decimal == "" {
		return nil
	}
	low, value, high := rational(string(n.Low95.decimal)), rational(string(n.Value.decimal)), rational(string(n.High95.decimal))
	if low.Cmp(value) > 0 || value.Cmp(high) > 0 {
		return unreadable("%q is not between \"low95\" and \"high95\"", path+"/value")
	}
	return nil
}

// scaleBounds are the least and the greatest number of a scale, nil where there is none.
func scaleBounds(scale string) (lowest, highest *big.Rat) {
	switch scale {
	case "0..1":
		return new(big.Rat), big.NewRat(1, 1)
	case "0..100":
		return new(big.Rat), big.NewRat(100, 1)
	case "1..5":
		return big.NewRat(1, 1), big.NewRat(5, 1)
	case "count":
		return new(big.Rat), nil
	}
	return nil, nil
}

var errNotNumber = errors.New(`neither a number, nor a decimal in quotes such as "0.25", nor null`)

// neutralNumber is a number, or a string with a decimal: writers that hold decimals exactly keep them so.
type neutralNumber struct{ decimal }

// UnmarshalJSON takes null as no data, and refuses what is no number.
func (n *neutralNumber) UnmarshalJSON(value []byte) error {
	n.decimal = ""
	switch v := jsontext.Value(value); v.Kind() {
	case 'n':
		return nil
	case '"':
		text, err := jsontext.AppendUnquote(nil, value)
		if err != nil {
			return errNotNumber
		}
		value = text
	case '0':
	default:
		return errNotNumber
	}
	if n.decimal = decimal(plainDecimalOf(string(value))); n.decimal == "" {
		return errNotNumber
	}
	return nil
}
