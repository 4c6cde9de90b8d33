// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"crypto/sha256"
	"encoding/base64"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/scalegate/scalegate/internal/cli/explanation"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// fleetOfOne is a report about one release.
func fleetOfOne(tb testing.TB) Inputs {
	tb.Helper()
	in := fleet(tb)
	in.Subjects = in.Subjects[1:2]
	return in
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// page parses a page, and fails where it is not what it must be.
func pageOf(t *testing.T, r *Report) *html.Node {
	t.Helper()
	text := written(t, r.HTML)
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestThePageNeedsNothingBesideItself(t *testing.T) {
	r := Build(fleet(t))
	policy, style := "", ""
	for n := range pageOf(t, &r).Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case slices.Contains([]string{"script", "link", "img", "iframe", "object", "embed", "base", "form", "use", "image"}, n.Data):
			t.Errorf("it has an element %s", n.Data)
		case n.Data == "meta" && attribute(n, "http-equiv") == "Content-Security-Policy":
			policy = attribute(n, "content")
		case n.Data == "style":
			style = n.FirstChild.Data
		case n.Data == "a" && strings.HasPrefix(attribute(n, "href"), "http"):
			if attribute(n, "href") != "https://policy.example/rsp/3.1" || attribute(n, "rel") != "noreferrer noopener" {
				t.Errorf("it links to %s", attribute(n, "href"))
			}
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("element %s has %s", n.Data, a.Key)
			}
		}
	}
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	if policy != want {
		t.Errorf("its content security policy is %q, want %q", policy, want)
	}
	if strings.Contains(style, "url(") || strings.Contains(style, "@import") {
		t.Error("its style sheet loads something")
	}
}

func TestThePageHoldsTogether(t *testing.T) {
	r := Build(fleet(t))
	ids, targets := map[string]int{}, map[string]bool{}
	level := 0
	for n := range pageOf(t, &r).Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if id := attribute(n, "id"); id != "" {
			ids[id]++
		}
		for _, id := range append(strings.Fields(attribute(n, "aria-labelledby")), strings.TrimPrefix(attribute(n, "href"), "#")) {
			if id != "" && !strings.HasPrefix(id, "http") {
				targets[id] = true
			}
		}
		if fill := attribute(n, "fill"); strings.HasPrefix(fill, "url(#") {
			targets[strings.TrimSuffix(strings.TrimPrefix(fill, "url(#"), ")")] = true
		}
		if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
			is := int(n.Data[1] - '0')
			if is > level+1 {
				t.Errorf("a heading of level %d follows on one of level %d", is, level)
			}
			level = is
		}
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("id %s is there %d times", id, n)
		}
	}
	for id := range targets {
		if ids[id] == 0 {
			t.Errorf("nothing has the id %s", id)
		}
	}
}

// Every element that is opened is closed where it should be: what the parser understands is what was written.
func TestThePageIsWellFormed(t *testing.T) {
	r := Build(fleet(t))
	var open []string
	void := []string{"meta", "br", "rect", "line", "circle", "path"}
	z := html.NewTokenizer(strings.NewReader(written(t, r.HTML)))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		token := z.Token()
		switch {
		case kind == html.StartTagToken && !slices.Contains(void, token.Data):
			open = append(open, token.Data)
		case kind == html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("%s is closed, and open is %v", token.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("not closed: %v", open)
	}
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	want := Build(fleet(t))
	random := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		in := fleet(t)
		shuffle(random, in.Subjects)
		for i := range in.Subjects {
			s := &in.Subjects[i]
			shuffle(random, s.Records)
			shuffle(random, s.Input.Evaluations)
			shuffle(random, s.Input.Findings)
			shuffle(random, s.Input.Approvals)
			shuffle(random, s.Input.Waivers)
			shuffle(random, s.Input.Sightings)
			shuffle(random, s.Input.Release.Status.Workloads)
			shuffle(random, s.Input.Release.Status.Conditions)
		}
		got := Build(in)
		if written(t, got.JSON) != written(t, want.JSON) || written(t, got.HTML) != written(t, want.HTML) || written(t, got.Markdown) != written(t, want.Markdown) {
			t.Fatal("another order gives another report")
		}
	}
}

func shuffle[T any](random *rand.Rand, all []T) {
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
}

func TestIncompleteReportsSaySo(t *testing.T) {
	in := fleetOfOne(t)
	in.Subjects[0].Unread = []string{"You may not read the moon."}
	in.Subjects[0].RecordsRead, in.Subjects[0].Namespace = false, explanation.Namespace{}
	r := Build(in)
	if r.Complete() || !r.Intact() {
		t.Errorf("complete %v, intact %v", r.Complete(), r.Intact())
	}
	for _, text := range []string{written(t, r.HTML), written(t, r.Markdown)} {
		for _, want := range []string{"You may not read the moon", "You may not read namespace serving", "records could not be read"} {
			if !strings.Contains(text, want) {
				t.Errorf("it does not say %q", want)
			}
		}
	}
	if all := strings.Join(append(r.Releases[0].Notes, r.Releases[0].Unseen...), " "); strings.Count(all, "namespace serving") != 1 {
		t.Errorf("it is said twice: %s", all)
	}
}

func TestAChainThatIsNotIntactIsTold(t *testing.T) {
	in := fleetOfOne(t)
	in.Subjects[0].Records = slices.Delete(slices.Clone(in.Subjects[0].Records), 3, 4)
	r := Build(in)
	if r.Intact() || r.Releases[0].Records.Intact {
		t.Error("it is told to be intact")
	}
	for _, text := range []string{written(t, r.HTML), written(t, r.Markdown)} {
		if !strings.Contains(text, "is not intact") || !strings.Contains(text, "atlas-2-00000004 is missing") {
			t.Error("it does not say what is wrong")
		}
	}
}

func TestWhatIsGrantedStandsSinceARecordAboutThisVeryRelease(t *testing.T) {
	in := fleetOfOne(t)
	if since := Build(in).Releases[0].Exposure.SinceTime; since == nil {
		t.Fatal("it is not said since when it is granted")
	}
	in.Subjects[0].Input.Release.UID = fixture.UID("another release of the same name")
	if since := Build(in).Releases[0].Exposure.SinceTime; since != nil {
		t.Errorf("it is granted since %v, which was the release that was deleted", since)
	}
}

func TestWhatIsJudgedAsOfAnotherTimeIsNotComparedWithTheCluster(t *testing.T) {
	in := fleetOfOne(t)
	if notes := Build(in).Releases[0].Notes; len(notes) > 0 {
		t.Fatalf("the cluster is not as decided: %q", notes)
	}
	in.Generated.JudgedAt = fixture.Day(lastDay + 300)
	s := &in.Subjects[0]
	s.Input.Now = in.Generated.JudgedAt
	s.Decision = gate.Decide(s.Input)
	r := Build(in)
	if notes := r.Releases[0].Notes; len(notes) > 0 {
		t.Errorf("what is granted in 300 days is held against the cluster of today: %q", notes)
	}
	if summary := strings.Join(r.Releases[0].Summary, " "); !strings.Contains(summary, "as of "+date(s.Input.Now)) {
		t.Errorf("the summary does not say as of when: %s", summary)
	}
	s.Input.Release.Generation++
	s.Recorded, s.Decision = true, Recorded(s.Input.Release)
	if r := Build(in).Releases[0]; !strings.Contains(strings.Join(r.Notes, " "), "behind") || strings.Contains(strings.Join(r.Summary, " "), "as of") {
		t.Errorf("what was recorded about an older spec is not told as such: %q, %q", r.Summary, r.Notes)
	}
}

func TestReleasesThatLittleIsKnownOfAreReported(t *testing.T) {
	for name, change := range map[string]func(*Subject){
		"without a policy": func(s *Subject) {
			s.Input.Policy = nil
			s.Decision = gate.Decide(s.Input)
		},
		"never looked at": func(s *Subject) {
			s.Input.Release.Status.Conditions = nil
			s.Recorded, s.Decision = true, gate.Decision{}
		},
		"by its status": func(s *Subject) { s.Recorded, s.Decision = true, Recorded(s.Input.Release) },
		"by its status, without a policy": func(s *Subject) {
			s.Input.Policy, s.Input.Evaluations = nil, nil
			s.Recorded, s.Decision = true, Recorded(s.Input.Release)
		},
		"without anything": func(s *Subject) {
			*s = Subject{Situation: explanation.Situation{Input: gate.Input{Release: s.Input.Release}}}
			s.Decision = gate.Decide(s.Input)
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := fleetOfOne(t)
			change(&in.Subjects[0])
			r := Build(in)
			for _, text := range []string{written(t, r.HTML), written(t, r.Markdown), written(t, r.JSON)} {
				if !strings.Contains(text, "atlas-2") || strings.Contains(text, "<nil>") || strings.Contains(text, "NaN") || strings.Contains(text, "%!") {
					t.Errorf("got %s", text)
				}
			}
		})
	}
}
