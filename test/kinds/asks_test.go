// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	table "github.com/scalegate/scalegate/internal/workload/kinds"
	"github.com/scalegate/scalegate/test/kinds/workloads"
)

// way is one way to ask for an accelerator: what to write, and where from a place of the object.
type way struct {
	path  string
	value any
}

func one(fields map[string]any) []any { return []any{fields} }

// podWays start at a PodSpec, containerWays at a container.
func podWays() []way {
	return []way{
		{"resourceClaims", one(map[string]any{"name": "gpu", "resourceClaimName": "gpu"})},
		{"runtimeClassName", "nvidia-cdi"},
		{"volumes", one(map[string]any{"name": "dev", "hostPath": map[string]any{"path": "/dev/dri"}})},
		{"volumes", one(map[string]any{"name": "dev", "hostPath": map[string]any{"path": "//proc/1/root/dev"}})},
	}
}

func containerWays() []way {
	return []way{
		{"resources.limits", map[string]any{"amd.com/gpu": "1"}},
		{"resources.requests", map[string]any{"google.com/tpu": "4"}},
		{"resources.claims", one(map[string]any{"name": "gpu"})},
		{"securityContext.privileged", true},
		{"env", one(map[string]any{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"})},
		{"volumeMounts", one(map[string]any{"name": "dev", "mountPath": "/var/run/nvidia-container-devices/all"})},
	}
}

// harmlessWays start at a container and ask for nothing.
func harmlessWays() []way {
	return []way{
		{"env", one(map[string]any{"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"})},
		{"resources.limits", map[string]any{"cpu": "1", "example.com/gpu": "1"}},
		{"volumeMounts", one(map[string]any{"name": "models", "mountPath": "/models"})},
	}
}

// annotationWays start at the metadata of a template.
func annotationWays() []way {
	return []way{
		{"annotations", map[string]any{"cdi.k8s.io/gpu": "nvidia.com/gpu=all"}},
		{"annotations", map[string]any{"io.kubernetes.cri-o.Devices": "/dev/nvidia0"}},
	}
}

// ways are all ways of a kind, from the object.
func (s subject) ways(t *testing.T, object map[string]any) []way {
	t.Helper()
	var all []way
	at := func(place string, ways []way) {
		for _, w := range ways {
			all = append(all, way{place + "." + w.path, w.value})
		}
	}
	for _, template := range s.row(t).Templates {
		if template.Form == table.Built || len(table.Values(object, template.Path)) == 0 {
			continue
		}
		spec := template.Path
		if template.Form == table.PodTemplateSpec {
			spec += ".spec"
			at(template.Path+".metadata", annotationWays())
		}
		at(spec, podWays())
		if len(table.Values(object, spec+".containers[]")) > 0 {
			at(spec+".containers[]", containerWays())
		}
		for _, field := range template.Containers {
			at(spec+"."+field, containerWays()[:2])
		}
	}
	switch s.kind {
	case "NIMService":
		at("spec", containerWays()[:2])
		at("spec", []way{{"env", containerWays()[4].value}, {"runtimeClassName", "nvidia"}})
	case "VLLMRuntime":
		at("spec.deploymentConfig", []way{{"resources.gpu", "2"}, {"runtimeClass", "nvidia"}})
	case "Model":
		at("spec", []way{{"resourceProfile", "amd-gpu-mi300x:1"}, {"resourceProfile", "google-tpu-v5e-2x2:1"}})
	}
	return all
}

// containers are the paths of the lists of containers that an object has.
func (s subject) containers(t *testing.T, object map[string]any) []string {
	t.Helper()
	var all []string
	for _, template := range s.row(t).Templates {
		path := template.Path + ".containers[]"
		if template.Form == table.PodTemplateSpec {
			path = template.Path + ".spec.containers[]"
		}
		if len(table.Values(object, path)) > 0 {
			all = append(all, path)
		}
	}
	return all
}

// modest is the published manifest without what asks for an accelerator.
func (s subject) modest(t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	object := s.published(t, governed, name)
	strip(object.Object)
	if s.kind == "VLLMRuntime" {
		put("spec.deploymentConfig.resources.gpu", "")(object.Object)
		put("spec.deploymentConfig.runtimeClass", "")(object.Object) // The default asks.
	}
	return object
}

func strip(value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, list := range []string{"limits", "requests"} {
			for key := range fields(v[list]) {
				if strings.Contains(key, "/") {
					delete(fields(v[list]), key)
				}
			}
		}
		delete(v, "privileged")
		for key := range v {
			strip(v[key])
		}
	case []any:
		for i := range v {
			strip(v[i])
		}
	}
}

func TestEveryWayToAskForAnAcceleratorIsSeen(t *testing.T) {
	t.Parallel()
	workloads.Folder(t)
	for _, s := range subjects() {
		t.Run(s.kind, func(t *testing.T) {
			t.Parallel()
			name := s.name(t)
			modest := s.modest(t, name)
			must(t, shared.owner.Create(t.Context(), modest.DeepCopy(), client.DryRunAll))
			seen := 0
			for _, w := range s.ways(t, modest.Object) {
				object := modest.DeepCopy()
				put(w.path, w.value)(object.Object)
				err := shared.owner.Create(t.Context(), object, client.DryRunAll)
				switch {
				case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "claims no release"):
					seen++
				case apierrors.IsInvalid(err): // The kind does not take it.
				case err != nil:
					t.Errorf("%s: %v", w.path, err)
				case len(table.Values(object.Object, w.path)) > 0:
					t.Errorf("%s = %v is not refused", w.path, w.value)
				}
			}
			if least := 2; seen < least {
				t.Errorf("%d ways were tried that the kind takes, want at least %d", seen, least)
			}
			for _, container := range s.containers(t, modest.Object) {
				for _, w := range harmlessWays() {
					object := modest.DeepCopy()
					put(container+"."+w.path, w.value)(object.Object)
					if err := shared.owner.Create(t.Context(), object, client.DryRunAll); err != nil && !apierrors.IsInvalid(err) {
						t.Errorf("%s.%s: %v", container, w.path, err)
					}
				}
			}
		})
	}
}
