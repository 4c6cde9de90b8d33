// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
)

// dashboard is what the tests read of config/prometheus/dashboard/scalegate.json.
type dashboard struct {
	UID        string `json:"uid"`
	Panels     []panel
	Templating struct {
		List []struct{ Name, Type, Query string }
	}
}

type panel struct {
	ID      int
	Type    string
	Title   string
	GridPos struct{ X, Y, W, H int }
	Targets []struct {
		Expr    string
		Instant bool
	}
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal(contents(t, configured("dashboard", "scalegate.json")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// query is an expression as Grafana sends it with everything chosen.
func query(expr string) string {
	return strings.NewReplacer("$namespace", ".*", "$policy", ".*", "$__rate_interval", "2m", "$__range", "6h").Replace(expr)
}

// Panels do not lie over each other, and each has a name and asks for something.
func TestTheDashboardIsWhole(t *testing.T) {
	d := readDashboard(t)
	if d.UID != "scalegate" {
		t.Errorf("the uid is %q", d.UID)
	}
	var names, rows []string
	for _, v := range d.Templating.List {
		names = append(names, v.Name)
	}
	if want := []string{"datasource", "namespace", "policy"}; !slices.Equal(names, want) {
		t.Errorf("variables are %v, want %v", names, want)
	}
	taken := map[[2]int]string{}
	for _, p := range d.Panels {
		if p.Type == "row" {
			rows = append(rows, p.Title)
		} else if p.Title == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d has no title or asks for nothing", p.ID)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, is := taken[[2]int{x, y}]; is {
					t.Fatalf("%q lies over %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%q is wider than the page", p.Title)
		}
	}
	if want := []string{"What is held now", "Decisions", "Evidence", "Revocations and findings", "Enforcement", "People", "Performance"}; !slices.Equal(rows, want) {
		t.Errorf("rows are %v, want %v", rows, want)
	}
}

// quiet are the panels that show nothing in the scenario, with the reason.
func quiet() map[string]string {
	return map[string]string{
		"What serves and should not":  "nothing was withdrawn",
		"From withdrawal to enforced": "nothing was withdrawn",
	}
}

// everyQueryAnswers runs every query of the dashboard on what a manager told, over time and at its end.
func everyQueryAnswers(t *testing.T, told []families) {
	t.Helper()
	loader, begin, end := stored(t, told)
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			t.Run("the dashboard shows "+p.Title, func(t *testing.T) {
				n := ask(t, loader, query(target.Expr), target.Instant, begin, end)
				if reason, empty := quiet()[p.Title]; empty == (n > 0) {
					t.Errorf("%d results, and %q says that there are none; of\n%s", n, reason, target.Expr)
				}
			})
		}
	}
}

// ask returns how many series answer.
func ask(t *testing.T, loader *promqltest.LazyLoader, expr string, instant bool, begin, end time.Time) int {
	t.Helper()
	n, _ := answered(t, loader, expr, instant, begin, end)
	return n
}

// answered returns how many series answer, and the answer as text.
func answered(t *testing.T, loader *promqltest.LazyLoader, expr string, instant bool, begin, end time.Time) (n int, text string) {
	t.Helper()
	var q promql.Query
	var err error
	if instant {
		q, err = loader.QueryEngine().NewInstantQuery(t.Context(), loader.Queryable(), nil, expr, end)
	} else {
		q, err = loader.QueryEngine().NewRangeQuery(t.Context(), loader.Queryable(), nil, expr, begin, end, between)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, expr)
	}
	defer q.Close()
	result := q.Exec(t.Context())
	if result.Err != nil {
		t.Fatalf("%v: %s", result.Err, expr)
	}
	if len(result.Warnings) > 0 {
		t.Errorf("%v: %s", result.Warnings, expr)
	}
	switch v := result.Value.(type) {
	case promql.Vector:
		return len(v), v.String()
	case promql.Matrix:
		return len(v), v.String()
	default:
		t.Fatalf("%T: %s", v, expr)
		return 0, ""
	}
}

// selected are the names of the metrics that an expression reads.
func selected(t *testing.T, expr string) []string {
	t.Helper()
	tree, err := expressions().ParseExpr(expr)
	if err != nil {
		t.Fatalf("%v: %s", err, expr)
	}
	var names []string
	parser.Inspect(tree, func(node parser.Node, _ []parser.Node) error {
		if v, is := node.(*parser.VectorSelector); is {
			names = append(names, v.Name)
		}
		return nil
	})
	return names
}
