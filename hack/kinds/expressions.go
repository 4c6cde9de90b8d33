// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// guard is what the template of the guard needs to know of the kinds. Every field that is a text is one CEL expression over
// variables.kind, RESOURCE.GROUP, that comes to what the kind of the request has, and to nothing where it has none.
type guard struct {
	// Rules are the resources of each group.
	Rules []rule
	// Templates and OldTemplates are lists of records: labels, annotations, spec.
	Templates, OldTemplates string
	// Identities and OldIdentities are lists of pairs, path and value.
	Identities, OldIdentities string
	// Free are the fields of an inlined PodSpec that change no pod, and Fields those that hold one container each.
	Free, Fields string
	// Images are the images outside of templates.
	Images string
	// Asks is whether fields outside of templates ask for an accelerator.
	Asks string
	// Places says where the label goes that claims a release.
	Places string
	// Held are the kinds that have a hold. All others are refused while they are uncleared, and those of RefuseCreate
	// at creation too.
	Held, RefuseCreate string
}

// rule names the resources of one group: a rule of a policy with several groups means every resource in each of them.
type rule struct {
	Group     string
	Resources []string
}

const (
	release  = "'scalegate.dev/release'"
	exposure = "'scalegate.dev/exposure'"
	none     = "[]"
)

func newGuard(all []kinds.Kind) guard {
	templates := func(object string) string {
		return choose(all, none, func(k kinds.Kind) string { return records(k, object) })
	}
	identifies := func(object string) string {
		return choose(all, none, func(k kinds.Kind) string { return identities(k, object) })
	}
	return guard{
		Rules:         rules(all),
		Templates:     templates("object"),
		OldTemplates:  old(templates("oldObject")),
		Identities:    identifies("object"),
		OldIdentities: old(identifies("oldObject")),
		Free:          choose(all, none, free),
		Fields:        choose(all, none, fields),
		Images:        choose(all, none, images),
		Asks:          choose(all, "false", asks),
		Places:        choose(all, "''", func(k kinds.Kind) string { return "'" + place(k) + "'" }),
		Held:          list(all, func(k kinds.Kind) bool { return k.Hold != kinds.HoldNone }),
		RefuseCreate:  list(all, func(k kinds.Kind) bool { return k.RefuseCreate }),
	}
}

func rules(all []kinds.Kind) []rule {
	var rules []rule
	for _, k := range all {
		i := slices.IndexFunc(rules, func(r rule) bool { return r.Group == k.Group })
		if i < 0 {
			i, rules = len(rules), append(rules, rule{Group: k.Group})
		}
		rules[i].Resources = append(rules[i].Resources, k.Resource)
	}
	return rules
}

// choose is the expression of the kind of the request, each once for all kinds that have it. What it is not is not evaluated.
func choose(all []kinds.Kind, otherwise string, expression func(kinds.Kind) string) string {
	var text strings.Builder
	seen := map[string]bool{"": true}
	for _, k := range all {
		branch := expression(k)
		if seen[branch] {
			continue
		}
		seen[branch] = true
		those := is(all, func(other kinds.Kind) bool { return expression(other) == branch })
		fmt.Fprintf(&text, "%s ?\n%s :\n", those, indent(2, branch))
	}
	return text.String() + otherwise
}

// is asks whether the kind of the request is one of those.
func is(all []kinds.Kind, those func(kinds.Kind) bool) string {
	names := list(all, those)
	if !strings.Contains(names, ",") {
		return "variables.kind == " + strings.Trim(names, "[]")
	}
	return "variables.kind in " + names
}

func list(all []kinds.Kind, those func(kinds.Kind) bool) string {
	var names []string
	for _, k := range all {
		if those(k) {
			names = append(names, k.GroupResource().String())
		}
	}
	return texts(names)
}

// texts is a list of literals.
func texts(all []string) string {
	if len(all) == 0 {
		return none
	}
	return "['" + strings.Join(all, "', '") + "']"
}

func old(expression string) string {
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
	var lines []string
	for _, path := range k.Identity {
		list, rest, many := strings.Cut(path, "[]")
		switch {
		case ofContainer(k, path):
		case !many:
			lines = append(lines, fmt.Sprintf("[[dyn('%s'), %s.orValue('')]]", path, optional(object, path)))
		case rest == "":
			lines = append(lines, fmt.Sprintf("%s.orValue([]).map(v, [dyn('%s'), v])", optional(object, list), path))
		default:
			lines = append(lines, fmt.Sprintf("%s.orValue([]).map(v, [dyn('%s'), %s.orValue('')])",
				optional(object, list), path, optional("v", strings.TrimPrefix(rest, "."))))
		}
	}
	return strings.Join(lines, " +\n")
}

// ofContainer tells whether a field is the environment of a container that is read as a part of a template, and compared there.
func ofContainer(k kinds.Kind, path string) bool {
	return slices.ContainsFunc(k.Templates, func(t kinds.Template) bool {
		return t.Form == kinds.Built && slices.Contains(t.Containers, "") && path == t.Path+".env"
	})
}

// free are the fields beside an inlined PodSpec that change no pod.
func free(k kinds.Kind) string {
	for _, t := range k.Templates {
		if len(t.Free) > 0 {
			return texts(t.Free)
		}
	}
	return ""
}

// fields are those of an inlined PodSpec that hold one container each.
func fields(k kinds.Kind) string {
	var names []string
	for _, t := range k.Templates {
		for _, field := range t.Containers {
			if field != "" && !slices.Contains(names, field) {
				names = append(names, field)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return texts(names)
}

func images(k kinds.Kind) string {
	lines := make([]string, len(k.Images))
	for i, path := range k.Images {
		list, rest, many := strings.Cut(path, "[]")
		if !many {
			lines[i] = "[" + optional("object", path) + ".orValue('')]"
			continue
		}
		lines[i] = fmt.Sprintf("%s.orValue([]).map(c, %s.orValue(''))", optional("object", list), optional("c", strings.TrimPrefix(rest, ".")))
	}
	return strings.Join(lines, " +\n")
}

func asks(k kinds.Kind) string {
	lines := make([]string, len(k.Accelerators))
	for i, expression := range k.Accelerators {
		lines[i] = strings.ReplaceAll(expression, "o.?", "object.?")
	}
	return strings.Join(lines, " ||\n")
}

// place is where the label goes that claims a release.
func place(k kinds.Kind) string {
	t := k.Templates[0]
	if t.Form == kinds.PodTemplateSpec {
		return t.Path + ".metadata.labels"
	}
	path := t.Labels[len(t.Labels)-1]
	if strings.HasPrefix(path, ".") {
		return t.Path + path
	}
	return path
}
