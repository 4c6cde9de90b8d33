// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

// repository is what a team has in Git, for one namespace of the tests.
type repository struct {
	namespace string
	rate      string
	time      time.Time
}

// files are the objects of some files of testdata/repository, for this namespace.
func (r repository) files(t *testing.T, names ...string) []*unstructured.Unstructured {
	t.Helper()
	sum := sha256.Sum256([]byte(r.namespace))
	var all []*unstructured.Unstructured
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join("testdata", "repository", name+".yaml"))
		must(t, err)
		filled := strings.NewReplacer(
			"NAMESPACE", r.namespace, "WEIGHTS", "sha256:"+hex.EncodeToString(sum[:]), "RATE", r.rate, "TIME", r.time.UTC().Format(time.RFC3339),
		).Replace(string(text))
		all = append(all, parse(t, []byte(filled))...)
	}
	return all
}

// parse reads the objects of a YAML file.
func parse(t *testing.T, text []byte) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		o := &unstructured.Unstructured{}
		if err := decoder.Decode(o); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if len(o.Object) > 0 {
			all = append(all, o)
		}
	}
}

// named is the object of a kind and name among objects.
func named(t *testing.T, objects []*unstructured.Unstructured, kind, name string) *unstructured.Unstructured {
	t.Helper()
	for _, o := range objects {
		if o.GetKind() == kind && o.GetName() == name {
			return o
		}
	}
	t.Fatalf("there is no %s %s in the repository", kind, name)
	return nil
}

// resource is the client of an object's kind, in its namespace where it has one.
func resource(client dynamic.Interface, o *unstructured.Unstructured) dynamic.ResourceInterface {
	plural, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
	if o.GetNamespace() == "" {
		return client.Resource(plural)
	}
	return client.Resource(plural).Namespace(o.GetNamespace())
}

// live reads an object as it is.
func live(ctx context.Context, client dynamic.Interface, o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	return resource(client, o).Get(ctx, o.GetName(), metav1.GetOptions{})
}

// release is the ModelRelease m1 of the namespace, by name alone.
func release(namespace string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(schema.GroupVersionKind{Group: "scalegate.dev", Version: "v1alpha1", Kind: "ModelRelease"})
	o.SetNamespace(namespace)
	o.SetName("m1")
	return o
}

// hasReason waits until the condition Ready of an object has the reason for its newest spec.
func hasReason(t *testing.T, client dynamic.Interface, o *unstructured.Unstructured, reason string) {
	t.Helper()
	eventually(t, func(ctx context.Context) error {
		is, err := live(ctx, client, o)
		if err != nil {
			return err
		}
		list, _, _ := unstructured.NestedSlice(is.Object, "status", "conditions")
		for _, item := range list {
			if c, ok := item.(map[string]any); ok && c["type"] == "Ready" && c["reason"] == reason && c["observedGeneration"] == is.GetGeneration() {
				return nil
			}
		}
		return fmt.Errorf("%s %s has the conditions %v, and not the reason %s", o.GetKind(), o.GetName(), list, reason)
	})
}
