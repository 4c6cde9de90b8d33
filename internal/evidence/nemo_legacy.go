// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// nemoLegacy reads the results.yml of the evaluation containers of NeMo Evaluator, or the same as JSON.
type nemoLegacy struct{}

func (nemoLegacy) name() Format { return NeMoLegacy }

func (nemoLegacy) sections() []string {
	return []string{"config", "target", "results", "tasks", "groups", "git_hash", "id", "job", "created_at", "updated_at"}
}

// claims asks for results by tasks or groups with a metric that has scores. The service's API returns the
// tasks and groups of a job without the results around them.
func (nemoLegacy) claims(f *file) bool {
	doc := f.document
	switch {
	case doc == nil || doc.has("versions"):
		return false
	case doc.is("results.tasks", '{') || doc.is("results.groups", '{'):
		return hasNeMoScores(doc.sections["results"]) || doc.is("config.type", '"') && doc.is("target.api_endpoint", '{')
	case doc.is("job", '"') && (doc.is("tasks", '{') || doc.is("groups", '{')):
		return hasScores(doc.sections["tasks"]) || hasScores(doc.sections["groups"])
	}
	return false
}

func hasNeMoScores(results jsontext.Value) bool {
	found := false
	err := eachMember("results", results, func(name string, table jsontext.Value) error {
		found = found || (name == "tasks" || name == "groups") && hasScores(table)
		return nil
	})
	return err == nil && found
}

// hasScores reports whether a row of the table has metrics with scores.
func hasScores(table jsontext.Value) bool {
	found := false
	if table.Kind() != '{' {
		return false
	}
	err := eachMember("", table, func(_ string, row jsontext.Value) error {
		return eachObject(row, "metrics", func(_ string, metric jsontext.Value) error {
			return eachObject(metric, "scores", func(string, jsontext.Value) error {
				found = true
				return nil
			})
		})
	})
	return err == nil && found
}

// eachObject visits the members of a member that is an object; anything else has none.
func eachObject(row jsontext.Value, name string, visit func(string, jsontext.Value) error) error {
	if row.Kind() != '{' {
		return nil
	}
	return eachMember("", row.Clone(), func(member string, value jsontext.Value) error {
		if member != name || value.Kind() != '{' {
			return nil
		}
		return eachMember("", value.Clone(), visit)
	})
}

type nemoLegacyConfig struct {
	Type   word `json:"type"`
	Params struct {
		Limit word `json:"limit_samples"`
	} `json:"params"`
}

func (nemoLegacy) measure(f *file) (Measurement, error) {
	doc := f.document
	var config nemoLegacyConfig
	var target struct {
		Endpoint struct {
			ModelID word `json:"model_id"`
		} `json:"api_endpoint"`
	}
	var commit, job, created, updated word
	tables := struct {
		Tasks  jsontext.Value `json:"tasks"`
		Groups jsontext.Value `json:"groups"`
	}{}
	if err := doc.decodeAll(
		field{"config", &config}, field{"target", &target}, field{"git_hash", &commit}, field{"job", &job},
		field{"created_at", &created}, field{"updated_at", &updated}, field{"results", &tables},
	); err != nil {
		return Measurement{}, err
	}
	if !doc.is("results", '{') {
		tables.Tasks, tables.Groups = doc.sections["tasks"], doc.sections["groups"]
	}
	m := Measurement{
		Tool: "nemo-evaluator", ToolVersion: string(commit), Task: string(config.Type), RunID: string(job),
		Model: string(target.Endpoint.ModelID), Limit: string(config.Params.Limit),
	}
	if err := checkNames(
		namedText{"git_hash", m.ToolVersion}, namedText{"config.type", m.Task}, namedText{"job", m.RunID},
		namedText{"target.api_endpoint.model_id", m.Model}, namedText{"config.params.limit_samples", m.Limit},
	); err != nil {
		return Measurement{}, err
	}
	if m.Limit != "" {
		m.Warnings = append(m.Warnings, "only a part of the data set was run (config.params.limit_samples "+cut(m.Limit)+")")
	}
	if err := setTimes(&m, namedText{"created_at", string(created)}, namedText{"updated_at", string(updated)}); err != nil {
		return Measurement{}, err
	}
	walk := nemoWalk{limits: doc.limits, first: map[string]int{}}
	for _, table := range []struct {
		name  string
		value jsontext.Value
	}{{"tasks", tables.Tasks}, {"groups", tables.Groups}} {
		if err := walk.table([]string{table.name}, table.value); err != nil {
			return Measurement{}, err
		}
	}
	slices.SortStableFunc(walk.results, bySelector)
	m.Results = walk.results
	m.Warnings = append(m.Warnings, "the file does not state the scale of its values; many containers write percentages (0..100)")
	m.finish("the tool writes the file once, after the run", "")
	return m, nil
}

// nemoWalk collects the scores of tasks, and of groups, which may hold groups.
type nemoWalk struct {
	limits  Limits
	results []Result
	// first has the index of the first result of each alias.
	first map[string]int
}

func (w *nemoWalk) table(path []string, table jsontext.Value) error {
	const deepest = 8
	where := "results." + path[0]
	return eachMember(where, table, func(name string, row jsontext.Value) error {
		if err := checkName(where, name); err != nil {
			return err
		}
		if row.Kind() == 'n' {
			return nil
		}
		at := append(slices.Clone(path), name)
		return eachMember(where, row.Clone(), func(member string, value jsontext.Value) error {
			switch {
			case member == "metrics":
				return w.metrics(at, value.Clone())
			case member == "groups" && len(at) < deepest:
				return w.table(at, value.Clone())
			}
			return nil
		})
	})
}

func (w *nemoWalk) metrics(at []string, metrics jsontext.Value) error {
	where := "results." + at[0]
	return eachMember(where, metrics, func(metric string, value jsontext.Value) error {
		if err := checkName(where, metric); err != nil {
			return err
		}
		var scores struct {
			Scores jsontext.Value `json:"scores"`
		}
		if err := decodeValue(where, value, &scores); err != nil {
			return err
		}
		return eachMember(where, scores.Scores, func(name string, value jsontext.Value) error {
			return w.score(append(slices.Clone(at), metric, name), value)
		})
	})
}

// score reads one score. A group that repeats the score of a task is left out.
func (w *nemoWalk) score(path []string, value jsontext.Value) error {
	where := "results." + path[0]
	r := Result{
		Selector: strings.Join(path, "/"), Aliases: []string{strings.Join(path[1:], "/")},
		Task: strings.Join(path[1:len(path)-2], "/"),
	}
	if err := checkNames(namedText{where, path[len(path)-1]}, namedText{where, r.Selector}); err != nil {
		return err
	}
	if kind := value.Kind(); kind != '{' && kind != '0' && kind != 'n' {
		return unreadable("%q is not of the type the format gives it", cut(where))
	}
	var score nemoScore
	if err := score.read(where, value, &r); err != nil {
		return err
	}
	if i, ok := w.first[r.Aliases[0]]; !ok {
		w.first[r.Aliases[0]] = len(w.results)
	} else if other := &w.results[i]; sameReading(*other, r) {
		other.Aliases = append(other.Aliases, r.Selector)
		return nil
	}
	if len(w.results) == w.limits.Results {
		return tooManyResults(w.limits)
	}
	w.results = append(w.results, r)
	return nil
}

func sameReading(a, b Result) bool {
	sameCount := a.Judged == nil && b.Judged == nil || a.Judged != nil && b.Judged != nil && *a.Judged == *b.Judged
	return a.Value == b.Value && a.StandardError == b.StandardError && sameCount
}
