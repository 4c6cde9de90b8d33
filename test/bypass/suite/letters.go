// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/scalegate/scalegate/test/bypass/attempts"
)

// manager names the suite's field manager, which owns nothing that others made.
const fieldManager = "bypass"

// letter is the call that makes the attempt: a dry run wherever there is one.
func letter(a attempts.Attempt, name string, before, after map[string]any) (call, error) {
	c := call{who: a.Who, query: url.Values{"dryRun": {"All"}, "fieldManager": {fieldManager}}}
	namespace := a.Ground.Namespace()
	c.path = place(a.Kind, namespace, name, a.Sub)
	var err error
	switch a.Way {
	case attempts.Create:
		c.method, c.contentType = http.MethodPost, "application/json"
		if a.Sub == "" {
			c.path = place(a.Kind, namespace, "", "")
		}
		c.body, err = json.Marshal(after)
	case attempts.Put:
		c.method, c.contentType = http.MethodPut, "application/json"
		c.body, err = json.Marshal(after)
	case attempts.Delete:
		c.method = http.MethodDelete
		c.query.Del("fieldManager")
	case attempts.DeleteCollection:
		c.method, c.path = http.MethodDelete, place(a.Kind, namespace, "", "")
		c.query = url.Values{"dryRun": {"All"}, "fieldSelector": {"metadata.name=" + name}}
	case attempts.Connect:
		stream(&c, a.Sub)
	case attempts.Merge, attempts.JSON, attempts.Strategic, attempts.Apply:
		c.method = http.MethodPatch
		c.contentType, c.body, err = patch(a, before, after)
		if a.Way == attempts.Apply {
			c.query.Set("force", "true")
		}
	}
	return c, err
}

// stream asks for a connection the way clients do.
func stream(c *call, sub string) {
	c.method, c.query = http.MethodPost, nil
	switch sub {
	case "exec":
		c.query = url.Values{"command": {"true"}, "stdout": {"true"}}
	case "attach":
		c.query = url.Values{"stdout": {"true"}}
	case "proxy":
		c.method = http.MethodGet
	}
}

// patch is the change from before to after in the form that the way has.
func patch(a attempts.Attempt, before, after map[string]any) (contentType string, body []byte, err error) {
	old, err := json.Marshal(before)
	if err != nil {
		return "", nil, err
	}
	desired, err := json.Marshal(after)
	if err != nil {
		return "", nil, err
	}
	switch a.Way {
	case attempts.Merge:
		body, err = jsonmergepatch.CreateThreeWayJSONMergePatch(old, desired, old)
		return "application/merge-patch+json", body, err
	case attempts.JSON:
		body, err = json.Marshal(operations(before, after))
		return "application/json-patch+json", body, err
	case attempts.Strategic:
		// A scale is no object of the kind whose subresource it is.
		typed, err := scheme.Scheme.New(schema.FromAPIVersionAndKind(text(after, "apiVersion"), text(after, "kind")))
		if err != nil {
			return "", nil, err
		}
		body, err = strategicpatch.CreateTwoWayMergePatch(old, desired, typed)
		return "application/strategic-merge-patch+json", body, err
	case attempts.Apply:
		body, err = json.Marshal(applied(after))
		return "application/apply-patch+yaml", body, err
	case attempts.Create, attempts.Put, attempts.Delete, attempts.DeleteCollection, attempts.Connect:
	}
	return "", nil, fmt.Errorf("%q is no way to patch", a.Way)
}

// operations replace the fields of the object that differ, and those of its metadata.
func operations(before, after map[string]any) []map[string]any {
	var all []map[string]any
	field := func(path string, before, after map[string]any, key string) {
		value, has := after[key]
		_, had := before[key]
		switch {
		case equal(before[key], value):
		case !has:
			all = append(all, map[string]any{"op": "remove", "path": path})
		case had:
			all = append(all, map[string]any{"op": "replace", "path": path, "value": value})
		default:
			all = append(all, map[string]any{"op": "add", "path": path, "value": value})
		}
	}
	for _, top := range []string{"metadata", "spec", "status"} {
		old, _ := before[top].(map[string]any)
		desired, _ := after[top].(map[string]any)
		if old == nil || desired == nil {
			field("/"+top, before, after, top)
			continue
		}
		for _, key := range keysOf(old, desired) {
			field("/"+top+"/"+key, old, desired, key)
		}
	}
	for _, key := range keysOf(before, after) {
		if !slices.Contains([]string{"metadata", "spec", "status"}, key) {
			field("/"+key, before, after, key)
		}
	}
	return all
}

func keysOf(one, other map[string]any) []string {
	all := maps.Clone(one)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, other)
	return slices.Sorted(maps.Keys(all))
}

// applied is the object as somebody would apply it: without what the API server adds.
func applied(content map[string]any) map[string]any {
	content = clone(content)
	if meta, ok := content["metadata"].(map[string]any); ok {
		for _, key := range []string{"resourceVersion", "uid", "creationTimestamp", "generation", "managedFields", "selfLink"} {
			delete(meta, key)
		}
	}
	return content
}
