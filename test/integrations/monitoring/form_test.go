// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/test/installation"
)

// runbooks is where the pages are.
const runbooks = "https://github.com/scalegate/scalegate/blob/main/docs/runbooks/"

func documented(path ...string) string {
	return filepath.Join(append([]string{installation.Root(), "docs"}, path...)...)
}

// Every alert is named, graded and described, and has a section in a runbook that answers the four questions of who is woken.
func TestEveryAlertHasItsFormAndItsRunbook(t *testing.T) {
	name := regexp.MustCompile(`^Scalegate([A-Z][a-z]+)+$`)
	for alert, rule := range alertingRules(t) {
		t.Run(alert, func(t *testing.T) {
			if !name.MatchString(alert) {
				t.Error("the name is not Scalegate and words")
			}
			if !slices.Contains([]string{"critical", "warning", "info"}, rule.Labels["severity"]) {
				t.Errorf("the severity is %q", rule.Labels["severity"])
			}
			if s := rule.Annotations["summary"]; s == "" || len(s) > 90 || strings.Contains(s, "{{") {
				t.Errorf("the summary is %q", s)
			}
			if d := rule.Annotations["description"]; len(d) < 120 || len(d) > 600 {
				t.Errorf("the description has %d characters: %s", len(d), d)
			}
			page, ok := strings.CutPrefix(rule.Annotations["runbook_url"], runbooks)
			page, anchor, found := strings.Cut(page, "#")
			if !ok || !found || anchor != strings.ToLower(alert) {
				t.Fatalf("the runbook is %q", rule.Annotations["runbook_url"])
			}
			answers(t, section(string(contents(t, documented("runbooks", page))), alert))
		})
	}
}

// section is what a page says under a heading of the third level.
func section(page, heading string) string {
	_, text, _ := strings.Cut(page, "\n### "+heading+"\n")
	text, _, _ = strings.Cut(text, "\n### ")
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

func answers(t *testing.T, text string) {
	t.Helper()
	at := 0
	for _, question := range []string{"**Meaning.** ", "**Impact.** ", "**Diagnosis.**", "**What to do.** "} {
		i := strings.Index(text[at:], question)
		if i < 0 {
			t.Fatalf("the runbook does not answer %q, or not in this order", question)
		}
		at += i
	}
	_, diagnosis, _ := strings.Cut(text, "**Diagnosis.**")
	if parts := strings.Split(diagnosis, "```"); len(parts) < 3 || !strings.Contains(parts[1], "kubectl ") && !strings.Contains(parts[1], "scalegate ") {
		t.Error("the diagnosis has no command")
	}
}

// docs/reference/alerts.md lists the alerts and recording rules that there are.
func TestTheTableOfAlertsIsTrue(t *testing.T) {
	page := string(contents(t, documented("reference", "alerts.md")))
	lines := strings.Split(page, "\n")
	alerts := alertingRules(t)
	for alert, rule := range alerts {
		after := "at once"
		if rule.For != 0 {
			after = rule.For.String()
		}
		target := strings.TrimPrefix(rule.Annotations["runbook_url"], runbooks)
		file, _, _ := strings.Cut(target, ".md")
		want := fmt.Sprintf("| `%s` | %s | %s | %s | [%s](../runbooks/%s) |", alert, rule.Labels["severity"], after, rule.Annotations["summary"], file, target)
		if !slices.Contains(lines, want) {
			t.Errorf("alerts.md lacks the line\n%s", want)
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(Scalegate\\w+)` \\|").FindAllStringSubmatch(page, -1) {
		if _, ok := alerts[m[1]]; !ok {
			t.Errorf("alerts.md lists %s, which is none", m[1])
		}
	}
	var recorded []string
	for _, group := range ruleGroups(t).Groups {
		for _, rule := range group.Rules {
			if rule.Record != "" {
				recorded = append(recorded, rule.Record)
			}
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+:[\\w:]+)` \\|").FindAllStringSubmatch(page, -1) {
		if !slices.Contains(recorded, m[1]) {
			t.Errorf("alerts.md lists %s, which nothing records", m[1])
		}
		recorded = slices.DeleteFunc(recorded, func(r string) bool { return r == m[1] })
	}
	if len(recorded) > 0 {
		t.Errorf("alerts.md lacks %v", recorded)
	}
}
