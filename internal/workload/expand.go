// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import "strings"

// expand puts values for the $(NAME) in a text as the kubelet does: $$ stands for one $, and
// what is not closed stays. A name without a literal value in the same container is a
// mismatch: the kubelet would leave the text as it is, or put in what nobody here can see.
func expand(t text, env map[string]variable) (text, *Mismatch) {
	var out strings.Builder
	rest := t.value
	for {
		before, after, ok := strings.Cut(rest, "$")
		out.WriteString(before)
		if !ok {
			break
		}
		name, tail, closed := strings.Cut(strings.TrimPrefix(after, "("), ")")
		switch {
		case strings.HasPrefix(after, "$"):
			out.WriteByte('$')
			rest = after[1:]
		case !strings.HasPrefix(after, "(") || !closed:
			out.WriteByte('$')
			rest = after
		default:
			v, known := env[name]
			if !known || !v.literal {
				return text{}, mismatch(t.field, "write the value itself, or set the variable with a value before it is used; $$("+name+") keeps the text",
					"refers to %s, which has no value in this container's env at that point", quote("$("+name+")"))
			}
			out.WriteString(v.value)
			t.free = t.free || v.free
			rest = tail
		}
	}
	t.value = out.String()
	return t, nil
}
