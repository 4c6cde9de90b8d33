// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// recorded are eight records of the release m1, to which another evaluation came before each; the release with the last of them
// in its status; and the revision of its policy.
func recorded(t *testing.T) (records []v1alpha1.GateDecision, rest []client.Object) {
	t.Helper()
	policy, release := fixture.Policy("rsp", fixture.Defining("bio"), fixture.Requiring("ASL-2", "bio")), fixture.Release("m1")
	in := gate.Input{Now: fixture.Day(10), Release: release, Policy: policy, PolicyRevision: gate.Revision(&policy.Spec)}
	texts, err := audit.Texts(in)
	if err != nil {
		t.Fatal(err)
	}
	var after audit.Link
	for i := range 8 {
		in.Evaluations = append(in.Evaluations, fixture.Evaluation(fmt.Sprintf("bio-%d", i), "bio", "0.1", fixture.At(fixture.Day(i))))
		r, err := audit.New(after, in, gate.Decide(in), "v1.2.3")
		if err != nil {
			t.Fatal(err)
		}
		r.APIVersion, r.Kind = v1alpha1.SchemeGroupVersion.String(), "GateDecision"
		r.UID, r.CreationTimestamp = fixture.UID(r.Name), r.Spec.DecidedTime
		records, after = append(records, *r), audit.LinkTo(r, texts)
	}
	release.APIVersion, release.Kind = v1alpha1.SchemeGroupVersion.String(), "ModelRelease"
	release.Status.Decision = &after.DecisionReference
	rest = append(rest, release)
	for digest, text := range texts {
		p := &v1alpha1.PolicyRevision{Spec: v1alpha1.PolicyRevisionSpec{Policy: "rsp", Digest: digest, Text: text}}
		p.APIVersion, p.Kind, p.Name = v1alpha1.SchemeGroupVersion.String(), "PolicyRevision", "rsp-1"
		rest = append(rest, p)
	}
	return records, rest
}

// undigested stands words in for digests, which change with every word of the engine.
func undigested(text string) string {
	return regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAllString(text, "DIGEST")
}

// objects are the records, changed, and what belongs to them.
func objects(t *testing.T, change func([]v1alpha1.GateDecision) []v1alpha1.GateDecision) []client.Object {
	t.Helper()
	records, all := recorded(t)
	records = change(records)
	for i := range records {
		all = append(all, &records[i])
	}
	return all
}

func unchanged(r []v1alpha1.GateDecision) []v1alpha1.GateDecision { return r }

// damaged is a chain of which one record was changed, one is gone, and one has an input that was exchanged.
func damaged(r []v1alpha1.GateDecision) []v1alpha1.GateDecision {
	r[2].Spec.GrantedExposure = "Internal"
	r[6].Spec.Input = r[5].Spec.Input
	return slices.Delete(r, 4, 5)
}

func TestAudit(t *testing.T) {
	for name, test := range map[string]struct {
		change func([]v1alpha1.GateDecision) []v1alpha1.GateDecision
		args   []string
		code   int
		golden string
	}{
		"verify finds nothing":              {unchanged, []string{"audit", "verify", "-n", "serving"}, 0, "audit-verify.txt"},
		"verify finds what is wrong":        {damaged, []string{"audit", "verify", "-n", "serving", "m1"}, 2, "audit-verify-damaged.txt"},
		"verify prints the heads":           {unchanged, []string{"audit", "verify", "-A", "-o", "json"}, 0, "audit-verify.json"},
		"replay finds nothing":              {unchanged, []string{"audit", "replay", "-n", "serving", "m1"}, 0, "audit-replay.txt"},
		"replay finds what is wrong":        {damaged, []string{"audit", "replay", "-A"}, 2, "audit-replay-damaged.txt"},
		"replay could not do it all":        {withoutInput, []string{"audit", "replay", "-A"}, 3, "audit-replay-omitted.txt"},
		"there are no records at all":       {none, []string{"audit", "replay", "-A"}, 0, "audit-none.txt"},
		"all records of a release are gone": {none, []string{"audit", "verify", "-n", "serving", "m1"}, 2, "audit-verify-gone.txt"},
	} {
		t.Run(name, func(t *testing.T) {
			all := objects(t, test.change)
			got := run(t, cluster(t, nil, all...), test.args...)
			if got.code != test.code || got.errors != "" {
				t.Errorf("exit code %d, want %d; errors %q", got.code, test.code, got.errors)
			}
			golden(t, test.golden, undigested(got.out))
			dir := exported(t, all)
			offline := run(t, nil, append(slices.Clone(test.args), "-f", dir)...)
			if got != offline {
				t.Errorf("from files: %+v", offline)
			}
		})
	}
}

func none([]v1alpha1.GateDecision) []v1alpha1.GateDecision { return nil }

func withoutInput(r []v1alpha1.GateDecision) []v1alpha1.GateDecision {
	r[3].Spec.Input = ""
	r[4].Spec.Engine, r[4].Spec.DecisionDigest = "v1.1.0", fixture.SHA256("otherwise")
	return r
}

// exported writes objects into files of a directory as an export has them: some as YAML, the records as one list.
func exported(t *testing.T, all []client.Object) string {
	t.Helper()
	dir := t.TempDir()
	var list struct {
		Kind  string          `json:"kind"`
		Items []client.Object `json:"items"`
	}
	list.Kind = "List"
	var documents []string
	for _, o := range all {
		if _, ok := o.(*v1alpha1.GateDecision); ok {
			list.Items = append(list.Items, o)
			continue
		}
		text, err := yaml.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, string(text))
	}
	records, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"records.json": string(records), "rest.yaml": strings.Join(documents, "---\n"), "notes.txt": "{not read"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A tail that is gone from the cluster, its status changed with it, is found by what was printed earlier.
func TestAuditAgainstAnEarlierExport(t *testing.T) {
	file := filepath.Join(t.TempDir(), "heads.json")
	before := run(t, cluster(t, nil, objects(t, unchanged)...), "audit", "verify", "-A", "-o", "json")
	if err := os.WriteFile(file, []byte(before.out), 0o600); err != nil {
		t.Fatal(err)
	}
	shorter := objects(t, func(r []v1alpha1.GateDecision) []v1alpha1.GateDecision { return r[:5] })
	for _, o := range shorter {
		if r, ok := o.(*v1alpha1.ModelRelease); ok {
			r.Status.Decision = nil
		}
	}
	c := cluster(t, nil, shorter...)
	if got := run(t, c, "audit", "verify", "-A"); got.code != 0 {
		t.Errorf("without it: %+v", got)
	}
	got := run(t, c, "audit", "verify", "-n", "serving", "--against", file)
	if want := "the chain ends with number 5, and heads.json names number 8"; got.code != 2 || !strings.Contains(strings.Join(strings.Fields(got.out), " "), want) {
		t.Errorf("got %+v, want %q", got, want)
	}
	if got := run(t, c, "audit", "verify", "-n", "elsewhere", "--against", file); got.code != 0 {
		t.Errorf("of another namespace: %+v", got)
	}
}

func TestAuditRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a release in all namespaces":   {[]string{"audit", "verify", "-A", "m1"}, "RELEASE is in one namespace: leave --all-namespaces out, or RELEASE"},
		"a release without records":     {[]string{"audit", "verify", "-n", "serving", "typo"}, "there is no record of a release typo"},
		"a file that is not there":      {[]string{"audit", "verify", "-f", "missing.yaml"}, "reading missing.yaml"},
		"a file that is no YAML":        {[]string{"audit", "verify", "-f", write("bad.yaml", "a: [")}, "it is neither YAML nor JSON"},
		"a record of another form":      {[]string{"audit", "verify", "-f", write("odd.json", `{"kind":"GateDecision","spec":{"sequence":"one"}}`)}, "reading a GateDecision"},
		"heads that are not there":      {[]string{"audit", "verify", "--against", "missing.json"}, "reading --against"},
		"heads that are something else": {[]string{"audit", "verify", "--against", write("empty.json", "{}")}, "it names no record"},
		"a word that is no output":      {[]string{"audit", "verify", "-o", "wide"}, "it must be one of text, json, yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, cluster(t, nil, objects(t, unchanged)...), test.args...)
			if got.code != 1 || !strings.Contains(got.errors, test.want) {
				t.Errorf("got %+v, want %q", got, test.want)
			}
		})
	}
}

// A record that is made between two reads is no fault.
func TestAuditReadsAgain(t *testing.T) {
	records, rest := recorded(t)
	release, ok := rest[0].(*v1alpha1.ModelRelease)
	if !ok {
		t.Fatal("no release")
	}
	behind := release.DeepCopy()
	behind.Status.Decision = &v1alpha1.DecisionReference{Sequence: 7, Digest: records[6].Spec.Digest}
	all := []client.Object{behind}
	for i := range records {
		all = append(all, &records[i])
	}
	reads := 0
	c := cluster(t, nil, all...)
	growing := interceptor.NewClient(c, interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if reads++; reads == 2 {
				if err := c.Update(ctx, upToDate(t, c, release)); err != nil {
					return err
				}
			}
			return c.List(ctx, list, opts...)
		},
	})
	if got := run(t, growing, "audit", "verify", "-n", "serving"); got.code != 0 || reads < 3 {
		t.Errorf("got %+v after %d reads", got, reads)
	}
	stale := cluster(t, nil, all...)
	if got := run(t, stale, "audit", "verify", "-n", "serving"); got.code != 2 || !strings.Contains(got.out, string(audit.FaultAhead)) {
		t.Errorf("where it stays so: %+v", got)
	}
}

// upToDate is a release as it is stored, with the status of another.
func upToDate(t *testing.T, c client.Client, want *v1alpha1.ModelRelease) *v1alpha1.ModelRelease {
	t.Helper()
	stored := &v1alpha1.ModelRelease{}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(want), stored); err != nil {
		t.Fatal(err)
	}
	stored.Status = want.Status
	return stored
}
