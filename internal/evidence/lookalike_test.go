// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/zip"
	"bytes"
	"slices"
	"strings"
	"testing"
)

// claimants are the formats whose readers claim the content.
func claimants(t *testing.T, raw []byte) []Format {
	t.Helper()
	src := &source{r: bytes.NewReader(raw), size: int64(len(raw))}
	opened, err := openFile(src, wanted(formats()), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	var names []Format
	for _, f := range formats() {
		if f.claims(opened) {
			names = append(names, f.name())
		}
	}
	return names
}

// goodFiles are the files of testdata and those that are made here, by name.
func goodFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{
		"a zipped Inspect log": zipOf(t, entry{inspectHeader, string(testFile(t, "inspect.json")), zip.Deflate}),
		"an Inspect log that was not ended": zipOf(t, entry{inspectJournal,
			`{"version": 2, "eval": {"task": "t", "model": "m"}, "plan": {}}`, zip.Deflate}),
		"a zipped HELM run": zipOf(t,
			entry{"run/run_spec.json", `{"name": "t:model=m", "scenario_spec": {"class_name": "c"}, "adapter_spec": {"model": "m"}}`, zip.Deflate},
			entry{"run/stats.json", `[{"name": {"name": "num_instances", "split": "test"}, "count": 1, "sum": 9, "mean": 9}]`, zip.Deflate},
		),
	}
	for _, name := range seedFiles(t) {
		if name != "lookalike.json" {
			files[name] = testFile(t, name)
		}
	}
	return files
}

// TestOneReaderClaims asks that every good file has exactly one reader, and every reader a good file.
func TestOneReaderClaims(t *testing.T) {
	claimed := map[Format]bool{}
	for name, raw := range goodFiles(t) {
		names := claimants(t, raw)
		if len(names) != 1 {
			t.Errorf("%s is claimed by %v, want one reader", name, names)
			continue
		}
		claimed[names[0]] = true
	}
	for _, f := range formats() {
		if !claimed[f.name()] {
			t.Errorf("no good file is claimed as %s", f.name())
		}
	}
}

// TestFormatNamesDiffer asks that each format has a name of its own.
func TestFormatNamesDiffer(t *testing.T) {
	var names []Format
	for _, f := range formats() {
		if slices.Contains(names, f.name()) {
			t.Errorf("two formats are named %s", f.name())
		}
		names = append(names, f.name())
	}
}

func TestLookAlikesAreClaimedByNone(t *testing.T) {
	for name, text := range map[string]string{
		"a table of BigScience":  `{"table_results": {"t": {"acc": 0.5}}, "results": [{"task_name": "t", "acc": 0.5}], "config": {"model": "m"}}`,
		"results of LightEval":   `{"config_general": {"model_name": "m"}, "results": {"s|t|5": {"acc": 0.5, "acc_stderr": 0.1}}, "versions": {"s|t|5": 0}, "config_tasks": {}, "summary_tasks": {}}`,
		"a leaderboard row":      `{"config": {"model_name": "m", "model_dtype": "bf16"}, "results": {"t": {"acc": 0.5}}}`,
		"a shared eval record":   `{"schema_version": "0.2.1", "evaluation_id": "e", "eval_library": {"name": "inspect_ai"}, "model_info": {"id": "m"}, "evaluation_results": [{"evaluation_name": "t", "score_details": {"score": 1}}]}`,
		"a training summary":     `{"accuracy": 0.5, "loss": 0.1, "score": 3, "_runtime": 60}`,
		"a benchmark of serving": `{"backend": "b", "model_id": "m", "completed": 10, "duration": 5.5, "mean_ttft_ms": 1.5, "std_ttft_ms": 0.5}`,
		"a Node package":         `{"name": "p", "version": "1.0.0", "scripts": {"test": "x"}, "dependencies": {"promptfoo": "^0.1.0"}}`,
		"a list of Kubernetes":   `{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []}, "status": {"phase": "Running"}}]}`,
		"an object of Kubernetes": `{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"split": "test", "eval_name": "e", "run_id": "r"}, ` +
			`"status": {"succeeded": 1}}`,
		"an API description":      `{"openapi": "3.0.0", "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": {}}}`,
		"SARIF of another time":   `{"version": "1.0.0", "runs": [{"tool": {"name": "t"}, "results": []}]}`,
		"runs that are not SARIF": `{"version": "2.1.0", "jobs": [{"tool": {"driver": {"name": "t"}}, "results": []}]}`,
		"an event of GitHub": `{"id": "1", "type": "PushEvent", "actor": {"id": 1}, "repo": {"id": 1, "name": "r"}, "payload": {"size": 1}, "public": true, ` +
			`"created_at": "2026-10-05T06:00:00Z"}`,
		"a notebook":            `{"cells": [{"cell_type": "code", "outputs": [], "source": ["1"]}], "metadata": {"kernelspec": {}}, "nbformat": 4, "nbformat_minor": 5}`,
		"a bill of materials":   `{"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {}, "components": []}`,
		"a signed statement":    `{"_type": "https://in-toto.io/Statement/v1", "subject": [], "predicateType": "p", "predicate": {"result": "PASSED"}}`,
		"an envelope":           `{"payloadType": "application/vnd.in-toto+json", "payload": "e30=", "signatures": [{"sig": "x"}]}`,
		"another benchmark":     `{"benchmark": {"name": "b", "uid": "b"}, "scores": [1, 2], "run_uid": "r"}`,
		"other attack results":  `{"attack_results": [{"outcome": "success"}], "scenario_run_state": "COMPLETED"}`,
		"other grouped results": `{"results": {"tasks": {"t": {"score": 1}}, "groups": {}}}`,
		"tasks of a build":      `{"version": "2.0.0", "tasks": [{"label": "t", "type": "shell"}], "job": "j"}`,
		"an empty object":       `{}`,
		"a list of texts":       `["a", "b"]`,
		"a list of issues":      `[{"id": 1, "title": "t", "state": "open", "labels": []}]`,
		"a list of numbers":     `[1, 2, 3]`,
		"an empty list":         `[]`,
		"lines of a program":    `{"level": "info", "ts": 1, "msg": "a"}` + "\n" + `{"level": "info", "ts": 2, "msg": "b"}`,
		"a set of conversations": `{"messages": [{"role": "user", "content": "a"}], "type": "match"}` + "\n" +
			`{"messages": [{"role": "user", "content": "b"}], "type": "match"}`,
		"a set of prompts": `{"prompt": "a", "response": "b", "score": 1}` + "\n" + `{"prompt": "c", "response": "d", "score": 0}`,
		"a batch of answers": `{"id": "b1", "custom_id": "c1", "response": {"status_code": 200}, "error": null}` + "\n" +
			`{"id": "b2", "custom_id": "c2", "response": {"status_code": 200}, "error": null}`,
		"the journal of a benchmark": `{"timestamp": "2026-10-05T06:00:00Z", "message": "starting run", "run_id": "r", "benchmarks": ["b"]}` + "\n" +
			`{"timestamp": "2026-10-05T06:00:01Z", "message": "using test items", "items": 1}`,
		"specs of something else": `{"spec": {"replicas": 1, "split": 5}}` + "\n" + `{"spec": {"replicas": 2}}`,
		"a table of something":    "name,age\nann,40\nbob,41\n",
		"a table of scores":       "model,accuracy\nm,0.5\n",
		"a feed":                  `<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><item><title>a</title></item></channel></rss>`,
		"a page":                  `<html><head><title>t</title></head><body><p>a</p></body></html>`,
		"a build file":            `<project><modelVersion>4.0.0</modelVersion><artifactId>a</artifactId></project>`,
		"a coverage report":       `<coverage line-rate="0.5"><packages/></coverage>`,
		"a workflow of Argo": "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  name: w\nspec:\n  entrypoint: main\n" +
			"  templates:\n  - name: main\n    container: {image: i}\nstatus:\n  phase: Succeeded\n",
		"another job of TrustyAI": "apiVersion: trustyai.opendatahub.io/v1alpha1\nkind: EvalHub\nmetadata:\n  name: e\nstatus:\n  state: Complete\n",
		"a gate of NeMo":          "version: 1\ndefaults:\n  tier: supporting\n  metric: mean_reward\nbenchmarks:\n  b:\n    metric: pass@1\n",
		"a run of NeMo":           "config:\n  type: t\n  output_dir: /results\ntarget:\n  api_endpoint:\n    model_id: m\n",
		"a workflow of GitHub":    "name: ci\non: push\njobs:\n  test:\n    runs-on: x\n    steps:\n    - run: make\n",
		"a configuration":         "prompts: [a]\nproviders: [b]\ntests:\n- vars: {x: y}\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(text)
			wantUnreadable(t, err, "no known format")
		})
	}
}

func TestLookAlikeArchives(t *testing.T) {
	for name, raw := range map[string][]byte{
		"a document of a word processor": zipOf(t,
			entry{"[Content_Types].xml", `<Types/>`, zip.Deflate}, entry{"word/document.xml", `<w:document xmlns:w="w"/>`, zip.Deflate}),
		"a Java archive":   zipOf(t, entry{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n", zip.Deflate}),
		"half a HELM run":  zipOf(t, entry{"run/stats.json", `[]`, zip.Deflate}),
		"samples only":     zipOf(t, entry{"samples/1_epoch_1.json", `{}`, zip.Deflate}),
		"a wheel":          zipOf(t, entry{"p/__init__.py", "", zip.Store}, entry{"p-1.dist-info/METADATA", "Name: p\n", zip.Deflate}),
		"an empty archive": zipOf(t, entry{"empty/", "", zip.Store}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readBytes(raw)
			wantUnreadable(t, err, "no known format")
		})
	}
}

// TestLookAlikesOfEach takes the marks of a good file away one at a time. What is left may be claimed by
// a reader of its own tool, which has other marks, but by no other one.
func TestLookAlikesOfEach(t *testing.T) {
	for name, raw := range goodFiles(t) {
		own := claimants(t, raw)
		if len(own) != 1 || !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
			continue
		}
		for _, member := range topMembers(t, raw) {
			mutated := bytes.ReplaceAll(raw, []byte(`"`+member+`"`), []byte(`"x-`+member+`"`))
			for _, other := range claimants(t, mutated) {
				if family(other) != family(own[0]) {
					t.Errorf("%s without %q is claimed as %s", name, member, other)
				}
			}
		}
	}
}

// family is the first word of a format's name: one tool's files may have several readers.
func family(f Format) string {
	name, _, _ := strings.Cut(string(f), "-")
	return name
}

// topMembers are the names at the top of the first object of a file.
func topMembers(t *testing.T, raw []byte) []string {
	t.Helper()
	src := &source{r: bytes.NewReader(raw), size: int64(len(raw))}
	opened, err := openFile(src, nil, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range opened.lines.first.kinds {
		if !strings.Contains(name, ".") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
