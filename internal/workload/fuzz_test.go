// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"encoding/json"
	"testing"

	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Whatever an object holds, matching answers, twice the same, and with a whole sentence.
func FuzzMatch(f *testing.F) {
	for _, text := range []string{templateText, vllmShape, disaggregatedShape, launcherShape, `{"spec": {"containers": [null, 1, "x", []]}}`,
		`{"metadata": [], "spec": null}`, `{"spec": {"volumes": [{"emptyDir": {"sizeLimit": 1e400}}]}}`, `null`} {
		f.Add([]byte(text))
	}
	for _, object := range []map[string]any{template(f), pod(f)} {
		data, err := json.Marshal(object)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var object map[string]any
		if utiljson.Unmarshal(data, &object) != nil {
			return
		}
		for _, compare := range []func(Declared, map[string]any) *Mismatch{MatchTemplate, MatchPod} {
			m := compare(declaration(), object)
			if again := compare(declaration(), object); m.String() != again.String() {
				t.Errorf("first %s, then %s", m, again)
			}
			if m != nil && (m.Problem == "" || m.Remedy == "") {
				t.Errorf("mismatch without a problem or a remedy: %#v", *m)
			}
		}
	})
}

// No other text in the place of a declared one matches.
func FuzzADeclaredTextIsTheOnlyOne(f *testing.F) {
	for i := range uint(len(exactPlaces)) {
		f.Add(i, "other")
		f.Add(i, "")
		f.Add(i, "$(SERVED_NAME)")
	}
	f.Fuzz(func(t *testing.T, place uint, value string) {
		at := exactPlaces[place%uint(len(exactPlaces))]
		object := template(t)
		if at.now == value {
			return
		}
		edit(t, object, at.path, value)
		if m := MatchTemplate(declaration(), object); m == nil {
			t.Errorf("%s = %q matches", at.path, value)
		}
	})
}

var exactPlaces = []struct{ path, now string }{
	{"spec.containers[server].name", "server"},
	{"spec.containers[server].command[0]", "vllm"},
	{"spec.containers[server].command[1]", "serve"},
	{"spec.containers[server].args[0]", "/models/opus"},
	{"spec.containers[server].args[3]", "--served-model-name=$(SERVED_NAME)"},
	{"spec.containers[server].args[6]", "tone=/adapters/tone"},
	{"spec.containers[server].env[SERVED_NAME].value", "opus"},
	{"spec.containers[server].env[HF_HOME].value", "/model-cache"},
	{"spec.containers[server].env[HF_HOME].name", "HF_HOME"},
	{"spec.initContainers[guard].args[0]", "--listen=/run/guard/guard.sock"},
	{"spec.containers[mesh].image", pinned("registry.example/mesh", meshDigit)},
}

// An image matches exactly when it ends in the artifact's digest.
func FuzzImage(f *testing.F) {
	f.Add("registry.example/vllm@sha256:" + hexOf(serverDigit))
	f.Add("registry.example/vllm@sha256:" + hexOf(guardDigit))
	f.Add("x@y@sha256:" + hexOf(serverDigit))
	f.Add("@sha256:" + hexOf(serverDigit))
	f.Fuzz(func(t *testing.T, image string) {
		object := template(t)
		edit(t, object, "spec.containers[server].image", image)
		suffix := "@sha256:" + hexOf(serverDigit)
		if m := MatchTemplate(declaration(), object); m == nil && (len(image) <= len(suffix) || image[len(image)-len(suffix):] != suffix) {
			t.Errorf("%q matches", image)
		}
	})
}

// No pattern lets a text match that its own expression, taken alone, does not take whole.
func FuzzFreeValueIsItsOwnPattern(f *testing.F) {
	f.Add(`a|b`, "b")
	f.Add(`a)|(?:.*`, "x")
	f.Add(`\Qa`, "a)")
	f.Add(`(?i)a`, "A")
	f.Add(`(?m)^a$`, "a\nb")
	f.Fuzz(func(t *testing.T, pattern, value string) {
		s := &v1alpha1.ServingContainer{FreeValues: []v1alpha1.FreeValue{{Name: "v", Pattern: pattern}}}
		free, m := parseFreeValues(s)
		if m != nil {
			return
		}
		_, m = free.match("spec.x", "[<v>]", "["+value+"]")
		_, alone := free.match("spec.x", "<v>", value)
		if m == nil && alone != nil {
			t.Errorf("pattern %q: %q matches between brackets and not alone", pattern, value)
		}
	})
}

func BenchmarkMatchPod(b *testing.B) {
	object, d := pod(b), declaration()
	for b.Loop() {
		if m := MatchPod(d, object); m != nil {
			b.Fatal(m)
		}
	}
}
