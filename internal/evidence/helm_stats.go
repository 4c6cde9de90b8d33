// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// helmStat is one statistic over the trials of a run. Its count is that of the trials, not of instances.
type helmStat struct {
	Name  helmName `json:"name"`
	Count count    `json:"count"`
	Sum   decimal  `json:"sum"`
	Mean  decimal  `json:"mean"`
}

type helmName struct {
	Name         string         `json:"name"`
	Split        word           `json:"split"`
	SubSplit     word           `json:"sub_split"`
	Perturbation jsontext.Value `json:"perturbation"`
}

// isHELMStat looks at one element of a list.
func isHELMStat(value jsontext.Value) bool {
	var shape struct {
		Name struct {
			Name jsontext.Value `json:"name"`
		} `json:"name"`
		Count jsontext.Value `json:"count"`
		Sum   jsontext.Value `json:"sum"`
		// SumSquared is what no other list of sums has.
		SumSquared jsontext.Value `json:"sum_squared"`
	}
	return value.Kind() == '{' && decodeValue("", value, &shape) == nil && shape.Name.Name.Kind() == '"' &&
		shape.Count.Kind() == '0' && len(shape.Sum) > 0 && len(shape.SumSquared) > 0
}

// readStats reads the statistics of the run. The prefix goes before the selectors.
func (r *helmRun) readStats(prefix string, stats *list) error {
	// instances is the number of instances by context, and contexts those of the results.
	instances := map[string]*int64{}
	var contexts []string
	err := stats.each(func(value jsontext.Value) error {
		if len(r.results) == stats.limits.Results {
			return tooManyResults(stats.limits)
		}
		var stat helmStat
		if err := decodeValue("stats", value, &stat); err != nil {
			return err
		}
		context, plain, err := stat.Name.context()
		if err != nil {
			return err
		}
		if stat.Name.Name == "num_instances" {
			instances[context] = wholeCount(stat.Mean)
		}
		result := stat.result(prefix, context, plain)
		result.Task = r.name
		if reason := stat.contradiction(result.Selector); r.unfinished == "" {
			r.unfinished = reason
		}
		r.results, contexts = append(r.results, result), append(contexts, context)
		return nil
	})
	if err != nil {
		return err
	}
	if len(r.results) == 0 && r.unfinished == "" {
		r.unfinished = helmStats + " is empty: nothing was measured"
	}
	for i := range r.results {
		r.results[i].Judged = instances[contexts[i]]
		if n := r.results[i].Judged; n != nil && *n == 0 {
			r.results[i].Value = ""
		}
	}
	return nil
}

// result is the statistic as a result. One over the instances of a split as they are goes by its name alone
// while there is one split.
func (s helmStat) result(prefix, context string, plain bool) Result {
	result := Result{Selector: prefix + s.Name.Name + context}
	if plain && context != "" {
		result.Aliases = []string{prefix + s.Name.Name}
	}
	if s.Count.n != nil && *s.Count.n > 0 {
		result.Value = string(s.Mean)
	}
	return result
}

// wholeCount is a mean number of instances without its fraction; nil where there is no such number.
func wholeCount(mean decimal) *int64 {
	whole, _, _ := strings.Cut(string(mean), ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < 0 || n > maxCount {
		return nil
	}
	return &n
}

// contradiction holds the mean against the sum and the number of trials.
func (s helmStat) contradiction(selector string) string {
	sum, hasSum := s.Sum.float()
	mean, hasMean := s.Mean.float()
	if !hasSum || !hasMean || s.Count.n == nil || *s.Count.n == 0 {
		return ""
	}
	if differ(mean, sum/float64(*s.Count.n), 1e-6*(1+math.Abs(mean))) {
		return fmt.Sprintf("the mean of %q is not its sum over its count: the file contradicts itself", cut(selector))
	}
	return ""
}

// context is the tail of the selector that says which instances were measured, and whether they are those of
// a split as they are.
func (n helmName) context() (tail string, plain bool, err error) {
	if err := checkNames(
		namedText{"name.name", n.Name}, namedText{"name.split", string(n.Split)}, namedText{"name.sub_split", string(n.SubSplit)},
	); err != nil {
		return "", false, err
	}
	for _, part := range []word{n.Split, n.SubSplit} {
		if part != "" {
			tail += "/" + string(part)
		}
	}
	plain = n.SubSplit == ""
	if len(n.Perturbation) == 0 || n.Perturbation.Kind() == 'n' {
		return tail, plain, nil
	}
	label, err := perturbationLabel(n.Perturbation)
	return tail + "/" + label, false, err
}

// perturbationLabel names a perturbation: its name, what it was computed on, and its further parameters.
func perturbationLabel(value jsontext.Value) (string, error) {
	var parts []string
	var name, on string
	err := eachMember("name.perturbation", value, func(member string, value jsontext.Value) error {
		var text word
		if err := decodeValue("name.perturbation", value, &text); err != nil {
			return err
		}
		switch {
		case member == "name":
			name = string(text)
		case member == "computed_on":
			on = string(text)
		case text != "":
			parts = append(parts, member+"="+string(text))
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	slices.Sort(parts)
	if on != "" {
		parts = slices.Insert(parts, 0, on)
	}
	label := strings.Join(slices.Insert(parts, 0, name), ",")
	return label, checkName("name.perturbation", label)
}
