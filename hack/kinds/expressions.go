// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// guard is what the template needs to know of a kind. Every field that is CEL is one expression; those of the old object
// are the same over oldObject, and empty when there is none.
type guard struct {
	kinds.Kind

	// Policy is the name of the policy.
	Policy string
	// Templates and OldTemplates are lists of records: labels, annotations, spec.
	Templates, OldTemplates string
	// Identities and OldIdentities are lists of pairs, path and value. Empty when the kind has none.
	Identities, OldIdentities string
	// Same compares the records o and t.
	Same string
	// Containers are those of the record t. Empty when the kind tells of none.
	Containers string
	// Pods says that records have the spec of a pod, and Annotations that they have its annotations.
	Pods, Annotations bool
	// ObjectImages are the images outside of templates. Empty when the kind has none.
	ObjectImages string
	// Asks is whether fields outside of templates ask for an accelerator. Empty when the kind has none.
	Asks string
	// Refuses says that the kind has no hold, so that what is uncleared is refused.
	Refuses bool
}

const (
	release  = "'scalegate.dev/release'"
	exposure = "'scalegate.dev/exposure'"
)

func newGuard(k kinds.Kind) guard {
	return guard{
		Kind:          k,
		Policy:        "scalegate-guard-" + k.Resource + "." + k.Group,
		Templates:     records(k, "object"),
		OldTemplates:  old(records(k, "oldObject")),
		Identities:    identities(k, "object"),
		OldIdentities: old(identities(k, "oldObject")),
		Same:          same(k),
		Containers:    containers(k),
		Pods:          hasForm(k, kinds.PodTemplateSpec, kinds.PodSpec),
		Annotations:   hasForm(k, kinds.PodTemplateSpec),
		ObjectImages:  objectImages(k),
		Asks:          asks(k),
		Refuses:       k.Hold == kinds.HoldNone,
	}
}

func old(expression string) string {
	if expression == "" {
		return ""
	}
	return "oldObject == null ? [] :\n" + expression
}

// records are the templates of a kind, one line for each.
func records(k kinds.Kind, object string) string {
	lines := make([]string, len(k.Templates))
	for i, t := range k.Templates {
		lines[i] = fmt.Sprintf("%s.map(t, {\n%s\n})", nodes(t.Path, object), indent(2, record(t, object)))
	}
	return strings.Join(lines, " +\n")
}

func record(t kinds.Template, object string) string {
	if t.Form == kinds.PodTemplateSpec {
		return "'labels': t.?metadata.?labels.orValue({}),\n'annotations': t.?metadata.?annotations.orValue({}),\n'spec': t.?spec.orValue({})"
	}
	spec := "t"
	if t.Form == kinds.Built {
		spec = "dyn({})"
		if len(t.Containers) > 0 {
			spec = "dyn({'containers': [{?'resources': t.?resources, ?'env': t.?env}]})"
		}
	}
	return fmt.Sprintf("'labels': dyn({\n  ?%s: %s,\n  ?%s: %s}),\n'annotations': dyn({}),\n'spec': %s",
		release, label(t, object, release), exposure, label(t, object, exposure), spec)
}

// label is the optional value of a label that reaches the pods: the last of the maps that has it.
func label(t kinds.Template, object, key string) string {
	text := ""
	for _, path := range slices.Backward(t.Labels) {
		from := object
		if rest, relative := strings.CutPrefix(path, "."); relative {
			from, path = "t", rest
		}
		value := fmt.Sprintf("%s[?%s]", optional(from, path), key)
		if text == "" {
			text = value
			continue
		}
		text += ".or(" + value + ")"
	}
	return text
}

// nodes is the list of what stands at a path; [] may come once in it.
func nodes(path, object string) string {
	list, rest, many := strings.Cut(path, "[]")
	if !many {
		return "[?" + optional(object, path) + "]"
	}
	items := optional(object, list) + ".orValue([])"
	if rest == "" {
		return items
	}
	return fmt.Sprintf("%s.map(n, %s.orValue({}))", items, optional("n", strings.TrimPrefix(rest, ".")))
}

// optional is the optional value at a path.
func optional(object, path string) string {
	return object + ".?" + strings.ReplaceAll(path, ".", ".?")
}

func identities(k kinds.Kind, object string) string {
	lines := make([]string, len(k.Identity))
	for i, path := range k.Identity {
		list, rest, many := strings.Cut(path, "[]")
		switch {
		case !many:
			lines[i] = fmt.Sprintf("[[dyn('%s'), %s.orValue('')]]", path, optional(object, path))
		case rest == "":
			lines[i] = fmt.Sprintf("%s.orValue([]).map(v, [dyn('%s'), v])", optional(object, list), path)
		default:
			lines[i] = fmt.Sprintf("%s.orValue([]).map(v, [dyn('%s'), %s.orValue('')])",
				optional(object, list), path, optional("v", strings.TrimPrefix(rest, ".")))
		}
	}
	return strings.Join(lines, " +\n")
}

// same compares two records. Fields of an inlined PodSpec that change no pod are left out.
func same(k kinds.Kind) string {
	free := ""
	for _, t := range k.Templates {
		if len(t.Free) > 0 {
			free = "['" + strings.Join(t.Free, "', '") + "']"
		}
	}
	if free == "" {
		return "o == t"
	}
	return fmt.Sprintf("o.labels == t.labels &&\n"+
		"t.spec.all(k, k in %s || k in o.spec && o.spec[k] == t.spec[k]) &&\n"+
		"o.spec.all(k, k in %s || k in t.spec)", free, free)
}

// hasForm tells whether a template of the kind has one of the forms.
func hasForm(k kinds.Kind, forms ...kinds.Form) bool {
	return slices.ContainsFunc(k.Templates, func(t kinds.Template) bool { return slices.Contains(forms, t.Form) })
}

// containers are those of the record t, with the fields that hold one each. Where the operator builds the pods, there are
// at most those that record makes.
func containers(k kinds.Kind) string {
	if !hasForm(k, kinds.PodTemplateSpec, kinds.PodSpec) {
		if slices.ContainsFunc(k.Templates, func(t kinds.Template) bool { return len(t.Containers) > 0 }) {
			return "t.spec.containers"
		}
		return ""
	}
	text := "t.spec.?containers.orValue([]) + t.spec.?initContainers.orValue([])"
	var more []string
	seen := map[string]bool{"": true}
	for _, t := range k.Templates {
		for _, field := range t.Containers {
			if !seen[field] {
				seen[field] = true
				more = append(more, "?t.spec.?"+field)
			}
		}
	}
	if len(more) == 0 {
		return text
	}
	return text + " +\n[" + strings.Join(more, ", ") + "]"
}

func objectImages(k kinds.Kind) string {
	lines := make([]string, len(k.Images))
	for i, path := range k.Images {
		list, rest, many := strings.Cut(path, "[]")
		if !many {
			lines[i] = "[" + optional("object", path) + ".orValue('')]"
			continue
		}
		lines[i] = fmt.Sprintf("%s.orValue([]).map(c, %s.orValue(''))", optional("object", list), optional("c", strings.TrimPrefix(rest, ".")))
	}
	if len(lines) == 0 {
		return ""
	}
	return "(" + strings.Join(lines, " +\n") + ").filter(i, i != '')"
}

func asks(k kinds.Kind) string {
	lines := make([]string, len(k.Accelerators))
	for i, expression := range k.Accelerators {
		lines[i] = strings.ReplaceAll(expression, "o.?", "object.?")
	}
	return strings.Join(lines, " ||\n")
}

// Remedy says where the label goes that claims a release.
func (g guard) Remedy() string {
	t := g.Kind.Templates[0]
	path := t.Path + ".metadata.labels"
	if t.Form != kinds.PodTemplateSpec {
		path = t.Labels[len(t.Labels)-1]
		if strings.HasPrefix(path, ".") {
			path = t.Path + path
		}
	}
	return "set scalegate.dev/release in " + path + " to the name of a ModelRelease in this namespace"
}

// Why says why what is uncleared is refused and not held.
func (g guard) Why() string {
	if g.RefuseCreate {
		return "a revision that waits is failed for good"
	}
	return "nothing would keep the old model"
}
