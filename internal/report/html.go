// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

//go:embed templates
var templates embed.FS

// page is what the templates draw.
type page struct {
	Report   *Report
	Title    string
	Style    template.CSS
	Articles []article
	// Several: there are several releases, so that an overview helps.
	Several bool
	// ContentPolicy is what the page lets itself do: be styled, by exactly its own style sheet.
	ContentPolicy string
}

// article is a release in the page. IDs are made of numbers only: nothing that anybody wrote.
type article struct {
	*Release
	ID        string
	Only      bool
	Questions []question
	// Released and Held are pods of all its workloads.
	Released, Held int32
}

// question is a requirement in the page.
type question struct {
	*Requirement
	ID   string
	Plot *plot
	// Open: it is shown unfolded.
	Open bool
}

// HTML writes the report as one page that needs nothing beside itself.
func (r *Report) HTML(out io.Writer) error {
	d, err := newDrawing()
	if err != nil {
		return err
	}
	return d.write(out, r)
}

// drawing draws pages.
type drawing struct {
	style     template.CSS
	policy    string
	templates *template.Template
}

func newDrawing() (*drawing, error) {
	style, err := templates.ReadFile("templates/style.css")
	if err != nil {
		return nil, fmt.Errorf("reading the style sheet: %w", err)
	}
	t, err := template.New("report").Funcs(functions()).ParseFS(templates, "templates/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("reading the templates: %w", err)
	}
	sum := sha256.Sum256(style)
	return &drawing{
		style: template.CSS(style), templates: t,
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
	}, nil
}

func (d *drawing) write(out io.Writer, r *Report) error {
	p := newPage(r.cleaned())
	p.Style, p.ContentPolicy = d.style, d.policy
	var page bytes.Buffer
	if err := d.templates.ExecuteTemplate(&page, "page", p); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	if _, err := page.WriteTo(out); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

func newPage(r *Report) *page {
	p := &page{Report: r, Title: title(r), Several: len(r.Releases) > 1}
	for i := range r.Releases {
		a := article{Release: &r.Releases[i], ID: fmt.Sprintf("release-%d", i+1), Only: !p.Several}
		for j := range a.Requirements {
			q := question{Requirement: &a.Requirements[j], ID: fmt.Sprintf("%s-requirement-%d", a.ID, j+1)}
			q.Plot = newPlot(q.ID+"-plot", q.Requirement)
			q.Open = q.Needed && (q.State != string(v1alpha1.RequirementMet) || q.Alert)
			a.Questions = append(a.Questions, q)
		}
		a.Released, a.Held = pods(a.Workloads)
		p.Articles = append(p.Articles, a)
	}
	return p
}

// title names what the report is about.
func title(r *Report) string {
	if len(r.Releases) == 1 {
		return "Safety report: " + r.Releases[0].Model
	}
	return fmt.Sprintf("Safety report: %d releases", len(r.Releases))
}

func pods(all []Workload) (released, held int32) {
	for i := range all {
		if n := all[i].Released; n != nil {
			released += *n
		}
		if n := all[i].Held; n != nil {
			held += *n
		}
	}
	return released, held
}

// headLength is how many causes of a decision are shown unfolded.
const headLength = 5

func functions() template.FuncMap {
	return template.FuncMap{
		"iso":   func(t any) string { return instant(t).Format(time.RFC3339) },
		"stamp": func(t any) string { return instant(t).Format("2006-01-02 15:04:05 UTC") },
		"sign":  sign, "tone": tone, "web": web,
		"join":   func(all []string) string { return strings.Join(all, ", ") },
		"count":  count,
		"number": func(n *float64) string { return number(*n) },
		"after":  after,
		"head":   func(all []string) []string { return all[:min(len(all), headLength)] },
		"rest":   func(all []string) []string { return all[min(len(all), headLength):] },
		"independence": func(word string) string {
			return map[string]string{
				"Independent": "an independent evaluator of the policy", "Internal": "no author of the release",
				"Author": "an author of the release",
			}[word] + map[bool]string{true: "whose distance from the release is not known"}[word == "Unknown"]
		},
	}
}

// instant is a time, or what a pointer to one points to.
func instant(t any) time.Time {
	switch t := t.(type) {
	case time.Time:
		return t.UTC()
	case *time.Time:
		return t.UTC()
	}
	return time.Time{}
}

// count is a number of things; one that is not known is not zero.
func count(n any) string {
	switch n := n.(type) {
	case *int64:
		if n != nil {
			return strconv.FormatInt(*n, 10)
		}
	case *int32:
		if n != nil {
			return strconv.FormatInt(int64(*n), 10)
		}
	}
	return "unknown"
}

// after is how long after a decision it was enforced; empty where that is no time.
func after(decided time.Time, enforced *time.Time) string {
	if took := enforced.Sub(decided); took > 0 {
		return took.String()
	}
	return ""
}

// web reports whether a page may link to an address: an absolute one of http or https.
func web(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// Tones, which colours stand for, beside words and signs.
const (
	toneGood, toneBad, toneWait, toneDoubt = "good", "bad", "wait", "doubt"
)

// tone is that of a state, whatever it is the state of.
func tone(state string) string {
	for t, states := range map[string][]string{
		toneGood:  {"Met", "Granted", "RuledOut", "Clear", "Resolved", "Intact", "InPlace", "Approve", "Acknowledge"},
		toneBad:   {"Failed", "Blocked", "Reached", "Revoked", "Objected", "Broken", "Standing", "Object", "Refused"},
		toneWait:  {"Waived", "Expired", "Missing", "Pending", "Awaited", "Alert", "Open"},
		toneDoubt: {"Indeterminate", "Inconclusive", "Between", "Unknown", "Unaccepted", "Unusable", "Unjudged", "Not effective"},
	} {
		if slices.Contains(states, state) {
			return t
		}
	}
	return ""
}

// sign is that of a tone, for whoever does not see its colour.
func sign(state string) string {
	switch tone(state) {
	case toneGood:
		return "✓"
	case toneBad:
		return "✕"
	case toneWait:
		return "○"
	}
	return "?"
}

// InnerWidth of the frame.
func (p *plot) InnerWidth() float64 { return p.Right - p.Left }

// InnerHeight of the frame.
func (p *plot) InnerHeight() float64 { return p.Base - p.Top }

// TickX is where the numbers of the vertical axis end.
func (p *plot) TickX() float64 { return p.Left - 6 }

// TickY is where the marks of the horizontal axis end.
func (p *plot) TickY() float64 { return p.Base + 5 }

// DateY is where the dates stand.
func (p *plot) DateY() float64 { return p.Base + 20 }

// ZoneX is where the names of zones begin.
func (p *plot) ZoneX() float64 { return p.Left + 8 }

// LabelX is where the names of bounds begin.
func (p *plot) LabelX() float64 { return p.Right + 8 }

// WhiskerLeft is where the ends of an interval begin.
func (m mark) WhiskerLeft() float64 { return round(m.X - 5) }

// WhiskerRight is where they end.
func (m mark) WhiskerRight() float64 { return round(m.X + 5) }
