// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// inspectLog is an Inspect log with the result of one scorer, and whatever else as the input of its one sample.
func inspectLog(status, metric, value, sample string) string {
	return fmt.Sprintf(`{
  "version": 2, "status": %q,
  "eval": {"eval_id": "eval-1", "run_id": "run-1", "task_id": "task-1", "created": "2026-01-05T09:00:00+00:00",
    "task": "labs/bio", "task_version": 1, "dataset": {"name": "bio", "samples": 100},
    "model": "labs/m1", "config": {}, "packages": {"inspect_ai": "0.3.211"}},
  "plan": {"name": "plan", "steps": [], "config": {}},
  "results": {"total_samples": 100, "completed_samples": 100, "scores": [
    {"name": "scorer", "scorer": "scorer", "scored_samples": 100, "unscored_samples": 0,
     "metrics": {%q: {"name": %q, "value": %s}}}]},
  "stats": {"started_at": "2026-01-05T09:00:01+00:00", "completed_at": "2026-01-05T10:30:00+00:00"},
  "samples": [{"id": 1, "epoch": 1, "input": %q, "target": "No"}]
}
`, status, metric, metric, value, sample)
}

func written(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func digestOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// importing are the arguments that import a file for bio.
func importing(path string, more ...string) []string {
	return append([]string{"evaluation", "import", path, "--release", "m1", "--requirement", "bio", "-n", "serving"}, more...)
}

// stored reads what an import of the content made.
func readBack(t *testing.T, c client.Client, name string) (*v1alpha1.SafetyEvaluation, *corev1.ConfigMap) {
	t.Helper()
	key := client.ObjectKey{Namespace: fixture.Namespace, Name: name}
	e, file := &v1alpha1.SafetyEvaluation{}, &corev1.ConfigMap{}
	if err := c.Get(t.Context(), key, e); client.IgnoreNotFound(err) != nil {
		t.Fatal(err)
	} else if err != nil {
		e = nil
	}
	if err := c.Get(t.Context(), key, file); client.IgnoreNotFound(err) != nil {
		t.Fatal(err)
	} else if err != nil {
		file = nil
	}
	return e, file
}

func TestImportStoresTheEvaluationWithItsFile(t *testing.T) {
	c := cluster(t, nil, world()...)
	content := inspectLog("success", "bio", "0.1", "?")
	name := "m1-bio-" + digestOf(content)[:10]
	got := run(t, c, importing(written(t, "bio.json", content))...)
	if got.code != 0 || got.errors != "" {
		t.Fatalf("code %d: %s", got.code, got.errors)
	}
	golden(t, "import.txt", got.out)
	e, file := readBack(t, c, name)
	if e == nil || file == nil {
		t.Fatalf("stored %v and %v", e, file)
	}
	want := v1alpha1.SafetyEvaluationSpec{
		Subject: v1alpha1.EvaluationSubject{
			Release: "m1", Artifacts: gate.Artifacts(fixture.Release("m1")), Relation: v1alpha1.RelationExact,
		},
		Requirement: "bio",
		Report: &v1alpha1.Report{
			ConfigMap: &v1alpha1.ConfigMapKey{Name: name, Key: "report"}, SHA256: digestOf(content),
		},
	}
	if diff := cmp.Diff(want, e.Spec); diff != "" {
		t.Error(diff)
	}
	if file.Immutable == nil || !*file.Immutable {
		t.Error("the ConfigMap is not immutable")
	}
	owners := []metav1.OwnerReference{{APIVersion: "scalegate.dev/v1alpha1", Kind: "SafetyEvaluation", Name: name, UID: e.UID}}
	if diff := cmp.Diff(owners, file.OwnerReferences); diff != "" {
		t.Error(diff)
	}
	if file.Annotations["scalegate.dev/file"] != "bio.json" {
		t.Errorf("annotations %v", file.Annotations)
	}
	r, err := gzip.NewReader(bytes.NewReader(file.BinaryData["report"]))
	if err != nil {
		t.Fatal(err)
	}
	if back, err := io.ReadAll(r); err != nil || string(back) != content {
		t.Errorf("stored %q, %v", back, err)
	}
}

func TestImportingAgainChangesNothing(t *testing.T) {
	creations := 0
	c := cluster(t, func(verb string, _ any, _ string) error {
		if verb == "create" {
			creations++
		}
		return nil
	}, world()...)
	content := inspectLog("success", "bio", "0.1", "?")
	args := importing(written(t, "bio.json", content))
	if got := run(t, c, args...); got.code != 0 {
		t.Fatal(got.errors)
	}
	e, file := readBack(t, c, "m1-bio-"+digestOf(content)[:10])
	got := run(t, c, args...)
	if got.code != 0 || !strings.Contains(got.out, "exists: the file is already imported") {
		t.Errorf("again: %+v", got)
	}
	e2, file2 := readBack(t, c, e.Name)
	if diff := cmp.Diff(e, e2) + cmp.Diff(file, file2); diff != "" {
		t.Error(diff)
	}
	if creations != 4 {
		t.Errorf("%d creations were asked for, want 4", creations)
	}
}

func TestImportWhoseFileCannotBeStored(t *testing.T) {
	content := inspectLog("success", "bio", "0.1", "?")
	name := "m1-bio-" + digestOf(content)[:10]
	quota := func(verb string, object any) error {
		if _, ok := object.(*corev1.ConfigMap); ok && verb == "create" {
			return errors.New("exceeded quota")
		}
		return nil
	}
	t.Run("takes the evaluation back", func(t *testing.T) {
		c := cluster(t, func(verb string, object any, _ string) error { return quota(verb, object) }, world()...)
		got := run(t, c, importing(written(t, "bio.json", content))...)
		if got.code != 1 || !strings.Contains(got.errors, "creating ConfigMap "+name+": exceeded quota") {
			t.Errorf("got %+v", got)
		}
		if e, _ := readBack(t, c, name); e != nil {
			t.Error("the evaluation is still there")
		}
	})
	t.Run("leaves an evaluation that may not be deleted, says so, and completes it the next time", func(t *testing.T) {
		full := true
		c := cluster(t, func(verb string, object any, _ string) error {
			if full && verb == "delete" {
				return forbidden(verb, "safetyevaluations")
			}
			if full {
				return quota(verb, object)
			}
			return nil
		}, world()...)
		args := importing(written(t, "bio.json", content))
		got := run(t, c, args...)
		if got.code != 1 || !strings.Contains(got.errors, "import once more to complete it, or delete it yourself") {
			t.Errorf("got %+v", got)
		}
		full = false
		got = run(t, c, args...)
		if got.code != 0 || !strings.Contains(got.out, "exists and waited for its file") {
			t.Errorf("got %+v", got)
		}
		if e, file := readBack(t, c, name); file == nil || file.OwnerReferences[0].UID != e.UID {
			t.Errorf("stored %v", file)
		}
	})
	t.Run("does not take the ConfigMap of another", func(t *testing.T) {
		other := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: fixture.Namespace}}
		c := cluster(t, nil, world(other)...)
		got := run(t, c, importing(written(t, "bio.json", content))...)
		if got.code != 1 || !strings.Contains(got.errors, "one of that name exists") {
			t.Errorf("got %+v", got)
		}
		if e, file := readBack(t, c, name); e != nil || len(file.BinaryData) != 0 {
			t.Errorf("stored %v and %v", e, file)
		}
	})
}

func TestImportOfWhatIsUnfavourable(t *testing.T) {
	for name, tc := range map[string]struct {
		status, value string
		want          []string
	}{
		"a result that fails is imported, and its effect said": {"success", "0.9", []string{
			"would be   Failed: the result fails the requirement. An AdverseFinding would be recorded",
			"General is granted now, nothing would be then (AdverseFinding); pods that serve more would be deleted",
		}},
		"a result between the bounds is imported": {"success", "0.3", []string{"would be   Indeterminate: scorer/bio is 0.3"}},
		"a run that did not end is imported with a warning": {"cancelled", "0.1", []string{
			"problem ", "warning    the result cannot be used; it may be imported, and replaces nothing", "would be   Met",
		}},
		"a result that is not a number is imported with a warning": {"success", "NaN", []string{
			"measured   no value", "warning    the result cannot be used", "would be   Met",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := cluster(t, nil, world(evaluated("bio-0", "bio", "0.1", fixture.At(fixture.Day(1))))...)
			content := inspectLog(tc.status, "bio", tc.value, "?")
			got := run(t, c, importing(written(t, "bio.json", content))...)
			if got.code != 0 {
				t.Errorf("code %d: %s", got.code, got.errors)
			}
			contains(t, got.out, tc.want)
			if e, file := readBack(t, c, "m1-bio-"+digestOf(content)[:10]); e == nil || file == nil {
				t.Error("it was not imported")
			}
		})
	}
}

func TestImportRefuses(t *testing.T) {
	good := inspectLog("success", "bio", "0.1", "?")
	weights := string(fixture.Digest("other"))
	for name, tc := range map[string]struct {
		content string
		args    []string
		without bool
		want    []string
	}{
		"a metric that is not in the file": {
			content: inspectLog("success", "harm", "0.1", "?"),
			want:    []string{"requirement bio of SafetyPolicy rsp", `metric "scorer/bio" is not in the result file; name one of: "scorer/harm"`, "evaluation.metric"},
		},
		"a file of no known format":       {content: `{"hello": 1}`, want: []string{"unreadable result file", "nothing was imported"}},
		"a file that ends in the middle":  {content: good[:len(good)/2], want: []string{"unreadable result file"}},
		"an empty file":                   {content: " ", want: []string{"unreadable result file"}},
		"a file that is compressed":       {content: "\x1f\x8b\x08", want: []string{"is compressed with gzip: decompress it first"}},
		"a requirement that is not there": {content: good, args: []string{"--requirement", "biology"}, want: []string{"--requirement biology is not a requirement of SafetyPolicy rsp; it has: bio, card"}},
		"a release that is not there":     {content: good, args: []string{"--release", "m9"}, want: []string{"there is no ModelRelease m9"}},
		"a release without its policy":    {content: good, without: true, want: []string{"SafetyPolicy rsp of release m1 does not exist", "create the policy first"}},
		"a name that is none":             {content: good, args: []string{"--name", "Bio Run"}, want: []string{`--name "Bio Run" cannot name an object`}},
		"the name of something else":      {content: good, args: []string{"--name", "card-1"}, want: []string{"creating SafetyEvaluation card-1: one of that name exists and says something else", "give another --name"}},
		"tested without a relation":       {content: good, args: []string{"--tested", "Weights=" + weights}, want: []string{"--tested is for another --relation than Exact"}},
		"a relation without tested":       {content: good, args: []string{"--relation", "EarlierSnapshot"}, want: []string{"--relation EarlierSnapshot needs --tested"}},
		"a relation that does not exist":  {content: good, args: []string{"--relation", "Similar"}, want: []string{"--relation", "it must be one of Exact, HelpfulOnlyVariant"}},
		"tested without a type":           {content: good, args: []string{"--relation", "EarlierSnapshot", "--tested", weights}, want: []string{"--tested", "must be TYPE=DIGEST with one of the types Weights, Adapter"}},
		"tested without a digest":         {content: good, args: []string{"--relation", "EarlierSnapshot", "--tested", "Weights=latest"}, want: []string{`--tested "Weights=latest" must be TYPE=DIGEST with a digest`}},
		"an unknown kind of dry run":      {content: good, args: []string{"--dry-run=maybe"}, want: []string{"--dry-run", "it must be one of none, client, server"}},
	} {
		t.Run(name, func(t *testing.T) {
			objects := world()
			if tc.without {
				objects = append(objects[:2:2], objects[3:]...)
			}
			c := cluster(t, nil, objects...)
			got := run(t, c, importing(written(t, "bio.json", tc.content), tc.args...)...)
			if got.code != 1 {
				t.Errorf("code %d: %s", got.code, got.out)
			}
			contains(t, got.errors, tc.want)
			nothingStored(t, c)
		})
	}
	for name, path := range map[string]string{"a folder": t.TempDir(), "a file that is not there": t.TempDir() + "/none"} {
		if got := run(t, cluster(t, nil, world()...), importing(path)...); got.code != 1 || !strings.Contains(got.errors, "FILE") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	got := run(t, cluster(t, nil, world()...), "evaluation", "import", "f")
	contains(t, got.errors, []string{`required flag(s) "release", "requirement" not set`})
}

// nothingStored checks that only what the world has is there.
func nothingStored(t *testing.T, c client.Client) {
	t.Helper()
	var evaluations v1alpha1.SafetyEvaluationList
	var files corev1.ConfigMapList
	if err := errors.Join(c.List(t.Context(), &evaluations), c.List(t.Context(), &files)); err != nil {
		t.Fatal(err)
	}
	if len(evaluations.Items) != 1 || len(files.Items) != 0 {
		t.Errorf("stored %d evaluations and %d files, want 1 and none", len(evaluations.Items), len(files.Items))
	}
}

func TestImportOfARelatedModel(t *testing.T) {
	c := cluster(t, nil, world()...)
	content := inspectLog("success", "bio", "0.1", "?")
	weights := fixture.Digest("helpful only")
	got := run(t, c, importing(written(t, "bio.json", content), "--name", "raw", "--relation", "HelpfulOnlyVariant", "--tested", "Weights="+string(weights))...)
	if got.code != 0 {
		t.Fatal(got.errors)
	}
	contains(t, got.out, []string{"the requirement does not accept the relation HelpfulOnlyVariant", "would be   Missing"})
	e, file := readBack(t, c, "raw")
	if file == nil || e.Spec.Subject.Relation != v1alpha1.RelationHelpfulOnlyVariant ||
		!cmp.Equal(e.Spec.Subject.Tested, []v1alpha1.SubjectArtifact{{Type: v1alpha1.ArtifactWeights, Digest: weights}}) {
		t.Errorf("stored %+v", e)
	}
}

func TestImportDryRun(t *testing.T) {
	content := inspectLog("success", "bio", "0.1", "?")
	name := "m1-bio-" + digestOf(content)[:10]
	for dry, want := range map[string]string{"client": "created (dry run)", "server": "created (server dry run)"} {
		t.Run(dry, func(t *testing.T) {
			c := cluster(t, nil, world()...)
			path := written(t, "bio.json", content)
			got := run(t, c, importing(path, "--dry-run="+dry)...)
			if got.code != 0 {
				t.Fatal(got.errors)
			}
			contains(t, got.out, []string{"would be   Met", want})
			nothingStored(t, c)

			got = run(t, c, importing(path, "--dry-run="+dry, "-o", "yaml")...)
			e, file := &v1alpha1.SafetyEvaluation{}, &corev1.ConfigMap{}
			parts := strings.Split(got.out, "---\n")
			if len(parts) != 2 {
				t.Fatalf("%d documents:\n%s", len(parts), got.out)
			}
			if err := errors.Join(yaml.UnmarshalStrict([]byte(parts[0]), e), yaml.UnmarshalStrict([]byte(parts[1]), file)); err != nil {
				t.Fatal(err)
			}
			if e.Kind != "SafetyEvaluation" || e.Name != name || file.Kind != "ConfigMap" || len(file.BinaryData["report"]) == 0 {
				t.Errorf("printed:\n%s", got.out)
			}
			contains(t, got.errors, []string{"would be   Met"})
			nothingStored(t, c)
		})
	}
}

func TestImportForPrograms(t *testing.T) {
	content := inspectLog("success", "bio", "0.1", "?")
	name := "m1-bio-" + digestOf(content)[:10]
	c := cluster(t, nil, world()...)
	path := written(t, "bio.json", content)
	got := run(t, c, importing(path, "-o", "name")...)
	if want := "safetyevaluation.scalegate.dev/" + name + "\nconfigmap/" + name + "\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
	got = run(t, c, importing(path, "-o", "json")...)
	var list struct {
		Kind  string
		Items []metav1.PartialObjectMetadata
	}
	if err := json.Unmarshal([]byte(got.out), &list); err != nil {
		t.Fatal(err)
	}
	if list.Kind != "List" || len(list.Items) != 2 || list.Items[0].Kind != "SafetyEvaluation" || list.Items[1].Kind != "ConfigMap" {
		t.Errorf("got %+v", list)
	}
}
