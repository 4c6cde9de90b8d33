// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Rule describes a rule for SARIF.
type Rule struct {
	// ID is what findings call it.
	ID string
	// Text says in a sentence what it is about.
	Text string
	// Help is the address of what to read about it.
	Help string
}

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool    sarifTool     `json:"tool"`
	Columns string        `json:"columnKind"`
	Results []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	URI     string      `json:"informationUri"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID    string    `json:"id"`
	Short sarifText `json:"shortDescription"`
	Help  string    `json:"helpUri,omitempty"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
}

type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

// ProjectURI is where the project is.
const ProjectURI = "https://github.com/scalegate/scalegate"

// SARIF writes the report as SARIF 2.1.0: a result for each finding. describe says what is known of a rule; only rules that
// were found are written.
func (r *Report) SARIF(out io.Writer, version string, describe func(rule string) Rule) error {
	run := sarifRun{Columns: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "scalegate " + r.Command, Version: version, URI: ProjectURI, Rules: []sarifRule{}}
	var rules []string
	for i := range r.Cases {
		for j := range r.Cases[i].Findings {
			rules = append(rules, r.Cases[i].Findings[j].Rule)
		}
	}
	slices.Sort(rules)
	rules = slices.Compact(rules)
	for _, id := range rules {
		rule := describe(id)
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{ID: id, Short: sarifText{rule.Text}, Help: rule.Help})
	}
	for i := range r.Cases {
		c := &r.Cases[i]
		for j := range c.Findings {
			f := &c.Findings[j]
			index, _ := slices.BinarySearch(rules, f.Rule)
			run.Results = append(run.Results, sarifResult{
				RuleID: f.Rule, RuleIndex: index, Level: string(f.Severity), Message: sarifText{f.text()}, Locations: locations(c, f),
			})
		}
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	log := sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}}
	if err := encoder.Encode(log); err != nil {
		return fmt.Errorf("encoding as SARIF: %w", err)
	}
	return nil
}

func locations(c *Case, f *Finding) []sarifLocation {
	at := sarifLocation{Logical: []sarifLogical{{Name: c.Name, Kind: "object"}}}
	if f.File != "" {
		at.Physical = &sarifPhysical{Artifact: sarifArtifact{URI: uri(f.File)}}
		if f.Line > 0 {
			at.Physical.Region = &sarifRegion{StartLine: f.Line}
		}
	}
	return []sarifLocation{at}
}

// uri is a relative reference of a file, as SARIF wants it.
func uri(file string) string {
	parts := strings.Split(filepath.ToSlash(file), "/")
	for i, part := range parts {
		parts[i] = escape(part)
	}
	return strings.TrimPrefix(strings.Join(parts, "/"), "./")
}

// escape is a segment of a path in a URI. A colon would make a scheme of what stands before it.
func escape(segment string) string {
	b := &strings.Builder{}
	for _, c := range []byte(segment) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~@+=!$&'()*,;", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(b, "%%%02X", c)
		}
	}
	return b.String()
}
