// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"
)

const remedyReference = "mount the artifact as an image volume by digest and name its path here and in the release's serving"

// checkReferences judges everything in a container that names a model or a part of one: it
// must lead to content that a digest of the release pins.
func (m *matcher) checkReferences(c *container) *Mismatch {
	if c.role != roleServing {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(c.env)) {
		if found := m.checkVariable(c, name); found != nil {
			return found
		}
	}
	if found := m.checkPositional(c); found != nil {
		return found
	}
	modules := modulesAt(c.argv)
	for i, t := range c.argv {
		if !strings.HasPrefix(t.value, "-") || modules[i] {
			continue
		}
		flag, value, joined := strings.Cut(t.value, "=")
		kind := flagContent(flag)
		switch {
		case kind == contentNone:
			continue
		case kind == contentRefused:
			return mismatch(t.field, switchRemedy(flag), "is %s, which the release cannot pin", quote(flag))
		case t.free:
			return chosen(t)
		}
		values := valuesAfter(c.argv[i+1:])
		if joined {
			values = []text{{value: value, field: t.field}}
		}
		if len(values) == 0 {
			return mismatch(t.field, remedyReference, "is %s without a value", quote(flag))
		}
		for _, v := range values {
			if found := m.judge(c, kind, v); found != nil {
				return found
			}
		}
	}
	return nil
}

// chosen refuses a model reference of which the workload chooses a part.
func chosen(t text) *Mismatch {
	return mismatch(t.field, "have the release's serving name the model without a free value",
		"is %s, and a workload may not choose a part of what names a model", quote(t.value))
}

// valuesAfter are the arguments up to the next flag: some flags take several values.
func valuesAfter(argv []text) []text {
	for i, t := range argv {
		if strings.HasPrefix(t.value, "-") {
			return argv[:i]
		}
	}
	return argv
}

func (m *matcher) checkPositional(c *container) *Mismatch {
	at, demanded := positional(c.argv, len(c.Command) > 0)
	if at < 0 {
		return nil
	}
	if at >= len(c.argv) || strings.HasPrefix(c.argv[at].value, "-") {
		if !demanded {
			return nil
		}
		last := c.argv[min(at, len(c.argv)-1)]
		return mismatch(last.field, "write the model's path as the first argument after the word serve",
			"is where the server expects its model, and names none")
	}
	if c.argv[at].free {
		return chosen(c.argv[at])
	}
	found := m.judge(c, contentModel, c.argv[at])
	if found != nil && len(c.Command) == 0 {
		found.Remedy = "if it is a program or a word for one, write the program in command; if it is the model, " + found.Remedy
	}
	return found
}

func (m *matcher) checkVariable(c *container, name string) *Mismatch {
	kind, listed := contentOf(variables(), name)
	t := c.env[name]
	switch {
	case !listed:
		return nil
	case kind == contentRefused:
		if isOff(t.value) {
			return nil
		}
		return mismatch(t.field, switchRemedy(name), "is %s, which the release cannot pin", quote(t.value))
	case t.free:
		return chosen(t)
	}
	return m.judge(c, kind, t)
}

func isOff(value string) bool {
	return slices.Contains([]string{"", "0", "false", "no", "off"}, strings.ToLower(value))
}

// judge takes a value apart: JSON, a list with commas, name=path, or one reference.
func (m *matcher) judge(c *container, kind content, t text) *Mismatch {
	if t.free {
		return chosen(t)
	}
	trimmed := strings.TrimSpace(t.value)
	if kind == contentDraft || kind == contentAdapter && (strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[")) {
		var value any
		if err := json.Unmarshal([]byte(trimmed), &value); err != nil {
			return mismatch(t.field, "write it as JSON", "is %s, where JSON is expected", quote(t.value))
		}
		return m.judgeJSON(c, kind, t, value)
	}
	if kind != contentAdapter {
		return m.judgeReference(c, kind, t)
	}
	for part := range strings.FieldsFuncSeq(t.value, func(r rune) bool { return r == ',' || r == ' ' }) {
		if _, after, named := strings.Cut(part, "="); named {
			part = after
		}
		if isNumber(part) {
			continue
		}
		if found := m.judgeReference(c, kind, text{value: withoutScale(part), field: t.field}); found != nil {
			return found
		}
	}
	return nil
}

// withoutScale drops the :0.5 that llama.cpp takes after an adapter's path.
func withoutScale(part string) string {
	if before, scale, ok := strings.Cut(part, ":"); ok && strings.HasPrefix(part, "/") && isNumber(scale) {
		return before
	}
	return part
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789.") == "" }

func (m *matcher) judgeJSON(c *container, kind content, t text, value any) *Mismatch {
	switch v := value.(type) {
	case string:
		return m.judgeReference(c, kind, text{value: v, field: t.field})
	case []any:
		for _, element := range v {
			if found := m.judgeJSON(c, kind, t, element); found != nil {
				return found
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if found := m.judgeKey(c, jsonContent(key, kind), text{value: key, field: t.field}, v[key], kind); found != nil {
				return found
			}
		}
	}
	return nil
}

func (m *matcher) judgeKey(c *container, names content, key text, value any, inside content) *Mismatch {
	reference, isText := value.(string)
	switch {
	case value == nil:
		return nil
	case names == contentRefused:
		return mismatch(key.field, switchRemedy(key.value), "sets %s, which the release cannot pin", quote(key.value))
	case isText && names == contentNone:
		return nil
	case isText:
		return m.judgeReference(c, names, text{value: reference, field: key.field})
	}
	return m.judgeJSON(c, inside, key, value)
}

// judgeReference demands a path into pinned content, or a reference that ends in the digest
// of an artifact.
func (m *matcher) judgeReference(c *container, kind content, t text) *Mismatch {
	if strings.HasPrefix(t.value, "/") {
		return m.judgePath(c, kind, t)
	}
	hex, pinned := pinnedDigest(t.value)
	if !pinned {
		return mismatch(t.field, remedyReference,
			"names %s by host, tag or path without a digest: %s can be other content tomorrow", kind, quote(t.value))
	}
	for _, a := range m.declared.byDigest(hex) {
		if kind.fits(a.Type) {
			return nil
		}
	}
	return mismatch(t.field, "name an artifact of the release, or add this one to its artifacts",
		"is %s, whose digest is no artifact of the release that can be %s", quote(t.value), kind)
}

// judgePath demands that a path lies in a mounted artifact, or in the container's own image
// where nothing is mounted over it.
func (m *matcher) judgePath(c *container, kind content, t text) *Mismatch {
	if path.Clean(t.value) != strings.TrimSuffix(t.value, "/") && t.value != "/" {
		return mismatch(t.field, "write the path without . or .. or doubled slashes", "is %s, which is no plain path", quote(t.value))
	}
	at, holder := path.Clean(t.value), -1
	for i, mount := range c.VolumeMounts {
		if within(at, mount.MountPath) && (holder < 0 || within(mount.MountPath, c.VolumeMounts[holder].MountPath)) {
			holder = i
		}
	}
	for i, mount := range c.VolumeMounts {
		if i != holder && within(mount.MountPath, at) {
			return mismatch(item(c.path+".volumeMounts", mount.Name), "mount it elsewhere", "lies inside %s and hides a part of %s", quote(at), kind)
		}
	}
	types := c.types
	if holder >= 0 {
		types = nil
		if image := m.volumes[c.VolumeMounts[holder].Name].Image; image != nil {
			hex, _ := pinnedDigest(image.Reference)
			for _, a := range m.declared.byDigest(hex) {
				types = append(types, a.Type)
			}
		}
	}
	if slices.ContainsFunc(types, kind.fits) {
		return nil
	}
	return mismatch(t.field, remedyReference, "names %s by the path %s, which lies in no artifact of the release that can be %s", kind, quote(t.value), kind)
}

// within says whether a path is at or below another.
func within(p, above string) bool {
	above = strings.TrimSuffix(path.Clean(above), "/")
	p = path.Clean(p)
	return p == above || strings.HasPrefix(p, above+"/")
}
