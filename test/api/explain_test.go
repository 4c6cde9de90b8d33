// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// maxDescription is the most lines of a description: what is longer belongs into docs.
const maxDescription = 15

func TestEveryFieldIsDescribedForPeople(t *testing.T) {
	// Words, markers and names of types (such as metav1.ListMeta) that mean something in Go are no help
	// to somebody who writes YAML.
	ofGo := regexp.MustCompile(`\b(nil|pointer|struct|slice|metav1|omitempty|omitzero|int32|int64)\b|\+(kubebuilder|optional|required|listType)|json:|[a-z]\.[A-Z][a-z]+[A-Z]`)
	for _, kind := range kinds() {
		for _, f := range fields(t, kind) {
			// Items are described by their list; metadata by Kubernetes itself.
			if ofKubernetes().MatchString(f.path) || strings.HasSuffix(f.path, "[]") {
				continue
			}
			text := f.schema.Description
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s %s has no description", kind, f.path)
			}
			if lines := strings.Count(text, "\n") + 1; lines > maxDescription {
				t.Errorf("%s %s has a description of %d lines; want at most %d", kind, f.path, lines, maxDescription)
			}
			if word := ofGo.FindString(text); word != "" {
				t.Errorf("%s %s speaks of Go (%q): %s", kind, f.path, word, text)
			}
		}
	}
}

func TestKubectlExplainsEveryField(t *testing.T) {
	for _, place := range []struct{ kind, path string }{
		{"SafetyPolicy", "spec.thresholds"},
		{"SafetyPolicy", "spec.requirements.evaluation"},
		{"ModelRelease", "spec.serving"},
		{"ModelRelease", "status.requirements"},
		{"SafetyEvaluation", "status.measurement"},
		{"AdverseFinding", "spec.resolution"},
		{"SafetyPolicy", "spec.requirements.approval"},
		{"SafetyPolicy", "spec.waivers.breakGlass"},
		{"ReleaseApproval", "spec"},
		{"ReleaseWaiver", "spec"},
		{"ReleaseDetermination", "spec.thresholds"},
		{"PolicyApproval", "spec"},
		{"PolicyRevision", "spec.changes"},
		{"GateDecision", "spec"},
	} {
		what := strings.ToLower(place.kind) + "." + place.path
		t.Run(what, func(t *testing.T) {
			out, err := shared.Kubectl(t.Context(), shared.Admin(), "explain", "--api-version=scalegate.dev/v1alpha1", what)
			if err != nil {
				t.Fatal(err)
			}
			explained := explanations(string(out))
			if diff := cmp.Diff(properties(t, place.kind, place.path), slices.Sorted(maps.Keys(explained))); diff != "" {
				t.Errorf("the fields that are explained (-want +got):\n%s\n%s", diff, out)
			}
			for name, text := range explained {
				if text == "" || strings.Contains(text, "<no description>") {
					t.Errorf("%s is not explained:\n%s", name, out)
				}
			}
		})
	}
}

// explanations reads the fields, and what is said of each, from the output of kubectl explain.
func explanations(out string) map[string]string {
	_, list, _ := strings.Cut(out, "\nFIELDS:\n")
	found := map[string]string{}
	name := ""
	for line := range strings.Lines(list) {
		if head := regexp.MustCompile(`^  (\w+)\t<`).FindStringSubmatch(line); head != nil {
			name = head[1]
			found[name] = ""
			continue
		}
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "enum: ") {
			found[name] += text + "\n"
		}
	}
	return found
}

// properties are the names of the fields at a path of kubectl explain, in which lists are not marked.
func properties(t *testing.T, kind, path string) []string {
	t.Helper()
	var names []string
	for _, f := range fields(t, kind) {
		above := strings.ReplaceAll(f.path, "[]", "")
		if name, below := strings.CutPrefix(above, path+"."); below && !strings.Contains(name, ".") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
