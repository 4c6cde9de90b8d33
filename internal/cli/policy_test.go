// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/revision"
)

// policyFile is a file with an object.
func policyFile(t *testing.T, name string, object any) string {
	t.Helper()
	data, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func diffed(modifiers ...func(*v1alpha1.SafetyPolicy)) *v1alpha1.SafetyPolicy {
	p := fixture.Policy("rsp", append([]func(*v1alpha1.SafetyPolicy){
		fixture.Defining("bio"), fixture.Defining("card"), fixture.Requiring("ASL-2", "card"), fixture.Raising("CBRN-3", "ASL-3", "bio"),
	}, modifiers...)...)
	p.APIVersion, p.Kind = v1alpha1.SchemeGroupVersion.String(), "SafetyPolicy"
	return p
}

// revisionOf is the record of a policy's text.
func revisionOf(t *testing.T, name string, p *v1alpha1.SafetyPolicy) *v1alpha1.PolicyRevision {
	t.Helper()
	text, err := revision.TextOf(&p.Spec)
	if err != nil {
		t.Fatal(err)
	}
	record := &v1alpha1.PolicyRevision{Spec: v1alpha1.PolicyRevisionSpec{
		Policy: p.Name, Sequence: 1, Revision: text.Revision, Digest: text.Digest, Text: text.JSON, Effect: v1alpha1.EffectInitial,
	}}
	record.Name, record.APIVersion, record.Kind = name, p.APIVersion, "PolicyRevision"
	return record
}

func mixed(p *v1alpha1.SafetyPolicy) {
	p.Spec.Requirements[0].Evaluation.ClearAt = "0.1"
	p.Spec.Requirements[1].ValidForDays = 200
	p.Spec.Source = &v1alpha1.PolicySource{Title: "Responsible scaling policy"}
	p.Spec.Exposures[2].MaxReplicas = new(int32(64))
	p.Spec.Companions = []v1alpha1.Companion{{Name: "proxy", Image: "registry.example/proxy@" + string(fixture.Digest("proxy"))}}
}

func TestPolicyDiff(t *testing.T) {
	before, after := diffed(), diffed(mixed)
	strict := diffed(func(p *v1alpha1.SafetyPolicy) { p.Spec.Requirements[0].Evaluation.ClearAt = "0.1" })
	record := revisionOf(t, "rsp-1", before)
	forged := revisionOf(t, "rsp-2", before)
	forged.Spec.Text = "{}"
	old, changed, stricter, two := policyFile(t, "old.yaml", before), policyFile(t, "new.yaml", after), policyFile(t, "strict.yaml", strict), filepath.Join(t.TempDir(), "two.yaml")
	data, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(two, append(append(data, "---\n"...), data...), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args       []string
		wantCode   int
		wantOut    []string
		wantErrors []string
	}{
		"the same text":                {[]string{old, old}, 0, []string{"The texts are the same."}, nil},
		"a stricter one":               {[]string{old, stricter}, 0, []string{"spec.requirements[bio].evaluation.clearAt", "Strengthening: 0 weaken the policy, 1 strengthen it, 0 neither."}, nil},
		"a weaker one":                 {[]string{stricter, old}, 2, []string{"Weakening: 1 weaken the policy"}, nil},
		"a policy of the cluster":      {[]string{"safetypolicy/rsp", stricter}, 0, []string{"Strengthening"}, nil},
		"a revision of the cluster":    {[]string{"policyrevision/rsp-1", changed}, 2, []string{"spec.companions[proxy]"}, nil},
		"as data":                      {[]string{"-o", "json", old, changed}, 2, []string{`"effect": "Weakening"`, `"item": "spec.source.title"`}, nil},
		"the same text as data":        {[]string{"-o", "yaml", old, old}, 0, []string{"changes: []", "effect: Neutral"}, nil},
		"a file that is not there":     {[]string{"nowhere.yaml", old}, 1, nil, []string{"nowhere.yaml", "safetypolicy/NAME"}},
		"a policy that is not there":   {[]string{"spol/other", old}, 1, nil, []string{"there is no SafetyPolicy other"}},
		"a revision that was tampered": {[]string{"prev/rsp-2", old}, 1, nil, []string{"another text than its digest says"}},
		"a file of two policies":       {[]string{two, old}, 1, nil, []string{"more than one SafetyPolicy"}},
		"a file of something else":     {[]string{policyFile(t, "release.yaml", fixture.Release("m1")), old}, 1, nil, []string{"no SafetyPolicy"}},
		"standard input for both":      {[]string{"-", "-"}, 1, nil, []string{"only one of the texts can be standard input"}},
		"a file of a field not known":  {[]string{policyFile(t, "typo.yaml", map[string]any{"apiVersion": before.APIVersion, "kind": before.Kind, "spec": map[string]any{"exposure": 1}}), old}, 1, nil, []string{"exposure"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, cluster(t, nil, before, record, forged), append([]string{"policy", "diff"}, tc.args...)...)
			if got.code != tc.wantCode {
				t.Errorf("code %d, want %d: %s%s", got.code, tc.wantCode, got.out, got.errors)
			}
			contains(t, got.out, tc.wantOut)
			contains(t, got.errors, tc.wantErrors)
		})
	}
}

func TestPolicyDiffTranscript(t *testing.T) {
	old, changed := policyFile(t, "old.yaml", diffed()), policyFile(t, "new.yaml", diffed(mixed))
	golden(t, "policy-diff.txt", run(t, cluster(t, nil), "policy", "diff", old, changed).out)
}
