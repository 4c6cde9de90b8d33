// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes/scheme"
)

// comparison tells whether a tool sees a difference between Git and the cluster.
type comparison func(ctx context.Context, s *syncer, git, live *unstructured.Unstructured) (bool, error)

// syncer is a GitOps tool: it compares each object of Git with the cluster, and applies those that differ by server-side
// apply with force. It counts what it does.
type syncer struct {
	client  dynamic.Interface
	manager string
	differs comparison
	// ignored are fields that are not compared, as paths with dots.
	ignored []string
	git     []*unstructured.Unstructured
	// looked is how many objects were compared, and applied how often each was applied.
	looked  int
	applied map[string]int
}

func key(o *unstructured.Unstructured) string { return o.GetKind() + "/" + o.GetName() }

// reconcile compares every object of Git once, and returns those that differed, which were applied.
func (s *syncer) reconcile(ctx context.Context) (drifted []string, err error) {
	for _, git := range s.git {
		s.looked++
		is, err := live(ctx, s.client, git)
		if err != nil && !apierrors.IsNotFound(err) {
			return drifted, err
		}
		if err == nil {
			different, err := s.differs(ctx, s, git, is)
			if err != nil {
				return drifted, fmt.Errorf("comparing %s: %w", key(git), err)
			}
			if !different {
				continue
			}
		}
		drifted = append(drifted, key(git))
		s.applied[key(git)]++
		if _, err := s.apply(ctx, git, false); err != nil {
			return drifted, fmt.Errorf("applying %s: %w", key(git), err)
		}
	}
	return drifted, nil
}

func (s *syncer) apply(ctx context.Context, git *unstructured.Unstructured, dry bool) (*unstructured.Unstructured, error) {
	options := metav1.ApplyOptions{FieldManager: s.manager, Force: true}
	if dry {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return resource(s.client, git).Apply(ctx, git.GetName(), git, options)
}

// dryRun compares as Flux does, and Argo CD where ServerSideDiff is on: what would the API server make of Git?
func dryRun(ctx context.Context, s *syncer, git, is *unstructured.Unstructured) (bool, error) {
	would, err := s.apply(ctx, git, true)
	if err != nil {
		return false, err
	}
	return !equality.Semantic.DeepEqual(s.compared(would), s.compared(is)), nil
}

// threeWay compares as Argo CD does by default: Git laid over the cluster, by strategic merge where the kind is built in.
// Fields that Git does not have are no difference.
func threeWay(_ context.Context, s *syncer, git, is *unstructured.Unstructured) (bool, error) {
	now, err := json.Marshal(s.compared(is))
	if err != nil {
		return false, err
	}
	typed, err := scheme.Scheme.New(git.GroupVersionKind())
	if err != nil {
		desired, err := json.Marshal(git.Object)
		if err != nil {
			return false, err
		}
		laid, err := jsonpatch.MergePatch(now, desired)
		return s.unequalAfter(err, laid, now)
	}
	desired, err := throughType(git, typed)
	if err != nil {
		return false, err
	}
	laid, err := strategicpatch.StrategicMergePatch(now, desired, typed)
	return s.unequalAfter(err, laid, now)
}

// throughType is what is left of an object of a built-in kind after it went through its type, as Argo CD has it: a field that
// has its zero value there, such as paused: false, is not compared.
func throughType(git *unstructured.Unstructured, typed runtime.Object) ([]byte, error) {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(git.Object, typed); err != nil {
		return nil, err
	}
	through, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return nil, err
	}
	return json.Marshal(common(git.Object, through))
}

// common is the value with no field that the original does not have.
func common(original, value any) any {
	switch v := value.(type) {
	case map[string]any:
		o, _ := original.(map[string]any)
		kept := map[string]any{}
		for name, field := range v {
			if had, ok := o[name]; ok {
				kept[name] = common(had, field)
			}
		}
		return kept
	case []any:
		o, _ := original.([]any)
		kept := make([]any, 0, len(v))
		for i, item := range v {
			if i < len(o) {
				item = common(o[i], item)
			}
			kept = append(kept, item)
		}
		return kept
	default:
		return value
	}
}

// both compares as Argo CD does by default and with ServerSideDiff, and sees a difference where one of the two does.
func both(ctx context.Context, s *syncer, git, is *unstructured.Unstructured) (bool, error) {
	if different, err := threeWay(ctx, s, git, is); err != nil || different {
		return different, err
	}
	return dryRun(ctx, s, git, is)
}

// toTheLetter compares every field that Git has with the cluster, as a tool does that does not know the kinds. What is not
// there counts as its zero value.
func toTheLetter(_ context.Context, s *syncer, git, is *unstructured.Unstructured) (bool, error) {
	return departs(s.compared(git), s.compared(is)), nil
}

func departs(git, is any) bool {
	switch want := git.(type) {
	case map[string]any:
		has, _ := is.(map[string]any)
		for name, field := range want {
			if departs(field, has[name]) {
				return true
			}
		}
		return false
	case []any:
		has, _ := is.([]any)
		if len(has) != len(want) {
			return true
		}
		for i := range want {
			if departs(want[i], has[i]) {
				return true
			}
		}
		return false
	case bool:
		has, _ := is.(bool)
		return want != has
	default:
		return !equality.Semantic.DeepEqual(git, is)
	}
}

func (s *syncer) unequalAfter(err error, a, b []byte) (bool, error) {
	if err != nil {
		return false, err
	}
	return s.unequal(a, b)
}

func (s *syncer) unequal(a, b []byte) (bool, error) {
	var x, y unstructured.Unstructured
	for o, text := range map[*unstructured.Unstructured][]byte{&x: a, &y: b} {
		if err := json.Unmarshal(text, &o.Object); err != nil {
			return false, err
		}
	}
	return !equality.Semantic.DeepEqual(s.compared(&x), s.compared(&y)), nil
}

// compared is what of an object is compared: not its status, nor what the API server notes of it.
func (s *syncer) compared(o *unstructured.Unstructured) map[string]any {
	o = o.DeepCopy()
	unstructured.RemoveNestedField(o.Object, "status")
	for _, field := range []string{"managedFields", "resourceVersion", "generation", "creationTimestamp", "uid"} {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
	}
	for _, path := range s.ignored {
		unstructured.RemoveNestedField(o.Object, strings.Split(path, ".")...)
	}
	return o.Object
}

// set changes a field of an object in Git.
func (s *syncer) set(t *testing.T, kind, name string, value any, path ...string) {
	t.Helper()
	must(t, unstructured.SetNestedField(named(t, s.git, kind, name).Object, value, path...))
}
