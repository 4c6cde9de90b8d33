// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Customs are the kinds of others, in each version that is served. The first version of a resource is the one that is stored.
func Customs() (kinds []Kind) {
	for _, c := range customs() {
		kinds = append(kinds, c.kind)
		if c.other != "" {
			kinds = append(kinds, c.version())
		}
	}
	return kinds
}

// Scales tells whether a kind of others has the subresource scale.
func Scales(kind Kind) bool {
	c, ok := customOf(kind)
	return ok && c.scale
}

func (c custom) version() Kind {
	kind := c.kind
	kind.Version = c.other
	return kind
}

// place sets a value at a path of a custom kind, with one item in each list on the way.
func (c custom) place(content map[string]any, path string, value any) {
	keys := strings.Split(path, ".")
	for i, key := range keys {
		name, list := strings.CutSuffix(key, "[]")
		last := i == len(keys)-1
		if list {
			items, _ := content[name].([]any)
			if len(items) == 0 {
				items = []any{map[string]any{"name": "one"}}
				content[name] = items
			}
			if last {
				items[0] = value
				return
			}
			content, _ = items[0].(map[string]any)
			continue
		}
		if last {
			content[name] = value
			return
		}
		if _, ok := content[name].(map[string]any); !ok {
			content[name] = map[string]any{}
		}
		content, _ = content[name].(map[string]any)
	}
}

// object is one of the kind, with a pod template at every spot, that claims the release everywhere it can.
func (c custom) object(name, release string) map[string]any {
	content := object(c.kind, name)
	annotate("example.com/kept", "x")(content)
	content[spec] = map[string]any{}
	if c.scale {
		put(int64(1), spec, "replicas")(content)
	}
	if c.kind.Resource == "vllmruntimes" {
		put(int64(1), spec, "deploymentConfig", "replicas")(content)
	}
	for i, s := range c.spots {
		template := podTemplate(name, release)
		// No two spots are the same.
		put(int64(i), spec, "terminationGracePeriodSeconds")(template)
		switch s.form {
		case whole:
			c.place(content, s.path, template)
		case inlined:
			podSpec, _ := template[spec].(map[string]any)
			podSpec = maps.Clone(podSpec)
			for _, key := range s.free {
				podSpec[key] = int64(1)
			}
			c.place(content, s.path, podSpec)
		case built:
			if len(reach(content, s.path)) == 0 {
				c.place(content, s.path, map[string]any{})
			}
		}
	}
	for _, path := range c.names {
		key := path[strings.LastIndex(path, ".")+1:]
		if many(key) && (key != "draResources" || release != "") {
			c.place(content, path, []any{map[string]any{"name": "first"}})
		}
	}
	if release != "" {
		c.claim(release, claimLabel)(content)
	}
	return content
}

// many tells whether the field of a custom kind is a list.
func many(key string) bool {
	return slices.Contains([]string{
		"adapters", "baseRefs", "env", "envFrom", "files", "initContainers", "sidecarContainers", "draResources", "command", "args",
	}, key)
}

// claim is the change that writes a label wherever a claim is read.
func (c custom) claim(value, key string) Change {
	return func(content map[string]any) {
		for _, s := range c.spots {
			if s.form == whole {
				for _, found := range reach(content, s.path) {
					if template, ok := found.(map[string]any); ok {
						label(key, value)(template)
					}
				}
				continue
			}
			path := s.claims[0]
			marks, _ := first(reach(content, path)).(map[string]any)
			marks = maps.Clone(marks)
			if marks == nil {
				marks = map[string]any{}
			}
			marks[key] = value
			c.place(content, path, marks)
		}
	}
}

// lastClaims is the change by which the last template alone claims: of a list, the last item, which is added.
func (c custom) lastClaims() Change {
	return func(content map[string]any) {
		s := c.spots[len(c.spots)-1]
		if path, rest, list := strings.Cut(s.path, "[]."); list {
			items, _ := first(reach(content, path)).([]any)
			second := map[string]any{"name": "two"}
			c.place(second, rest, podTemplate("two", heldRelease))
			c.place(content, path, append(slices.Clone(items), second))
			return
		}
		s.inSpot(label(claimLabel, heldRelease))(content)
	}
}

// inSpot applies the change to what is found at a spot, as to a pod template.
func (s spot) inSpot(change Change) Change {
	return func(content map[string]any) {
		for _, found := range reach(content, s.path) {
			template, ok := found.(map[string]any)
			if !ok {
				continue
			}
			if s.form == inlined {
				// A pod's spec and its metadata are not apart here; what is about metadata does not apply.
				template = map[string]any{spec: template}
			}
			change(template)
		}
	}
}

// requests are the ways to ask for an accelerator in the fields of a container that stand in the spot itself.
func (s spot) requests() map[string]Change {
	all := map[string]Change{}
	for name, ask := range requests() {
		all[name] = func(content map[string]any) {
			container := map[string]any{}
			ask(map[string]any{spec: map[string]any{containers: []any{container}}})
			for _, found := range reach(content, s.path) {
				if fields, ok := found.(map[string]any); ok {
					for _, key := range []string{"resources", "env"} {
						if container[key] != nil {
							fields[key] = container[key]
						}
					}
				}
			}
		}
	}
	return all
}

// customFixtures are one of each kind that claims the cleared release, one that claims the other, and one that claims none.
func customFixtures() (fixtures []Fixture) {
	for _, c := range customs() {
		for name, release := range map[string]string{"cleared": clearedRelease, "lacking": heldRelease, "plain": ""} {
			fixtures = append(fixtures, Fixture{
				Name: name, Kind: c.kind, Object: c.object(c.kind.Resource+"-"+name, release), Who: c.author(),
			})
		}
	}
	group, _ := customOf(groupKind())
	stalled, large := group.object("leaderworkersets-stalled", clearedRelease), group.object("leaderworkersets-large", clearedRelease)
	unreached := group.object("leaderworkersets-unreached", "")
	group.place(unreached, group.partition, int64(noOrdinal))
	group.place(stalled, group.partition, int64(1))
	eachOf(group, annotate("example.com/large", strings.Repeat("x", 40000)))(large)
	for _, c := range customs() {
		if c.suspend != "" {
			for name, release := range map[string]string{"idle": clearedRelease, "idle-lacking": heldRelease, "idle-plain": ""} {
				idle := c.object(c.kind.Resource+"-"+name, release)
				c.place(idle, c.suspend, !c.inverse)
				fixtures = append(fixtures, Fixture{Name: name, Kind: c.kind, Object: idle, Who: c.author()})
			}
		}
		fixtures = append(fixtures, c.bare()...)
		for name, release := range map[string]string{"exposed": clearedRelease, "exposed-lacking": heldRelease} {
			exposed := c.object(c.kind.Resource+"-"+name, release)
			c.claim("Public", exposureLabel)(exposed)
			fixtures = append(fixtures, Fixture{Name: name, Kind: c.kind, Object: exposed, Who: c.author()})
		}
	}
	fixtures = append(fixtures,
		Fixture{Name: "stalled", Kind: group.kind, Object: stalled, Who: group.author()},
		Fixture{Name: "large", Kind: group.kind, Object: large, Who: group.author()},
		Fixture{Name: "unreached", Kind: group.kind, Object: unreached, Who: group.author()})
	slices.SortFunc(fixtures, func(a, b Fixture) int { return strings.Compare(a.Kind.Resource+a.Name, b.Kind.Resource+b.Name) })
	return fixtures
}

// bare are objects of a kind with templates beside a spot that is built, without any of the templates: each claims at one
// built spot alone.
func (c custom) bare() (fixtures []Fixture) {
	if !slices.ContainsFunc(c.spots, func(s spot) bool { return s.form == inlined }) {
		return nil
	}
	for i, s := range c.spots {
		if s.form != built {
			continue
		}
		name := "bare-" + strconv.Itoa(i)
		content := object(c.kind, c.kind.Resource+"-"+name)
		content[spec] = map[string]any{}
		c.place(content, s.claims[0], map[string]any{claimLabel: heldRelease})
		fixtures = append(fixtures, Fixture{Name: name, Kind: c.kind, Object: content, Who: c.author()})
	}
	return fixtures
}

// firstAsking is the name of the first change by which it asks in fields of its own that keep which model it is.
func (c custom) firstAsking() (name string, ok bool) {
	names := slices.Sorted(maps.Keys(c.asking))
	if len(names) == 0 {
		return "", false
	}
	return names[0], true
}

// author makes fixtures. What would be refused as it is made, the controller makes.
func (c custom) author() Identity {
	if c.fails {
		return controller()
	}
	return clusterAdmin()
}

// customs is what is tried on the kinds of others.
func (c *catalogue) customs() {
	for _, kind := range customs() {
		c.customBirths(kind)
		c.customUpdates(kind)
		c.customHolds(kind)
		c.bareUpdates(kind)
	}
}

func (c *catalogue) customBirths(o custom) {
	who := []Identity{clusterAdmin(), gitOps()}
	born := func(what, release string, change Change) attack {
		return attack{number: "A3", what: what, kind: o.kind, ways: creates(), who: who, change: change, base: func() map[string]any { return o.object("new", release) }}
	}
	c.add(
		born("one that claims an uncleared release", heldRelease, nil), born("one that claims a cleared release", clearedRelease, nil),
		born("one that claims nothing", "", nil),
		born("one under the granted exposure", clearedRelease, o.claim(grantedExposure, exposureLabel)),
		born("one under another exposure", clearedRelease, o.claim("Public", exposureLabel)),
	)
	if o.suspend != "" {
		halted := func(content map[string]any) { o.place(content, o.suspend, !o.inverse) }
		c.add(
			born("one that its author suspended", heldRelease, halted),
			born("one that its author suspended, with a mark", heldRelease, both(halted, annotate(heldKey, "resume"))),
		)
		marked := born("one that its author suspended, with a mark, claiming nothing", "", annotate(heldKey, "resume"))
		marked.base = func() map[string]any {
			content := o.object("new", "")
			halted(content)
			return content
		}
		c.add(marked)
	}
	c.add(born("one with a note", heldRelease, annotate("example.com/note", "x")), born("one without annotations", heldRelease, drop(metadata, annotations)))
	if o.partition != "" || o.suspend != "" {
		c.add(
			born("one with a mark, typed by hand", clearedRelease, annotate(heldKey, "resume")),
			born("one with a cleared template, typed by hand", clearedRelease, annotate(clearedTextKey, "text")),
			born("one with a mark that claims nothing", "", annotate(heldKey, "resume")),
		)
	}
	c.add(born("one that claims at its last spot alone", "", o.lastClaims()))
	single := func(number, what, release string, change Change) attack {
		a := born(what, release, change)
		a.number, a.ways, a.who, a.grounds = number, only(Create), who[:1], []Ground{Enforced}
		return a
	}
	first := slices.IndexFunc(o.spots, func(s spot) bool { return s.form != built })
	if first >= 0 {
		// Kubernetes would take neither from a pod; what an operator makes of it is its own affair.
		c.add(
			single("F3", "requests alone, claiming nothing", "", o.spots[first].inSpot(firstContainer(put(map[string]any{gpu: "1"}, "resources", "requests")))),
			single("F3", "the claim of a container alone, claiming nothing", "", o.spots[first].inSpot(firstContainer(put([]any{map[string]any{"name": "gpu"}}, "resources", "claims")))),
		)
		c.add(born("one with an accelerator that claims nothing", "", o.spots[first].inSpot(limit(gpu))))
	}
	c.spotBirths(o, first, single)
	c.ownBirths(o, single)
}

// spotBirths asks for accelerators at each spot; at the first, in every way there is.
func (c *catalogue) spotBirths(o custom, first int, single func(number, what, release string, change Change) attack) {
	for i, s := range o.spots {
		if s.form == built {
			continue
		}
		for name, ask := range requests() {
			if i > first && name != gpu && name != "an init container with a GPU" {
				continue
			}
			c.add(single("F3", name+" at "+s.path+", claiming nothing", "", s.inSpot(ask)))
		}
		c.add(single("F3", gpu+" at "+s.path+", claiming", heldRelease, s.inSpot(limit(gpu))))
		for _, field := range s.more {
			ask := put(map[string]any{"resources": map[string]any{"limits": map[string]any{gpu: "1"}}}, spec, field)
			c.add(single("F3", "a "+field+" with a GPU at "+s.path+", claiming nothing", "", s.inSpot(ask)))
		}
	}
}

// ownBirths asks in the fields of the kind's own.
func (c *catalogue) ownBirths(o custom, single func(number, what, release string, change Change) attack) {
	who := []Identity{clusterAdmin()}
	if o.kind.Resource == "nimservices" {
		for name, ask := range o.spots[0].requests() {
			c.add(single("F3", name+" in the fields of its container, claiming nothing", "", ask))
		}
		c.add(
			single("F3", "requests alone in the fields of its container, claiming nothing", "", put(map[string]any{gpu: "1"}, spec, "resources", "requests")),
			single("F3", "requests of CPU alone in the fields of its container, claiming nothing", "", put(map[string]any{"cpu": "50m"}, spec, "resources", "requests")),
			single("F3", "a variable of it beside others, claiming nothing", "", put([]any{
				map[string]any{"name": "MODE", "value": "fast"}, map[string]any{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"},
			}, spec, "env")),
		)
	}
	for name, ask := range o.asking {
		c.add(
			single("F3", name+" in its own fields, claiming nothing", "", ask), single("F3", name+" in its own fields, claiming", heldRelease, ask),
			attack{number: "F3", what: name + " afterwards, claiming nothing", kind: o.kind, on: "plain", change: ask, ways: only(Merge), who: who[:1], grounds: []Ground{Enforced}},
			attack{number: "F3", what: name + " afterwards, claiming", kind: o.kind, on: "cleared", change: ask, ways: only(Merge), who: who[:1]},
		)
	}
	if o.kind.Resource == "vllmruntimes" {
		c.add(single("F3", "no GPU in its own fields, claiming nothing", "", put("0", spec, "deploymentConfig", "resources", "gpu")))
	}
	if o.other != "" {
		a := single("A10", "an accelerator in another version, claiming nothing", "", o.spots[len(o.spots)-1].inSpot(limit(gpu)))
		base := a.base
		a.kind, a.base = o.version(), func() map[string]any {
			content := base()
			content["apiVersion"] = o.version().APIVersion()
			return content
		}
		c.add(a)
	}
}
