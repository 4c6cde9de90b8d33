// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// TemplatesOf are the pod templates of an object of this kind, each as a PodTemplateSpec whose labels are those that its
// pods get. A Built one has metadata alone. The result shares nothing with the object but the specs, which
// are not to be changed. An error names the field that has another shape than the kind's.
func (k Kind) TemplatesOf(object map[string]any) ([]map[string]any, error) {
	var templates []map[string]any
	for _, t := range k.Templates {
		for _, node := range Values(object, t.Path) {
			fields, ok := node.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("reading %s of a %s: it is not an object", t.Path, k.Kind)
			}
			template, err := t.podTemplate(object, fields)
			if err != nil {
				return nil, fmt.Errorf("reading %s of a %s: %w", t.Path, k.Kind, err)
			}
			templates = append(templates, template)
		}
	}
	return templates, nil
}

func (t Template) podTemplate(object, node map[string]any) (map[string]any, error) {
	metadata := map[string]any{}
	if t.Form == PodTemplateSpec || t.Form == Whole {
		if own, there := node["metadata"]; there && own != nil {
			fields, ok := own.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("metadata is not an object")
			}
			metadata = maps.Clone(fields)
		}
	}
	labels, err := t.labels(object, node, metadata["labels"])
	if err != nil {
		return nil, err
	}
	if len(labels) > 0 {
		metadata["labels"] = labels
	}
	template := map[string]any{"metadata": metadata}
	switch t.Form {
	case PodTemplateSpec, Whole:
		if spec, there := node["spec"]; there {
			template["spec"] = spec
		}
	case PodSpec:
		template["spec"] = node
	case Built:
	}
	return template, nil
}

// labels merges the maps that reach the pods; own are the template's, which win.
func (t Template) labels(object, node map[string]any, own any) (map[string]any, error) {
	merged := map[string]any{}
	for _, path := range t.Labels {
		from := object
		if rest, relative := strings.CutPrefix(path, "."); relative {
			from, path = node, rest
		}
		for _, value := range Values(from, path) {
			if err := mergeLabels(merged, value); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	if err := mergeLabels(merged, own); err != nil {
		return nil, fmt.Errorf("metadata.labels: %w", err)
	}
	return merged, nil
}

func mergeLabels(into map[string]any, value any) error {
	if value == nil {
		return nil
	}
	labels, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("labels are not an object")
	}
	maps.Copy(into, labels)
	return nil
}

// Claims are the releases that the templates of an object claim: sorted, each once. A template that cannot be read
// claims nothing here; its pods are judged on their own.
func (k Kind) Claims(object map[string]any) []string {
	templates, err := k.TemplatesOf(object)
	if err != nil {
		return nil
	}
	var releases []string
	for _, template := range templates {
		for _, release := range Values(template, "metadata.labels") {
			labels, _ := release.(map[string]any)
			if name, ok := labels[v1alpha1.LabelRelease].(string); ok && name != "" {
				releases = append(releases, name)
			}
		}
	}
	slices.Sort(releases)
	return slices.Compact(releases)
}

// ReplicasOf is how many the object asks for, in the kind's own measure: the sum of the counts at Replicas, or
// DefaultReplicas when there are none. Never negative.
func (k Kind) ReplicasOf(object map[string]any) int64 {
	var sum int64
	found := false
	for _, path := range k.Replicas {
		for _, value := range Values(object, path) {
			count, ok := integer(value)
			if !ok {
				continue
			}
			found = true
			sum = min(sum+max(count, 0), math.MaxInt32)
		}
	}
	if !found {
		return k.DefaultReplicas
	}
	return sum
}

func integer(value any) (int64, bool) {
	switch n := value.(type) {
	case int64:
		return min(n, math.MaxInt32), true
	case int:
		return min(int64(n), math.MaxInt32), true
	case float64:
		if n != math.Trunc(n) {
			return 0, false
		}
		return int64(max(min(n, math.MaxInt32), math.MinInt32)), true
	default:
		return 0, false
	}
}

// IdentityOf are the values that name a model outside of templates, in the order of Identity. Nothing is copied.
func (k Kind) IdentityOf(object map[string]any) []any {
	var values []any
	for _, path := range k.Identity {
		values = append(values, Values(object, path)...)
	}
	return values
}

// UnitOf names the serving unit of a pod that this kind controls, from the pod's labels: key=value, between commas.
// False when each pod is a unit of its own, or a label is missing.
func (k Kind) UnitOf(podLabels map[string]string) (string, bool) {
	parts := make([]string, 0, len(k.Unit))
	for _, key := range k.Unit {
		value, there := podLabels[key]
		if !there {
			return "", false
		}
		parts = append(parts, key+"="+value)
	}
	return strings.Join(parts, ","), len(parts) > 0
}

// UnitSizeOf is how many pods a unit of the object has at most; 0 when the object does not say.
func (k Kind) UnitSizeOf(object map[string]any) int32 {
	if k.UnitSize == "" {
		return 0
	}
	for _, value := range Values(object, k.UnitSize) {
		if size, ok := integer(value); ok && size > 0 {
			return int32(size)
		}
	}
	return 0
}
