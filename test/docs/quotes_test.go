// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/test/installation"
)

// TestQuotedTextsOccur looks for each text that the page for troubleshooting quotes in the first column of its tables, in the
// sources and the admission policies. A cell that begins with the name of another tool quotes that tool.
func TestQuotedTextsOccur(t *testing.T) {
	corpus := sources(t)
	content, err := os.ReadFile(path.Join(installation.Root(), "docs", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for number, line := range strings.Split(string(content), "\n") {
		cells := strings.Split(line, " | ")
		if !strings.HasPrefix(line, "| ") || regexp.MustCompile(`^\| (Kubernetes|Argo CD|Flux)\b`).MatchString(line) {
			continue
		}
		for _, quoted := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[0], -1) {
			for part := range strings.SplitSeq(quoted[1], "...") {
				if part = strings.Trim(part, " :"); others(part) {
					continue
				}
				found++
				if !strings.Contains(corpus, strings.Join(strings.Fields(part), " ")) {
					t.Errorf("docs/troubleshooting.md:%d: nothing says %q", number+1, part)
				}
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d quotations were found; is the search broken?", found)
	}
}

// others says that a text is none of Scalegate's: a field, or what Kubernetes or a shell says.
func others(text string) bool {
	return text == "" || strings.HasPrefix(text, "spec.") || strings.HasPrefix(text, "kubectl ") || strings.HasPrefix(text, "helm ") ||
		strings.HasPrefix(text, "/readyz") || text == "ErrImagePull" || text == "forbidden" || text == "webhook" || text == "·"
}

// sources is the text of the program and of its admission policies, with one space for each run of them, and string literals
// that are joined by a plus taken for one.
func sources(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	root := os.DirFS(installation.Root())
	for _, folder := range []string{"api/v1alpha1", "controllers", "internal", "config"} {
		err := fs.WalkDir(root, folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.go") || path.Ext(name) != ".go" && path.Ext(name) != ".yaml" {
				return err
			}
			content, err := fs.ReadFile(root, name)
			b.Write(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	text = regexp.MustCompile(`" \+ "|' \+ '|"\+"`).ReplaceAllString(text, "")
	return strings.ReplaceAll(text, `\"`, `"`)
}
