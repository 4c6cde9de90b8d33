// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/test/docs/page"
	"github.com/scalegate/scalegate/test/installation"
)

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	all := readable(t)
	byPath := map[string]*page.Page{}
	for _, p := range all {
		byPath[p.Path] = p
	}
	for _, p := range all {
		t.Run(p.Path, func(t *testing.T) {
			for _, link := range p.Links {
				if problem := follow(byPath, p, link.Text); problem != "" {
					t.Errorf("%s:%d: the link to %s %s", p.Path, link.Line, link.Text, problem)
				}
			}
		})
	}
}

// follow says what is wrong with a link of a page, or nothing.
func follow(pages map[string]*page.Page, from *page.Page, target string) string {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return ""
	}
	name, anchor, _ := strings.Cut(target, "#")
	to := from
	if name != "" {
		name = path.Join(path.Dir(from.Path), name)
		if strings.HasPrefix(name, "..") {
			return "leaves the repository"
		}
		if _, err := os.Stat(filepath.Join(installation.Root(), filepath.FromSlash(name))); err != nil {
			return "leads to no file"
		}
		to = pages[name]
	}
	switch {
	case anchor == "":
		return ""
	case to == nil:
		return "names a heading of what is no page"
	case !slices.Contains(to.Anchors, anchor):
		return "names a heading that the page does not have"
	}
	return ""
}

func TestEveryPageIsReachedFromTheReadme(t *testing.T) {
	all := readable(t)
	byPath := map[string]*page.Page{}
	for _, p := range all {
		byPath[p.Path] = p
	}
	reached := map[string]bool{"README.md": true}
	for next := []string{"README.md"}; len(next) > 0; next = next[1:] {
		p := byPath[next[0]]
		if p == nil {
			continue
		}
		for _, link := range p.Links {
			name, _, _ := strings.Cut(link.Text, "#")
			if name = path.Join(path.Dir(p.Path), name); byPath[name] != nil && !reached[name] {
				reached[name] = true
				next = append(next, name)
			}
		}
	}
	for _, p := range all {
		if !reached[p.Path] {
			t.Errorf("no chain of links leads from README.md to %s: link it in docs/README.md, or in a page of its section", p.Path)
		}
	}
}
