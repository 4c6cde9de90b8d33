// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs runs the commands that the documentation shows, and holds its texts to what there is: links, manifests,
// commands and flags, messages, and the references that are generated.
//
// How a page says what is run, and what not, is in the documentation of the package page.
package docs

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/test/docs/page"
	"github.com/scalegate/scalegate/test/installation"
)

// notRun is the list of commands that are not run.
const notRun = "docs/reference/commands-not-run.md"

var update = flag.Bool("update", false, "write "+notRun)

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	flag.Parse()
	os.Exit(installation.Main(m, shared.prepare, shared.end))
}

// files are the pages of the documentation, relative to the root, sorted.
func files() ([]string, error) {
	found := []string{}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "charts/scalegate/README.md"} {
		if _, err := os.Stat(filepath.Join(installation.Root(), name)); err == nil {
			found = append(found, name)
		}
	}
	root := os.DirFS(installation.Root())
	for _, folder := range []string{"docs", "config", "policies"} {
		err := fs.WalkDir(root, folder, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && path.Ext(name) == ".md" {
				found = append(found, name)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(found)
	return found, nil
}

// pages reads all pages. Those that cannot be read have no blocks, and the error says why.
func pages() ([]*page.Page, error) {
	names, err := files()
	if err != nil {
		return nil, err
	}
	var all []*page.Page
	var errs []error
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(installation.Root(), filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		p, err := page.Read(name, string(content))
		if err != nil {
			errs = append(errs, err)
			p.Blocks = nil // Its links are followed all the same, and links lead to it.
		}
		all = append(all, p)
	}
	return all, errors.Join(errs...)
}

// readable are the pages, as far as they can be read.
func readable(t *testing.T) []*page.Page {
	t.Helper()
	all, _ := pages()
	if len(all) < 20 {
		t.Fatalf("only %d pages were found; is the folder the right one?", len(all))
	}
	return all
}

func TestPagesCanBeRead(t *testing.T) {
	if _, err := pages(); err != nil {
		t.Error(err)
	}
}

func TestTheListOfCommandsThatAreNotRunIsComplete(t *testing.T) {
	want := listOfNotRun(readable(t))
	file := filepath.Join(installation.Root(), filepath.FromSlash(notRun))
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the pages say (%v): write it with go test ./test/docs -run TestTheList -update", notRun, err)
	}
}

// listOfNotRun is the page that lists the commands which are not run, with the reasons that the pages give.
func listOfNotRun(all []*page.Page) string {
	var b strings.Builder
	b.WriteString(`# Commands that are not run

` + "`make docs-test`" + ` runs the commands of all pages on control planes of its own, but for these. The page says the reason before
the block; this list is generated from the pages. Of a block with several commands the first is shown.

| Page | Command | Why it is not run |
| --- | --- | --- |
`)
	for _, p := range all {
		for i := range p.Blocks {
			if block := &p.Blocks[i]; block.Skip != "" && block.Commands() {
				command := strings.ReplaceAll(strings.TrimSpace(block.Command()), "|", `\|`)
				fmt.Fprintf(&b, "| [%s](%s) | `%s` | %s |\n", p.Path, relative(notRun, p.Path), command, strings.ReplaceAll(block.Skip, "|", `\|`))
			}
		}
	}
	return b.String()
}

// relative is the path of to as a link on the page from.
func relative(from, to string) string {
	rel, err := filepath.Rel(path.Dir(from), to)
	if err != nil {
		return to
	}
	return filepath.ToSlash(rel)
}
