// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs holds what is documented of the shipped policies to what there is.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/test/policies"
)

// root is the folder of the module.
const root = "../../.."

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// rows are the cells of the rows of the table that begins with a header.
func rows(text, header string) [][]string {
	var all [][]string
	_, table, _ := strings.Cut(text, header)
	for _, line := range strings.Split(table, "\n")[2:] {
		if !strings.HasPrefix(line, "| ") {
			break
		}
		cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		all = append(all, cells)
	}
	return all
}

func TestEveryCaseIsInTheTable(t *testing.T) {
	folders, err := policies.ReadFolders(os.DirFS(filepath.Join(root, "policies")), ".")
	if err != nil {
		t.Fatal(err)
	}
	there, listed := map[string]string{}, map[string]string{}
	for _, folder := range folders {
		for i := range folder.Cases {
			c := &folder.Cases[i]
			var outcomes []string
			for j := range c.Steps {
				if e := c.Steps[j].Expect; e != nil {
					outcomes = append(outcomes, string(e.Outcome))
				}
			}
			there[folder.Name+"/"+c.File] = c.Title + " " + strings.Join(outcomes, " > ")
		}
	}
	for _, cells := range rows(read(t, "docs/policies.md"), "| Policy | Case | What it is | Outcomes | Sources |") {
		name, _, _ := strings.Cut(strings.TrimPrefix(cells[1], "["), "]")
		listed[cells[0]+"/"+name] = cells[2] + " " + cells[3]
	}
	if diff := cmp.Diff(there, listed); diff != "" {
		t.Errorf("docs/policies.md lists other cases than there are (-there +listed)\n%s", diff)
	}
}

// named are the names in a cell of "Shown by".
func named(cell string) []string {
	var all []string
	for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
		all = append(all, match[1])
	}
	return all
}

func TestEveryConsequenceIsShownOrWaits(t *testing.T) {
	bypass := read(t, "docs/reference/bypass.md")
	all := rows(read(t, "docs/reference/design-consequences.md"), "| Point | What follows | Shown by | What waits, and why |")
	if len(all) != 25 {
		t.Fatalf("%d points, want 25", len(all))
	}
	for i, cells := range all {
		if len(cells) != 4 || cells[0] != strconv.Itoa(i+1) {
			t.Errorf("row %d is %q: want point, what follows, shown by, what waits", i+1, cells)
			continue
		}
		shown := named(cells[2])
		if len(shown) == 0 && cells[3] == "" {
			t.Errorf("point %s is neither shown nor does it wait", cells[0])
		}
		for _, name := range shown {
			if problem := missing(t, name, bypass); problem != "" {
				t.Errorf("point %s: %s", cells[0], problem)
			}
		}
	}
}

// missing says what is wrong with a name: there is no such test, case or attempt.
func missing(t *testing.T, name, bypass string) string {
	t.Helper()
	if number, ok := strings.CutPrefix(name, "bypass "); ok {
		if !regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(number) + ` \| .*\| (suite|tests) \|$`).MatchString(bypass) {
			return "docs/reference/bypass.md has no number " + number + " that something tries"
		}
		return ""
	}
	if strings.HasPrefix(name, "policies/") {
		if _, err := os.Stat(filepath.Join(root, name+".yaml")); err != nil {
			return "there is no case " + name
		}
		return ""
	}
	folder, test, found := cutLast(name)
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if !found || err != nil || len(files) == 0 {
		return name + " is no folder.TestName with tests"
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "\nfunc "+test+"(") {
			return ""
		}
	}
	return "no file in " + folder + " has " + test
}

func cutLast(name string) (folder, test string, found bool) {
	i := strings.LastIndex(name, ".")
	if i < 0 {
		return name, "", false
	}
	return name[:i], name[i+1:], true
}

func TestWhatIsMissingIsSeen(t *testing.T) {
	bypass := read(t, "docs/reference/bypass.md")
	for _, name := range []string{"internal/gate.TestNothing", "internal/nowhere.TestZones", "bypass Z9", "bypass A15", "policies/gdm-fsf/cases/nothing", "TestZones"} {
		if missing(t, name, bypass) == "" {
			t.Errorf("%q is taken for something that exists", name)
		}
	}
}
