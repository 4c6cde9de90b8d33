// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/scalegate/scalegate/config"
)

// TestTheParametersNameTheManifests holds the annotation by which a manager knows its own version to the manifests.
func TestTheParametersNameTheManifests(t *testing.T) {
	manifests, err := config.Admission()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := Digest(manifests)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "..", "config", "admission", "parameters.yaml")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(regexp.QuoteMeta(ManifestsAnnotation) + `: \S+`)
	if found := line.FindAllString(string(raw), -1); len(found) != 1 {
		t.Fatalf("%s names the manifests %d times, want once", file, len(found))
	}
	want := line.ReplaceAllString(string(raw), ManifestsAnnotation+": "+digest)
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(raw) {
		t.Errorf("%s is out of date; run go test ./internal/guards -update: the manifests are %s", file, digest)
	}
}

func TestADigestNamesWhatTheObjectsDo(t *testing.T) {
	digest := func(files fstest.MapFS) string {
		t.Helper()
		d, err := Digest(files)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	was := digest(files(kustomized, aParameter, twoObjects))
	if !regexp.MustCompile(`^sha256:[0-9a-f]{64}$`).MatchString(was) {
		t.Errorf("the digest is %q", was)
	}
	change := func(from, to string) string { return strings.Replace(twoObjects, from, to, 1) }
	for claim, row := range map[string]struct {
		files fstest.MapFS
		same  bool
	}{
		"another value of a parameter is the same version":              {files(kustomized, strings.Replace(aParameter, "'me'", "'you'", 1), twoObjects), true},
		"another value in the place of a parameter is the same version": {files(kustomized, aParameter, change("'nobody'", "'somebody'")), true},
		"a comment is the same version":                                 {files(kustomized, aParameter, "# Another.\n"+twoObjects), true},
		"what the API server fills in is the same version":              {files(kustomized, aParameter, change("spec:\n", "spec:\n  failurePolicy: Fail\n")), true},
		"another expression is another version":                         {files(kustomized, aParameter, change("'untouched'", "'touched'")), false},
		"another action is another version":                             {files(kustomized, aParameter, change("Deny", "Warn")), false},
		"an object less is another version":                             {files(kustomized, aParameter, twoObjects[:strings.LastIndex(twoObjects, "---")]), false},
	} {
		t.Run(claim, func(t *testing.T) {
			if got := digest(row.files); (got == was) != row.same {
				t.Errorf("the digest is %s, and was %s", got, was)
			}
		})
	}
	if _, err := Digest(fstest.MapFS{}); err == nil {
		t.Error("no manifests have a digest")
	}
}
