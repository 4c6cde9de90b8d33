// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"maps"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// fullRelease is a release that has every field.
func fullRelease(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	return sample(t, "ModelRelease")
}

func releaseRows() map[string]row {
	rows := releaseDeclarationRows()
	maps.Copy(rows, releaseFleetRows())
	return rows
}

// revocationRows are about a revocation of either kind.
func revocationRows() map[string]row {
	const revocation = "spec.revocation."
	revoked := func(more ...change) change {
		return all(append([]change{set("spec.revocation", map[string]any{"severity": "Critical", "reason": "The weights leaked."})}, more...)...)
	}
	return map[string]row{
		"a revocation":                                             {revoked(), "", ""},
		"a revocation of another severity":                         {revoked(set(revocation+"severity", "Severe")), revocation + "severity", `supported values: "Advisory", "Critical"`},
		"a revocation without a severity":                          {revoked(drop(revocation + "severity")), revocation + "severity", "Required value"},
		"a revocation without a reason":                            {revoked(drop(revocation + "reason")), revocation + "reason", "Required value"},
		"a revocation with an empty reason":                        {revoked(set(revocation+"reason", "")), revocation + "reason", "at least 1 chars long"},
		"a revoker that somebody typed is replaced":                {revoked(set(revocation+"revokedBy", strings.Repeat("e", 600))), "", ""},
		"a reach that somebody typed is replaced, of a revocation": {revoked(set(revocation+"reach", "Galaxy")), "", ""},
	}
}

func releaseFleetRows() map[string]row {
	rows := map[string]row{
		"a release that is limited in another way":  {set("spec.limitBy", "Quota"), "spec.limitBy", `supported values: "SchedulingGates", "ScaleReplicas"`},
		"a release whose workloads are scaled":      {set("spec.limitBy", "ScaleReplicas"), "", ""},
		"a release made from nothing":               {set("spec.derivedFrom", map[string]any{}), "spec.derivedFrom.release", "Required value"},
		"a release made from one without a name":    {set("spec.derivedFrom.release", ""), "spec.derivedFrom.release", "at least 1 chars long"},
		"a release made from another":               {set("spec.derivedFrom.release", "base"), "", ""},
		"a fallback that is not named":              {set("spec.fallback", map[string]any{}), "spec.fallback.release", "Required value"},
		"a fallback whose name no release can have": {set("spec.fallback.release", strings.Repeat("m", 64)), "spec.fallback.release", "may not be more than 63"},
		"a fallback": {set("spec.fallback.release", "smaller"), "", ""},
	}
	maps.Copy(rows, revocationRows())
	return rows
}

func releaseDeclarationRows() map[string]row {
	const (
		name   = "metadata.name must be a DNS label of at most 63 characters: workloads claim the release by this name in a label"
		digest = "spec.artifacts[0].digest"
		free   = "spec.serving[0].freeValues[0]."
		env    = "spec.serving[0].env[2]."
		match  = "should match"
	)
	return map[string]row{
		"a name with a dot":                   {set("metadata.name", "example.model"), "<nil>", name},
		"a name that is too long for a label": {set("metadata.name", strings.Repeat("m", 64)), "<nil>", name},
		"a name of 63 characters":             {set("metadata.name", strings.Repeat("m", 63)), "", ""},
		"a container serves an artifact that is not there": {
			set("spec.serving[1].artifact", "guards"), "spec",
			"serving[].artifact names an artifact that spec.artifacts does not define; add it there or correct the name",
		},
		"a secret is written into the release": {
			set(env+"value", "hunter2"), env + "value",
			"value is for literal variables; a variable with source Secret has none",
		},
		"a variable that is the empty text":                {set("spec.serving[0].env[1].value", ""), "", ""},
		"a variable from a source that identifies nothing": {set(env+"source", "ConfigMap"), env + "source", `supported values: "Literal", "Secret"`},
		"a free value whose name is no word":               {set(free+"name", "GPU count"), free + "name", match},
		"a free value whose pattern does not close":        {set(free+"pattern", "[0-9"), free + "pattern", "pattern is not an RE2 regular expression"},
		"a free value without a pattern":                   {drop(free + "pattern"), free + "pattern", "Required value"},
		"an artifact by tag":                               {set(digest, "v1"), digest, match},
		"an artifact by another kind of digest":            {set(digest, "sha512:"+strings.Repeat("1", 64)), digest, match},
		"an artifact by a digest in capitals":              {set(digest, "sha256:"+strings.Repeat("A", 64)), digest, match},
		"an artifact without its digest":                   {drop(digest), digest, "Required value"},
		"an artifact of an unknown type":                   {set("spec.artifacts[0].type", "Model"), "spec.artifacts[0].type", `supported values: "Weights", "Adapter", "Tokenizer", "Configuration", "Server", "Safeguard"`},
		"an artifact in capitals":                          {all(set("spec.artifacts[0].name", "Weights")), "spec.artifacts[0].name", match},
		"two artifacts of one name":                        {set("spec.artifacts[1].name", "weights"), "spec.artifacts[1]", "Duplicate value"},
		"two artifacts of one digest":                      {set("spec.artifacts[1].digest", "sha256:"+strings.Repeat("1", 64)), "", ""},
		"a container whose name no pod can have":           {set("spec.serving[1].container", "Guard"), "spec.serving[1].container", match},
		"one container is declared twice":                  {set("spec.serving[1].container", "server"), "spec.serving[1]", "Duplicate value"},
		"a release of nothing":                             {all(drop("spec.serving"), set("spec.artifacts", []any{})), "spec.artifacts", "at least 1 items"},
		"a release that asks for nothing":                  {drop("spec.exposure"), "spec.exposure", "Required value"},
		"a release that declares no level":                 {drop("spec.level"), "spec.level", "Required value"},
		"a release that is evaluated now and then":         {set("spec.evaluations", "Sometimes"), "spec.evaluations", `supported values: "Manual", "Automatic"`},
		"a release without a policy":                       {set("spec.policy", ""), "spec.policy", "at least 1 chars long"},
		"a release that runs images as they are":           {drop("spec.serving"), "", ""},
		"a version that is a number in the YAML":           {set("spec.model.version", int64(20260301)), "spec.model.version", "must be of type string"},
	}
}
