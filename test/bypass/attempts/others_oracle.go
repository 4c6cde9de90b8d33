// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"maps"
	"slices"
	"strings"
)

// customOf is the entry of a kind, in any version.
func customOf(kind Kind) (custom, bool) {
	for _, c := range customs() {
		if c.kind.Group == kind.Group && c.kind.Resource == kind.Resource {
			return c, true
		}
	}
	return custom{}, false
}

// reach are the values at a path of a custom kind.
func reach(content map[string]any, path string) []any {
	values := []any{any(content)}
	for key := range strings.SplitSeq(path, ".") {
		name, list := strings.CutSuffix(key, "[]")
		var next []any
		for _, value := range values {
			m, ok := value.(map[string]any)
			if !ok || m[name] == nil {
				continue
			}
			if items, ok := m[name].([]any); list && ok {
				next = append(next, items...)
			} else if !list {
				next = append(next, m[name])
			}
		}
		values = next
	}
	return values
}

// making is what one spot of an object makes pods from: a template, and what is claimed for it.
type making struct {
	template map[string]any
	// compared is what has to be the same for the pods to be.
	compared map[string]any
}

// makings are those of an object.
func (c custom) makings(content map[string]any) (all []making) {
	if content == nil {
		return nil
	}
	for _, s := range c.spots {
		for _, value := range reach(content, s.path) {
			found, ok := value.(map[string]any)
			if !ok {
				continue
			}
			all = append(all, s.making(content, found))
		}
	}
	return all
}

func (s spot) making(content, found map[string]any) making {
	if s.form == whole {
		return making{found, map[string]any{"labels": at(found, metadata, labels), "annotations": at(found, metadata, annotations), "spec": found[spec]}}
	}
	merged := map[string]any{}
	for _, path := range s.claims {
		from := content
		relative, own := strings.CutPrefix(path, ".")
		if own {
			from = found
		}
		for _, value := range reach(from, relative) {
			if m, ok := value.(map[string]any); ok {
				maps.Copy(merged, m)
			}
		}
	}
	claimed := map[string]any{}
	for _, key := range []string{claimLabel, exposureLabel} {
		if merged[key] != nil {
			claimed[key] = merged[key]
		}
	}
	podSpec := map[string]any{}
	if s.form == inlined {
		podSpec = maps.Clone(found)
	}
	for _, key := range s.free {
		delete(podSpec, key)
	}
	compared := map[string]any{"labels": claimed, "spec": podSpec}
	all, _ := podSpec[containers].([]any)
	for _, key := range s.more {
		if one, ok := found[key].(map[string]any); ok {
			all = append(slices.Clone(all), one)
		} else if key == "" {
			all = append(slices.Clone(all), map[string]any{"resources": found["resources"], "env": found["env"]})
			compared["more"] = all
		}
	}
	judged := maps.Clone(podSpec)
	judged[containers] = all
	return making{map[string]any{metadata: map[string]any{labels: claimed}, spec: judged}, compared}
}

// judgeCustom: a template that asks and claims nothing is refused; an update to what is not cleared is held where the kind
// can hold it without loss, and refused where it cannot.
func judgeCustom(r Request, c custom) Outcome {
	before, after := c.makings(r.Old), c.makings(r.New)
	changed := slices.DeleteFunc(slices.Clone(after), func(m making) bool {
		return slices.ContainsFunc(before, func(o making) bool { return same(m.compared, o.compared) })
	})
	claimed := slices.ContainsFunc(after, making.claims)
	other := r.Old == nil || !c.sameModel(r.Old, r.New)
	switch {
	case !c.unguarded && slices.ContainsFunc(changed, making.asks):
		return Refused
	case !claimed && (other || len(changed) > 0) && c.asks(r.New):
		return Refused
	case c.partition != "" || c.suspend != "":
		return c.judgeHold(r, claimed, len(changed) > 0 || len(before) != len(after))
	case r.Who.Name == controllerName || r.Old == nil && !c.fails:
		return Through
	case other:
		changed = after
	}
	return c.judgeClaims(r, changed, before)
}

// judgeClaims refuses where one of those that claim is not cleared.
func (c custom) judgeClaims(r Request, makings, before []making) Outcome {
	if slices.ContainsFunc(makings, func(m making) bool { return m.claims() && !c.cleared(r, m, before) }) {
		return Refused
	}
	return Through
}

func (m making) claims() bool { return claims(m.template) }

// asks tells whether it asks for an accelerator and claims nothing.
func (m making) asks() bool { return !m.claims() && asks(m.template) }

// judgeHold is for the kinds with a hold.
func (c custom) judgeHold(r Request, claiming, changed bool) Outcome {
	held := Holds(r.Kind, r.Old)
	touched := marksDiffer(r) || !same(reach(r.Old, c.partition+c.suspend), reach(r.New, c.partition+c.suspend))
	switch {
	case r.Who.Name == controllerName:
		return loosened(held && !Holds(r.Kind, r.New))
	case held && (r.What == returns || !claiming || c.queued(r.New)):
		return Lifted
	case c.queued(r.New):
		return Through
	case claiming && (changed && c.holdsNow(r) || held && touched):
		return Held
	case c.forged(r):
		return Inert
	default:
		return Through
	}
}

// queued tells whether an object waits in a queue, where it is held.
func (c custom) queued(content map[string]any) bool {
	return c.suspend != "" && !c.anyTime && mapAt(content, metadata, labels)[queueLabel] != nil
}

// forged tells whether there is a mark that only Scalegate writes. A run keeps no template that was cleared.
func (c custom) forged(r Request) bool {
	return marked(r.New) && !marked(r.Old) || marksDiffer(r) && c.partition != ""
}

// holdsNow: a partition has nothing older to keep at creation, and a switch stops nothing that runs.
func (c custom) holdsNow(r Request) bool {
	if c.partition != "" {
		return r.Old != nil
	}
	return r.Old == nil || c.anyTime || c.halted(r.Old)
}

// halted tells whether the switch of a kind that has one stands at what does not run.
func (c custom) halted(content map[string]any) bool {
	stands, set := first(reach(content, c.suspend)).(bool)
	return set && stands != c.inverse
}

// queueLabel is Kueue's: what waits in a queue is held there.
const queueLabel = "kueue.x-k8s.io/queue-name"

// sameModel tells whether two objects name the same model outside of their spots.
func (c custom) sameModel(before, after map[string]any) bool {
	for _, path := range c.names {
		old, fresh := reach(before, path), reach(after, path)
		if list, ok := first(fresh).([]any); ok {
			known, _ := first(old).([]any)
			if slices.ContainsFunc(list, func(item any) bool {
				return !slices.ContainsFunc(known, func(k any) bool { return same(k, item) })
			}) {
				return false
			}
			continue
		}
		if !same(old, fresh) && first(fresh) != nil || len(fresh) == 0 && len(old) != 0 && !isList(first(old)) {
			return false
		}
	}
	return true
}

func isList(value any) bool { _, ok := value.([]any); return ok }

func first(values []any) any {
	if len(values) == 0 {
		return nil
	}
	return values[0]
}

// asks tells whether fields outside of the spots ask for an accelerator.
func (c custom) asks(content map[string]any) bool {
	switch c.kind.Resource {
	case "nimservices":
		return len(listAt(content, spec, "draResources")) > 0 || at(content, spec, "multiNode") != nil ||
			strings.HasPrefix(textAt(content, spec, "runtimeClassName"), "nvidia")
	case "vllmruntimes":
		amount := textAt(content, spec, "deploymentConfig", "resources", "gpu")
		return amount != "" && amount != "0" || strings.HasPrefix(textAt(content, spec, "deploymentConfig", "runtimeClass"), "nvidia")
	case "models":
		profile := textAt(content, spec, "resourceProfile")
		return strings.Contains(profile, "gpu") || strings.Contains(profile, "tpu")
	default:
		return false
	}
}

// cleared tells whether what claims may roll out.
func (c custom) cleared(r Request, m making, before []making) bool {
	grant, ok := r.Grants[claim(m.template)]
	exposure := textAt(m.template, metadata, labels, exposureLabel)
	kept := slices.ContainsFunc(before, func(o making) bool {
		return claim(o.template) == claim(m.template) && textAt(o.template, metadata, labels, exposureLabel) == exposure
	})
	references := images(m.template)
	for _, path := range c.images {
		for _, value := range reach(r.New, path) {
			if text, ok := value.(string); ok && text != "" {
				references = append(references, text)
			}
		}
	}
	return ok && (exposure == "" || exposure == grantedExposure || kept) && !slices.ContainsFunc(references, func(reference string) bool {
		_, digest, found := strings.Cut(reference, "@sha256:")
		return reference != "" && (!found || !slices.Contains(grant.Digests, digest))
	})
}
