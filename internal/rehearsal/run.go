// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/manifest"
	"github.com/scalegate/scalegate/internal/policycase"
	"github.com/scalegate/scalegate/internal/runs"
	"github.com/scalegate/scalegate/internal/schema"
	"github.com/scalegate/scalegate/internal/verdict"
)

// Rules of what a run finds.
const (
	RuleWrong   = "CaseWrong"
	RuleInvalid = "Invalid"
	RuleNoCases = "NoCases"
)

// Suite is a folder with a policy and its cases, and where it is.
type Suite struct {
	*policycase.Folder

	// Dir is the folder's path, as people wrote it.
	Dir string
}

// Run validates the policy and the suites of a folder, and runs the cases whose name, FOLDER/CASE, the filter matches. now is
// when the cases begin. An error says that a case could not be run at all.
func Run(ctx context.Context, known *schema.Kinds, suite Suite, filter *regexp.Regexp, now time.Time) ([]verdict.Case, error) {
	all := suite.validate(ctx, known)
	for i := range suite.Cases {
		c := &suite.Cases[i]
		if !filter.MatchString(suite.Name + "/" + c.File) {
			continue
		}
		start := now.UTC().Truncate(time.Second)
		place := policycase.Place{Namespace: "case", Policy: suite.Name, Start: start}
		result, err := policycase.Run(ctx, NewStore(known, start), place, suite.Folder, c)
		if err != nil {
			return all, fmt.Errorf("running %s/%s: %w", suite.Name, c.File, err)
		}
		all = append(all, suite.caseOf(&result))
	}
	return all, nil
}

// caseOf is what became of a case.
func (s Suite) caseOf(r *policycase.Result) verdict.Case {
	file := path.Join(s.Dir, "cases", r.Case+".yaml")
	c := verdict.Case{Suite: s.Name, Name: s.Name + "/" + r.Case, Outcome: verdict.Pass, Summary: r.Title, File: file, Line: 1}
	words := make([]string, len(r.Outcomes))
	for i, o := range r.Outcomes {
		words[i] = string(o)
	}
	if len(words) > 0 {
		c.Summary = strings.TrimSuffix(r.Title, ".") + ": " + strings.Join(words, " > ")
	}
	for _, wrong := range r.Wrong {
		c.Outcome = verdict.Blocked
		f := verdict.Finding{Rule: RuleWrong, Severity: verdict.SeverityError, Message: wrong, File: file}
		if found := regexp.MustCompile(`(?s)^line (\d+): (.*)$`).FindStringSubmatch(wrong); found != nil {
			f.Line, _ = strconv.Atoi(found[1])
			f.Message = found[2]
		}
		c.Findings = append(c.Findings, f)
	}
	return c
}

// validate finds what is wrong with the policy and its suites themselves: a case each that is not valid.
func (s Suite) validate(ctx context.Context, known *schema.Kinds) []verdict.Case {
	var all []verdict.Case
	documents := append([]policycase.Document{{Name: "policy.yaml", Data: s.Policy}}, suites(s.Suites)...)
	for _, d := range documents {
		file := path.Join(s.Dir, d.Name)
		c := verdict.Case{Suite: s.Name, Name: s.Name + "/" + d.Name, Outcome: verdict.Error, Summary: "it is not valid", File: file, Line: 1}
		if c.Findings = document(ctx, known, file, d.Data); len(c.Findings) > 0 {
			all = append(all, c)
		}
	}
	return all
}

func suites(documents []policycase.Document) []policycase.Document {
	all := make([]policycase.Document, len(documents))
	for i, d := range documents {
		all[i] = policycase.Document{Name: "suites/" + d.Name, Data: d.Data}
	}
	return all
}

func document(ctx context.Context, known *schema.Kinds, file string, data []byte) []verdict.Finding {
	problem := func(line int, field, format string, args ...any) verdict.Finding {
		return verdict.Finding{Rule: RuleInvalid, Severity: verdict.SeverityError, Field: field, Message: fmt.Sprintf(format, args...), File: file, Line: line}
	}
	objects, err := manifest.Read(file, data)
	if err != nil || len(objects) != 1 {
		return []verdict.Finding{problem(0, "", "it must hold one object that can be read: %v", err)}
	}
	o := &objects[0]
	var all []verdict.Finding
	if !known.Known(o.GVK()) {
		return []verdict.Finding{problem(o.Line, "kind", "%s is no kind of Scalegate", (&unstructured.Unstructured{Object: o.Content}).GetKind())}
	}
	_, errs := known.Validate(ctx, o.Content)
	for _, e := range errs {
		all = append(all, problem(o.LineOf(e.Field), e.Field, "%s", e.ErrorBody()))
	}
	if len(errs) > 0 || o.GVK().Kind != "EvaluationSuite" {
		return all
	}
	suite := &v1alpha1.EvaluationSuite{}
	if err := yaml.UnmarshalStrict(data, suite); err != nil {
		return []verdict.Finding{problem(o.Line, "", "%v", err)}
	}
	for _, e := range runs.Validate(suite) {
		all = append(all, problem(o.LineOf(e.Field), e.Field, "%s", e.ErrorBody()))
	}
	return all
}
