// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryPlaceOfAnExpressionIsChangedOnce(t *testing.T) {
	for text, want := range map[string][]string{
		"a && b && c":                        {"a && b", "b && c", "a && c"},
		"a || (b && c)":                      {"b && c", "a", "a || c", "a || b"},
		"x ? a : b":                          {"a", "b"},
		"a.exists(i, i == 1)":                {"!(a.exists(i, i == 1))", "a.all(i, i == 1)", "a.exists(i, !(i == 1))"},
		"k in ['x', 'y']":                    {`!(k in ["x", "y"])`, `k in ["y"]`, `k in ["x"]`},
		"a.?b[?'c'].hasValue()":              {`!a.?b[?"c"].hasValue()`},
		"[?a.?b].map(t, t.x)":                {"[].map(t, t.x)"},
		"[JSONPatch{op: 'add', path: '/x'}]": {"[]"},
		"a + b.filter(i, i != '')":           {`b.filter(i, i != "")`, "a", `a + b.filter(i, !(i != ""))`},
		"has(a.b)":                           {"!has(a.b)"},
		"!a":                                 {"!!a"},
		"variables.x":                        nil,
	} {
		t.Run(text, func(t *testing.T) {
			mutants, err := expressionMutants(text)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range mutants {
				got = append(got, m.text)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestWhatIsNoExpressionIsAnError(t *testing.T) {
	if _, err := expressionMutants("a &&"); err == nil {
		t.Error("no error")
	}
}
