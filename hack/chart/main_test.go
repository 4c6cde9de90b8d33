// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheTableHasEveryValueWithItsDefaultAndItsComment(t *testing.T) {
	for claim, row := range map[string]struct {
		values, want, wantErr string
	}{
		"values of every depth, with comments of several lines": {
			values: "# A comment of the file.\n\n# -- How many.\nreplicas: 2\nwebhook:\n  # -- Serve | it,\n  # or not.\n  enabled: true\n  # -- Who.\n  certificates: {provider: self}\n",
			want: "| Value | Default | What it is |\n| --- | --- | --- |\n| `replicas` | `2` | How many. |\n" +
				"| `webhook.enabled` | `true` | Serve \\| it, or not. |\n| `webhook.certificates` | `{\"provider\":\"self\"}` | Who. |\n",
		},
		"lists and maps below a value are its default": {
			values: "# -- Where.\nspread:\n- {a: 1}\n# -- What.\nresources:\n  limits: {memory: 1Gi}\n",
			want: "| Value | Default | What it is |\n| --- | --- | --- |\n| `spread` | `[{\"a\":1}]` | Where. |\n" +
				"| `resources` | `{\"limits\":{\"memory\":\"1Gi\"}}` | What. |\n",
		},
		"a value without a comment is named": {values: "# -- A.\na: 1\nb:\n  c: 2\n  d: {e: 3}\n", wantErr: "no comment that begins with # --: b.c, b.d.e"},
		"the same value twice":               {values: "# -- A.\na: 1\na: 2\n", wantErr: "already set"},
	} {
		t.Run(claim, func(t *testing.T) {
			got, err := valuesTable([]byte(row.values))
			if row.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), row.wantErr) {
					t.Errorf("error %v, want one with %q", err, row.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLiterals(t *testing.T) {
	for text, want := range map[string][]string{"['a']": {"a"}, "[ 'a' , 'b:c' ]": {"a", "b:c"}, "'a'": nil, "[a]": nil, "['a', ]": nil, `['a"']`: nil} {
		got, err := literals(text)
		if diff := cmp.Diff(want, got); diff != "" || (err == nil) != (want != nil) {
			t.Errorf("%s: %v %s", text, err, diff)
		}
	}
}

func TestASectionIsReplacedBetweenItsLinesAlone(t *testing.T) {
	for claim, row := range map[string]struct{ before, want string }{
		"what stood there is gone":     {"a\nBEGIN\nold\nEND\nb\n", "a\nBEGIN\nnew\nEND\nb\n"},
		"a line that is missing":       {"a\nBEGIN\nold\n", ""},
		"a line that is there twice":   {"BEGIN\nEND\nBEGIN\nEND\n", ""},
		"lines in the wrong order":     {"END\nBEGIN\n", ""},
		"a section that ends later on": {"BEGIN\nEND\nEND\n", ""},
	} {
		t.Run(claim, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(file, []byte(row.before), 0o600); err != nil {
				t.Fatal(err)
			}
			err := replaceSection(file, "BEGIN\n", "END\n", "new\n")
			got, readErr := os.ReadFile(file)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if row.want == "" {
				if err == nil || string(got) != row.before {
					t.Errorf("error %v, and the file is %q", err, got)
				}
				return
			}
			if err != nil || string(got) != row.want {
				t.Errorf("error %v, and the file is %q", err, got)
			}
		})
	}
}

func TestOnlyWhatAKustomizationListsIsCopied(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{
		"kustomization.yaml": "resources: [../default, a.yaml, bases/b.yaml]\ncomponents: [c]\n", "a.yaml": "a", "bases/b.yaml": "b", "unlisted.yaml": "u",
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := listed(folder)
	if diff := cmp.Diff([]string{"a.yaml", "bases/b.yaml"}, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := listed(t.TempDir()); err == nil {
		t.Error("a folder without a kustomization consists of something")
	}
}
