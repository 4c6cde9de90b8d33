// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	table "github.com/scalegate/scalegate/internal/workload/kinds"
	"github.com/scalegate/scalegate/test/kinds/workloads"
)

// refused fails the test unless a policy of ours refused with words of its own.
func refused(t *testing.T, err error, words ...string) {
	t.Helper()
	if !apierrors.IsForbidden(err) {
		t.Errorf("not refused: %v", err)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the refusal does not say %q: %v", word, err)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// name is one that no other test has, and short enough for every kind.
func (s subject) name(t *testing.T) string {
	t.Helper()
	return strings.ToLower(s.kind) + "-" + fixture.SHA256(t.Name())[:6]
}

// made creates an object, and deletes it when the test ends: deleting is never refused.
func made(t *testing.T, object *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	must(t, shared.owner.Create(t.Context(), object))
	t.Cleanup(func() { deleted(t, object) })
	return object
}

func TestWhatAsksForAnAcceleratorClaimsARelease(t *testing.T) {
	t.Parallel()
	workloads.Folder(t)
	for _, s := range subjects() {
		t.Run(s.kind, func(t *testing.T) {
			t.Parallel()
			name := s.name(t)
			asking := func(namespace string) *unstructured.Unstructured {
				object := s.published(t, namespace, name)
				if s.ask != nil {
					s.ask(object.Object)
				}
				return object
			}
			if !s.asks {
				must(t, shared.owner.Create(t.Context(), s.published(t, governed, name), client.DryRunAll))
			}
			refused(t, shared.owner.Create(t.Context(), asking(governed), client.DryRunAll), "asks for an accelerator and claims no release", "scalegate.dev/release")
			must(t, shared.owner.Create(t.Context(), asking(free), client.DryRunAll))
			if s.row(t).RefuseCreate {
				return
			}
			object := made(t, s.claiming(t, governed, name, waiting))
			if s.ask != nil {
				s.ask(object.Object)
			}
			s.claim(t, object, "")
			refused(t, shared.owner.Update(t.Context(), object, client.DryRunAll), "claims no release")
		})
	}
}

func TestAnUnclearedUpdateIsRefusedOrHeld(t *testing.T) {
	t.Parallel()
	workloads.Folder(t)
	for _, s := range subjects() {
		t.Run(s.kind, func(t *testing.T) {
			t.Parallel()
			name := s.name(t)
			object := s.claiming(t, governed, name, waiting)
			if s.row(t).RefuseCreate {
				refused(t, shared.owner.Create(t.Context(), object), "release waiting is not cleared", "scalegate explain modelrelease waiting")
				return
			}
			made(t, object)
			first := object.DeepCopy()
			s.changed(object, "1")
			err := shared.owner.Update(t.Context(), object)
			if s.row(t).Hold == table.HoldNone {
				refused(t, err, "release waiting is not cleared", "scalegate explain modelrelease waiting")
				must(t, shared.controller.Update(t.Context(), object, client.DryRunAll))
				return
			}
			must(t, err)
			checkHeld(t, s, object)
			// A client that sends the whole object again takes neither mark nor hold off.
			again := first.DeepCopy()
			again.SetResourceVersion(object.GetResourceVersion())
			s.changed(again, "2")
			must(t, shared.owner.Update(t.Context(), again))
			checkHeld(t, s, again)
		})
	}
}

func checkHeld(t *testing.T, s subject, object *unstructured.Unstructured) {
	t.Helper()
	want, mark := any(true), v1alpha1.HeldResume
	if s.row(t).Hold == table.HoldPartition {
		want, mark = int64(v1alpha1.HeldPartition), v1alpha1.HeldPartitionPrefix+"0"
	}
	if diff := cmp.Diff([]any{want}, table.Values(object.Object, s.row(t).HoldPath)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", s.row(t).HoldPath, diff)
	}
	if got := object.GetAnnotations()[v1alpha1.AnnotationHeld]; got != mark {
		t.Errorf("the mark is %q, want %q", got, mark)
	}
}

func TestAnotherModelInOtherFieldsIsRefusedUntilCleared(t *testing.T) {
	t.Parallel()
	workloads.Folder(t)
	for _, s := range subjects() {
		t.Run(s.kind, func(t *testing.T) {
			t.Parallel()
			name := s.name(t)
			if s.model == nil {
				t.Skip("the kind names its model in its templates")
			}
			object := made(t, s.claiming(t, governed, name, waiting))
			s.model(object.Object)
			refused(t, shared.owner.Update(t.Context(), object), "release waiting is not cleared")
			other := made(t, s.claiming(t, governed, name+"-cleared", cleared))
			s.model(other.Object)
			must(t, shared.owner.Update(t.Context(), other))
		})
	}
}

func TestAClearedUpdatePasses(t *testing.T) {
	t.Parallel()
	workloads.Folder(t)
	for _, s := range subjects() {
		t.Run(s.kind, func(t *testing.T) {
			t.Parallel()
			name := s.name(t)
			object := made(t, s.claiming(t, governed, name, cleared))
			s.changed(object, "1")
			must(t, shared.owner.Update(t.Context(), object))
			if s.row(t).Hold != table.HoldNone {
				return // Held whatever it claims; the controller lifts it.
			}
			t.Run("not with another claim", func(t *testing.T) {
				for _, release := range []string{waiting, foreign, short} {
					claimed := object.DeepCopy()
					s.claim(t, claimed, release)
					refused(t, shared.owner.Update(t.Context(), claimed, client.DryRunAll), "release "+release+" is not cleared")
				}
			})
			t.Run("not with a higher exposure", func(t *testing.T) {
				exposed := object.DeepCopy()
				s.expose(t, exposed, "General")
				refused(t, shared.owner.Update(t.Context(), exposed, client.DryRunAll), "granted exposure Internal and not General")
				s.expose(t, exposed, "Internal")
				must(t, shared.owner.Update(t.Context(), exposed, client.DryRunAll))
				if s.row(t).RefuseCreate {
					return
				}
				before := s.claiming(t, governed, name+"-before", cleared)
				s.expose(t, before, "General")
				made(t, before)
				s.changed(before, "1")
				must(t, shared.owner.Update(t.Context(), before, client.DryRunAll))
			})
			t.Run("not with a volume of another image", func(t *testing.T) {
				object := object.DeepCopy()
				volume := func(digest string) []any {
					return []any{map[string]any{"name": "model", "image": map[string]any{"reference": "registry.example/model@sha256:" + digest}}}
				}
				for _, template := range s.row(t).Templates {
					path := map[table.Form]string{table.PodTemplateSpec: ".spec.volumes", table.PodSpec: ".volumes"}[template.Form]
					if path == "" || len(table.Values(object.Object, template.Path)) == 0 {
						continue
					}
					changed := object.DeepCopy()
					put(template.Path+path, volume(fixture.SHA256("other")))(changed.Object)
					err := shared.owner.Update(t.Context(), changed, client.DryRunAll)
					if err == nil && len(table.Values(changed.Object, template.Path+path+"[].image.reference")) == 0 {
						continue // The kind does not take it.
					}
					refused(t, err, "an image is not among those cleared for release cleared")
					put(template.Path+path, volume(digest()))(changed.Object)
					must(t, shared.owner.Update(t.Context(), changed, client.DryRunAll))
				}
			})
			t.Run("not with an image by tag", func(t *testing.T) {
				tagged := object.DeepCopy()
				if !s.tag(t, tagged) {
					t.Skip("the manifest names no image")
				}
				refused(t, shared.owner.Update(t.Context(), tagged, client.DryRunAll), "an image is not among those cleared for release cleared")
			})
		})
	}
}

func TestWhatChangesNoModelPasses(t *testing.T) {
	t.Parallel()
	workloads.Folder(t)
	for _, s := range subjects() {
		t.Run(s.kind, func(t *testing.T) {
			t.Parallel()
			name := s.name(t)
			release := waiting
			if s.row(t).RefuseCreate {
				release = cleared
			}
			object := made(t, s.claiming(t, governed, name, release))
			if s.scale != "" {
				put(s.scale, int64(7))(object.Object)
				must(t, shared.owner.Update(t.Context(), object))
			}
			if s.row(t).Scale {
				scale := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"replicas": int64(3)}}}
				scale.SetAPIVersion("autoscaling/v1")
				scale.SetKind("Scale")
				must(t, shared.owner.SubResource("scale").Update(t.Context(), object, client.WithSubResourceBody(scale)))
			}
			must(t, shared.owner.Patch(t.Context(), object, client.RawPatch(types.MergePatchType,
				[]byte(`{"metadata":{"annotations":{"example.com/team":"a"},"labels":{"example.com/team":"a"},"finalizers":["example.com/keep"]}}`))))
			must(t, shared.owner.Status().Patch(t.Context(), object, client.RawPatch(types.MergePatchType, []byte(`{"status":{}}`))))
			must(t, shared.owner.Patch(t.Context(), object, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))))
		})
	}
}

func TestAnUngovernedNamespaceIsLeftAlone(t *testing.T) {
	t.Parallel()
	workloads.Folder(t)
	for _, s := range subjects() {
		t.Run(s.kind, func(t *testing.T) {
			t.Parallel()
			name := s.name(t)
			object := s.claiming(t, free, name, waiting)
			want := object.DeepCopy()
			made(t, object)
			if held, marked := object.GetAnnotations()[v1alpha1.AnnotationHeld]; marked {
				t.Errorf("marked as held: %s", held)
			}
			if path := s.row(t).HoldPath; path != "" {
				if diff := cmp.Diff(table.Values(want.Object, path), table.Values(object.Object, path)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", path, diff)
				}
			}
			s.changed(object, "1")
			s.claim(t, object, "")
			must(t, shared.owner.Update(t.Context(), object))
		})
	}
}
