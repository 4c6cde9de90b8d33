// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scalegate/scalegate/test/bypass/attempts"
	"github.com/scalegate/scalegate/test/bypass/suite"
)

// batch is how many attempts are made before it is looked whether one of them told the mutant apart; remembered is how
// many that told an earlier mutant of the policy apart come before all others.
const (
	batch      = 16
	remembered = 16
)

// target is a policy with its clauses and the attempts at its doors.
type target struct {
	policy *unstructured.Unstructured
	doors  []string
	// clauses that are still to be tried.
	clauses []Clause
	// attempts that knock at its doors, the most telling first; killers are those that noticed mutants before, the latest first.
	attempts, killers []attempts.Attempt
}

// ordered are the attempts in the order in which they are made.
func (t *target) ordered() []attempts.Attempt {
	return append(slices.Clone(t.killers), t.attempts...)
}

// remember puts what noticed a mutant before the others.
func (t *target) remember(killer attempts.Attempt) {
	known := slices.DeleteFunc(slices.Clone(t.killers), func(a attempts.Attempt) bool { return a.String() == killer.String() })
	known = append([]attempts.Attempt{killer}, known...)
	t.killers = known[:min(len(known), remembered)]
}

// together are targets whose mutants can be tried at the same time: no two of them share a door. Those with the most to do
// come first.
func together(all []*target) (chosen []*target) {
	waiting := slices.DeleteFunc(slices.Clone(all), func(t *target) bool { return len(t.clauses) == 0 })
	slices.SortStableFunc(waiting, func(a, b *target) int { return cmp.Compare(len(b.clauses), len(a.clauses)) })
	for _, t := range waiting {
		shares := slices.ContainsFunc(chosen, func(c *target) bool {
			return slices.ContainsFunc(c.doors, func(door string) bool { return slices.Contains(t.doors, door) })
		})
		if !shares {
			chosen = append(chosen, t)
		}
	}
	return chosen
}

// doorsOf are the resources that a policy matches, with their groups.
func doorsOf(policy *unstructured.Unstructured) (doors []string) {
	for _, item := range items(policy.Object, "spec", "matchConstraints", "resourceRules") {
		rule, _ := item.(map[string]any)
		for _, group := range items(rule, "apiGroups") {
			for _, resource := range items(rule, "resources") {
				doors = append(doors, fmt.Sprintf("%v/%v", group, resource))
			}
		}
	}
	return doors
}

func doorOf(a attempts.Attempt) string {
	door := a.Kind.Group + "/" + a.Kind.Resource
	if a.Sub != "" {
		door += "/" + a.Sub
	}
	return door
}

// telling orders the attempts at a policy's doors: first those that it refused or changed in the clean run, and of each
// kind of attempt one before all others.
func telling(policy *unstructured.Unstructured, clean []suite.Result) []attempts.Attempt {
	doors := doorsOf(policy)
	type ranked struct {
		attempts.Attempt
		rank int
	}
	var all []ranked
	seen := map[string]bool{}
	for _, result := range clean {
		if !slices.Contains(doors, doorOf(result.Attempt)) {
			continue
		}
		rank := 0
		if !strings.Contains(result.Message, "'"+policy.GetName()+"'") && result.Want&(attempts.Held|attempts.Inert|attempts.Lifted) == 0 {
			rank++
		}
		if sort := strings.Join([]string{result.What, doorOf(result.Attempt), result.On, string(result.Ground)}, "|"); seen[sort] {
			rank += 2
		} else {
			seen[sort] = true
		}
		all = append(all, ranked{result.Attempt, rank})
	}
	slices.SortStableFunc(all, func(one, other ranked) int { return cmp.Compare(one.rank, other.rank) })
	ordered := make([]attempts.Attempt, len(all))
	for i := range all {
		ordered[i] = all[i].Attempt
	}
	return ordered
}

// killer is the first attempt that ends otherwise than the oracle says; nil when none does.
func killer(ctx context.Context, bench *suite.Bench, all []attempts.Attempt) (*suite.Result, error) {
	for some := range slices.Chunk(all, batch) {
		results, err := bench.Try(ctx, some)
		if err != nil {
			return nil, err
		}
		for i := range results {
			if !results[i].Met {
				return &results[i], nil
			}
		}
	}
	return nil, nil
}
