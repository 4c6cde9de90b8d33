// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// tampering is a change that somebody tries on an object through every door there is: each way of
// writing times each subresource. What must be kept is compared after each attempt.
type tampering struct {
	// make stores a fresh object in the namespace.
	make func(t *testing.T, ns string) client.Object
	// edit is the change, on a copy of the object.
	edit func(o client.Object)
	// changed tells whether what must be kept of the object is changed.
	changed func(before, after client.Object) bool
	// subresources are the doors beside the main one.
	subresources []string
	// keeper may delete the object afterwards; nil for a cluster admin.
	keeper client.Client
	// refusal is text of the message where the attempt is refused; empty where it is taken and undone.
	refusal string
}

// ways are how an object is written.
func ways() []string { return []string{"update", "merge", "json", "strategic", "apply"} }

// fails tries every door as somebody, in a namespace where it must not succeed, and in the
// control, where the same attempt must succeed through one door at least: otherwise the row
// shows nothing.
func (a tampering) fails(t *testing.T, as client.Client, ns string, control attempt) {
	t.Helper()
	opened := 0
	for _, sub := range append([]string{""}, a.subresources...) {
		for _, way := range ways() {
			d := door{way: way, subresource: sub}
			changed, err := a.through(t, d, attempt{as: as, ns: ns})
			if changed {
				t.Errorf("%s: it went through", d)
			}
			if open, _ := a.through(t, d, control); !open {
				continue // no door for this in any case
			}
			opened++
			if a.refusal != "" {
				err = refusal(err, a.refusal)
			}
			if err != nil {
				t.Errorf("%s: %v", d, err)
			}
		}
	}
	if opened == 0 {
		t.Error("the change goes through no door in the control either: the row shows nothing")
	}
}

// attempt is who tries, and where.
type attempt struct {
	as client.Client
	ns string
}

// through tries one door, and tells whether the change went through.
func (a tampering) through(t *testing.T, d door, by attempt) (changed bool, err error) {
	t.Helper()
	before := a.make(t, by.ns)
	edited := copyOf(before)
	a.edit(edited)
	err = d.write(t.Context(), by.as, before, edited)
	after := copyOf(before)
	must(t, shared.Client.Get(t.Context(), client.ObjectKeyFromObject(before), after))
	if before.GetNamespace() != "" {
		keeper := a.keeper
		if keeper == nil {
			keeper = shared.Client
		}
		must(t, client.IgnoreNotFound(keeper.Delete(t.Context(), after, client.GracePeriodSeconds(0))))
	}
	return a.changed(before, after), err
}

// door is one way to write an object.
type door struct{ way, subresource string }

func (d door) String() string { return strings.TrimSpace(d.way + " " + d.subresource) }

// write sends the edited object through the door. An update that meets a newer object than the
// edited one is sent again over that.
func (d door) write(ctx context.Context, as client.Client, before, edited client.Object) error {
	patch, err := d.patch(before, edited)
	if err != nil {
		return err
	}
	if patch != nil {
		return d.send(ctx, as, copyOf(edited), patch)
	}
	for {
		sent := copyOf(edited)
		live := copyOf(before)
		if err := shared.Client.Get(ctx, client.ObjectKeyFromObject(before), live); err != nil {
			return err
		}
		sent.SetResourceVersion(live.GetResourceVersion())
		if d.subresource == "" {
			err = as.Update(ctx, sent)
		} else {
			err = as.SubResource(d.subresource).Update(ctx, sent)
		}
		if !apierrors.IsConflict(err) {
			return err
		}
	}
}

func (d door) send(ctx context.Context, as client.Client, o client.Object, patch client.Patch) error {
	if d.subresource != "" {
		if d.way == "apply" {
			return as.SubResource(d.subresource).Patch(ctx, o, patch, client.ForceOwnership, client.FieldOwner("attacker"))
		}
		return as.SubResource(d.subresource).Patch(ctx, o, patch)
	}
	if d.way == "apply" {
		return as.Patch(ctx, o, patch, client.ForceOwnership, client.FieldOwner("attacker"))
	}
	return as.Patch(ctx, o, patch)
}

// patch is the difference between the two objects, in the way's language; nil for an update.
func (d door) patch(before, edited client.Object) (client.Patch, error) {
	switch d.way {
	case "merge":
		return client.MergeFrom(before), nil
	case "strategic":
		return client.StrategicMergeFrom(before), nil
	case "json", "apply":
		content, err := bare(edited)
		if err != nil {
			return nil, err
		}
		if d.way == "apply" {
			raw, err := json.Marshal(content)
			return client.RawPatch(types.ApplyPatchType, raw), err
		}
		metadata := metadataOf(content)
		ops := []map[string]any{
			{"op": "add", "path": "/metadata/labels", "value": orEmpty(metadata["labels"])},
			{"op": "add", "path": "/metadata/annotations", "value": orEmpty(metadata["annotations"])},
		}
		if owners, ok := metadata["ownerReferences"]; ok {
			ops = append(ops, map[string]any{"op": "add", "path": "/metadata/ownerReferences", "value": owners})
		}
		if spec, ok := content["spec"]; ok {
			ops = append(ops, map[string]any{"op": "add", "path": "/spec", "value": spec})
		}
		raw, err := json.Marshal(ops)
		return client.RawPatch(types.JSONPatchType, raw), err
	}
	return nil, nil
}

// bare is the object as somebody would type it.
func bare(o client.Object) (map[string]any, error) {
	gvk, err := shared.Client.GroupVersionKindFor(o)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var content map[string]any
	if err := json.Unmarshal(raw, &content); err != nil {
		return nil, fmt.Errorf("reading %T: %w", o, err)
	}
	metadata := metadataOf(content)
	for _, key := range []string{"managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "generateName"} {
		delete(metadata, key)
	}
	delete(content, "status")
	content["apiVersion"], content["kind"] = gvk.GroupVersion().String(), gvk.Kind
	return content, nil
}

func orEmpty(v any) any {
	if v == nil {
		return map[string]any{}
	}
	return v
}

// metadataOf is the metadata of an object's content, which every object has.
func metadataOf(content map[string]any) map[string]any {
	metadata, ok := content["metadata"].(map[string]any)
	if !ok {
		panic(fmt.Sprintf("an object without metadata: %v", content))
	}
	return metadata
}
