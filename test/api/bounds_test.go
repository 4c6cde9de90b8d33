// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ofKubernetes matches the fields whose schema is not ours to bound or describe: those of every
// object, and those of metav1.Condition.
func ofKubernetes() *regexp.Regexp {
	return regexp.MustCompile(`^(apiVersion|kind|metadata)$|^status\.conditions\[\]`)
}

// stamped matches the fields in which whatever somebody types is replaced before it could break a rule: on every kind that
// a policy stamps. What the schema says of them without those policies is tried in test/bypass.
func stamped() *regexp.Regexp {
	return regexp.MustCompile(`^spec\.((evaluator|approver)(Groups(\[\])?)?|reach|revocation\.(revokedBy|reach)|requester|author|authors(\[\])?)$`)
}

func TestEverythingIsBounded(t *testing.T) {
	for _, kind := range kinds() {
		for _, f := range fields(t, kind) {
			if !ofKubernetes().MatchString(f.path) {
				for _, lack := range unbounded(f) {
					t.Errorf("%s %s has no %s", kind, f.path, lack)
				}
			}
		}
	}
}

func unbounded(f field) []string {
	s := f.schema
	var lacks []string
	lack := func(missing bool, what string) {
		if missing {
			lacks = append(lacks, what)
		}
	}
	switch s.Type {
	case "string":
		lack(s.MaxLength == nil && s.Enum == nil && s.Format != "date-time", "maxLength, enum or time format")
	case "array":
		lack(s.MaxItems == nil, "maxItems")
		lack(s.XListType == nil, "x-kubernetes-list-type")
	case "integer":
		lack(s.Minimum == nil, "minimum")
		// What people write has an upper end; what is counted has the one of its type.
		lack(s.Maximum == nil && strings.HasPrefix(f.path, "spec"), "maximum")
	case "object":
		lack(len(s.Properties) == 0, "properties")
		lack(s.AdditionalProperties != nil, "fixed set of properties")
		lack(s.XPreserveUnknownFields != nil, "end")
	default:
		lack(true, "type with bounds, but is a "+s.Type)
	}
	return lacks
}

// TestEveryBoundIsHeld goes one step past every size in spec, leaves out every required field and
// doubles the items of every map and set, each by itself.
func TestEveryBoundIsHeld(t *testing.T) {
	bases := map[string]func(*testing.T) *unstructured.Unstructured{
		"SafetyPolicy": fullPolicy, "ModelRelease": fullRelease, "SafetyEvaluation": fullEvaluation, "AdverseFinding": fullFinding,
		"ReleaseApproval": fullApproval, "ReleaseWaiver": full("ReleaseWaiver"), "ReleaseDetermination": full("ReleaseDetermination"),
		"PolicyApproval": full("PolicyApproval"), "PolicyRevision": fullRevision, "GateDecision": fullDecision,
	}
	for kind, base := range bases {
		t.Run(kind, func(t *testing.T) {
			object := base(t)
			for _, f := range fields(t, kind) {
				if !strings.HasPrefix(f.path, "spec") || stamped().MatchString(f.path) {
					continue
				}
				for _, row := range transgressions(f, object.Object) {
					past := object.DeepCopy()
					row.change(past.Object)
					err := create(t, past)
					if err == nil || !slices.ContainsFunc(causes(err), row.explains) {
						t.Errorf("want %s: %s; got %v", row.field, row.message, err)
					}
				}
			}
		})
	}
}

func (r row) explains(cause metav1.StatusCause) bool {
	return cause.Field == r.field && strings.Contains(cause.Message, r.message)
}

// fullFinding has every field of a finding; only its bounds are tried, for no finding is made
// with a resolution.
func fullFinding(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	full := finding(t, "bio-uplift-full")
	all(set("spec.resolution", resolution()), set("spec.resolution.resolvedBy", "alice"))(full.Object)
	return full
}

// fullApproval has every field of an approval, one of a waiver.
func fullApproval(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	approval := sample(t, "ReleaseApproval")
	set("spec.regarding", someWaiver("ReleaseWaiver"))(approval.Object)
	return approval
}

// transgressions are the rows of a field that its schema must refuse, on the first item of every list.
func transgressions(f field, object map[string]any) []row {
	path, s := strings.ReplaceAll(f.path, "[]", "[0]"), f.schema
	var rows []row
	add := func(value any, field, format string, args ...any) {
		rows = append(rows, row{set(path, value), field, fmt.Sprintf(format, args...)})
	}
	if f.required {
		rows = append(rows, row{drop(path), path, "Required value"})
	}
	if s.MaxLength != nil {
		add(strings.Repeat("a", int(*s.MaxLength)+1), path, "may not be more than %d bytes", *s.MaxLength)
	}
	if s.MinLength != nil {
		add("", path, "should be at least %d chars long", *s.MinLength)
	}
	if s.MinItems != nil {
		add([]any{}, path, "should have at least %d items", *s.MinItems)
	}
	if s.MaxItems != nil {
		many := slices.Repeat([]any{item(path, object)}, int(*s.MaxItems)+1)
		add(many, path, "must have at most %d items", *s.MaxItems)
	}
	if s.XListType != nil && *s.XListType != "atomic" {
		add(slices.Repeat([]any{item(path, object)}, 2), path+"[1]", "Duplicate value")
	}
	return rows
}

// item is the first item of a list.
func item(path string, object map[string]any) any {
	return get(object, path+"[0]")
}
