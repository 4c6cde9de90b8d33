// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

// harmless is a text that no form has to escape.
const harmless = "plain"

// hostile are texts that somebody may write who means a report to say something else than it does.
func hostile() []string {
	return []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</title><script>`, `</style><style>*{display:none}`,
		`--><svg onload=alert(1)>`, `javascript:alert(1)`, `https://attacker.example/x`, `www.attacker.example`, `{{.Report}}`, `]]>`, `&lt;script&gt;`,
		`| cell | cell |`, "line\nline", "line\n\n# Heading", "- item", "1. item", "> quote", "+ item", "= under", "---", "# heading", "```\nfence\n```", "`code`", "``", `\`, `\|`, `\\|`,
		`[link](https://attacker.example)`, `![image](https://attacker.example/x.png)`, `<https://attacker.example>`, `[ref]: https://attacker.example`,
		`**bold** _it_ ~~gone~~`, `@everyone`, `someone@attacker.example`, `#1`, `$x$`, `<!-- comment`, "\u202egnp.exe", "a\u0000b", "a\u200bb", "\xff\xfe", "tab\there",
		`url(#x)`, `<b>`, `%3Cscript%3E`, "‘quote’", "[!NOTE]", "    indented", "***", "\r\n\r\nx", "a  ", " a", "0)0", "0) 0",
	}
}

// kept are fields that are no text of a user's: numbers of the policy, which the API server checks, and words of ours that
// choose what is shown.
func kept(field string) bool {
	return slices.Contains([]string{"Basis", "ClearAt", "TripAt", "AlertAt", "Direction", "Outcome"}, field)
}

// filled is a report of which every text is another one.
func filled(r *Report, text string) *Report {
	c := r.cleaned()
	fill(reflect.ValueOf(c).Elem(), text)
	return c
}

func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), text)
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), text)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !kept(f.Name) {
				fill(v.Field(i), text)
			}
		}
	default:
	}
}

// structure is the elements of a page with the names of their attributes, and the targets of all links.
func structure(tb testing.TB, page string) (elements, links []string) {
	tb.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		tb.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		names := []string{n.Data}
		for _, a := range n.Attr {
			names = append(names, a.Key)
			switch a.Key {
			case "href", "src", "srcset", "action", "data", "poster", "xlink:href":
				links = append(links, n.Data+" "+a.Val)
			}
		}
		elements = append(elements, strings.Join(names, " "))
	}
	return elements, links
}

// reference is what a report looks like with nothing but harmless texts in it.
type reference struct {
	report   *Report
	drawing  *drawing
	elements []string
	skeleton []string
}

func referenceOf(tb testing.TB, r *Report) reference {
	tb.Helper()
	d, err := newDrawing()
	if err != nil {
		tb.Fatal(err)
	}
	same := filled(r, harmless)
	elements, _ := structure(tb, written(tb, same.HTML))
	return reference{report: r, drawing: d, elements: elements, skeleton: skeleton(written(tb, same.Markdown))}
}

// holds fails where a text makes the report another one than a harmless text does.
func (x *reference) holds(t *testing.T, text string) {
	t.Helper()
	r := filled(x.report, text)
	x.htmlHolds(t, r, text)
	x.markdownHolds(t, r, text)
}

func (x *reference) htmlHolds(t *testing.T, r *Report, text string) {
	t.Helper()
	got, links := structure(t, written(t, func(out io.Writer) error { return x.drawing.write(out, r) }))
	if web(shown(text)) {
		// The address of a policy's source is a link.
		got = slices.DeleteFunc(got, func(e string) bool { return e == "a href rel" })
	}
	if !slices.Equal(x.elements, got) {
		t.Errorf("%q makes another page:\n%s", text, cmp.Diff(x.elements, got))
	}
	for _, l := range links {
		if !strings.HasPrefix(l, "a #") && (!web(shown(text)) || !strings.HasPrefix(l, "a http")) {
			t.Errorf("%q leads to %s", text, l)
		}
	}
}

func (x *reference) markdownHolds(t *testing.T, r *Report, text string) {
	t.Helper()
	got := written(t, r.Markdown)
	if web(shown(text)) {
		// The address of a policy's source is a link.
		got = strings.ReplaceAll(got, "<"+text+">", "")
	}
	if is := skeleton(got); !slices.Equal(x.skeleton, is) {
		t.Errorf("%q makes another text:\n%s", text, cmp.Diff(x.skeleton, is))
	}
	for line := range strings.Lines(got) {
		if found := linking.FindString(unspanned(line)); found != "" {
			t.Errorf("%q becomes the link %q", text, found)
			return
		}
	}
}

var (
	codeSpan = regexp.MustCompile("`[^`]*`")
	escaped  = regexp.MustCompile(`\\[!-/:-@\[-` + "`" + `{-~]|&(lt|gt|amp|#[0-9]+);`)
	markup   = regexp.MustCompile(`[^*_\[\]<>|` + "`" + `~#\\$&{}]+`)
	// linking are texts of which GitHub makes links without any markup.
	linking = regexp.MustCompile(`(?i)(https?|ftp)://\S|www\.\S|\S@\w|(^|\s)@\w|#\d`)
	begins  = regexp.MustCompile(`^(\s*([-+>=]|[0-9]+[.)](\s|$))\s*)+`)
)

// unspanned is a line without its code spans, none of which has a backtick or a backslash in it, and without escapes.
func unspanned(line string) string {
	line = strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\\`", "x")
	return escaped.ReplaceAllString(codeSpan.ReplaceAllString(line, ""), "x")
}

// skeleton is what of Markdown is markup, line by line.
func skeleton(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = unspanned(line)
		begin := strings.ReplaceAll(begins.FindString(line), " ", "")
		lines = append(lines, begin+markup.ReplaceAllString(line, ""))
	}
	return lines
}

func TestNothingThatUsersWriteIsMarkup(t *testing.T) {
	t.Parallel()
	r := Build(fleetOfOne(t))
	x := referenceOf(t, &r)
	for _, text := range hostile() {
		x.holds(t, text)
	}
}

// What is kept as it is in the test above is chosen by us; a policy's bounds are numbers, or there is no plot.
func TestBoundsThatAreNoNumbersArePlotless(t *testing.T) {
	r := Build(fleet(t))
	for i := range r.Releases {
		for j := range r.Releases[i].Requirements {
			if c := r.Releases[i].Requirements[j].Criterion; c != nil {
				c.ClearAt = `"><script>alert(1)</script>`
			}
		}
	}
	page := written(t, r.HTML)
	if strings.Contains(page, "<script>") || strings.Contains(page, "<figure>") {
		t.Error("it is drawn")
	}
}

func FuzzText(f *testing.F) {
	for _, text := range hostile()[:3] {
		f.Add(text)
	}
	r := Build(fleetOfOne(f))
	// A small report is tried more often.
	m := &r.Releases[0]
	m.Records.Entries = m.Records.Entries[:2]
	for i := range m.Requirements {
		q := &m.Requirements[i]
		q.Results = q.Results[:min(1, len(q.Results))]
	}
	x := referenceOf(f, &r)
	f.Fuzz(func(t *testing.T, text string) {
		if shown(text) == "" || len(text) > 1<<10 {
			t.Skip("what is empty is left out")
		}
		x.holds(t, text)
	})
}

func TestWhatIsShownHidesNothing(t *testing.T) {
	for text, want := range map[string]string{
		"two\nlines":    "two lines",
		"\u202eturned":  "\ufffdturned",
		"no\u200bthing": "no\ufffdthing",
		"\x1b[31mred":   "\ufffd[31mred",
		"bad \xff byte": "bad \ufffd byte",
		"日本語, ü, 👩‍🔬":   "日本語, ü, 👩‍🔬",
	} {
		if got := shown(text); got != want || !utf8.ValidString(got) {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

func TestTheJSONHasTextsAsTheyAre(t *testing.T) {
	r := Build(fleetOfOne(t))
	r.Releases[0].Model = "a\u202eb <i>"
	if text := written(t, r.JSON); !strings.Contains(text, `a`+"\u202e"+`b \u003ci\u003e`) {
		t.Error("it was changed")
	}
	if r.Releases[0].Model != "a\u202eb <i>" || !strings.Contains(written(t, r.HTML), "a\ufffdb &lt;i&gt;") {
		t.Error("rendering changes the report, or does not clean it")
	}
}
