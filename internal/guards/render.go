// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// Kinds that are guarded, all of admissionregistration.k8s.io/v1.
const (
	KindValidatingPolicy  = "ValidatingAdmissionPolicy"
	KindValidatingBinding = "ValidatingAdmissionPolicyBinding"
	KindMutatingPolicy    = "MutatingAdmissionPolicy"
	KindMutatingBinding   = "MutatingAdmissionPolicyBinding"
)

// ID names an admission object.
type ID struct {
	// Kind is one of the four that are guarded.
	Kind string
	// Name is metadata.name.
	Name string
}

// String is the kind and the name, as a message has them.
func (id ID) String() string { return id.Kind + " " + id.Name }

// Object is a policy or a binding, typed.
type Object interface {
	metav1.Object
	runtime.Object
}

// Set is objects by what names them.
type Set map[ID]Object

// IDs are the names in the set, sorted by kind and name.
func (s Set) IDs() []ID {
	return slices.SortedFunc(maps.Keys(s), compareIDs)
}

// Only returns the objects of the kinds for which served is true: an API server without mutating
// policies is guarded as far as it goes.
func (s Set) Only(served func(kind string) bool) Set {
	some := Set{}
	for id, object := range s {
		if served(id.Kind) {
			some[id] = object
		}
	}
	return some
}

// Render returns what the admission objects must be: those of the files that kustomization.yaml
// lists, with the parameters in the place of the variables that are named like them. An error names
// the file, or the parameter and its remedy.
func Render(files fs.FS, p Parameters) (Set, error) {
	set, names, err := read(files)
	if err != nil {
		return nil, err
	}
	if err := p.check(names); err != nil {
		return nil, err
	}
	for _, object := range set {
		variables := variablesOf(object)
		for i, v := range variables {
			if slices.Contains(names, v.Name) {
				variables[i].Expression = p[v.Name]
			}
		}
	}
	return set, nil
}

// Defaults returns the parameters that the manifests themselves hold.
func Defaults(files fs.FS) (Parameters, error) {
	var defaults Parameters
	err := each(files, func(file, kind string, raw []byte) error {
		if kind != "ConfigMap" {
			return nil
		}
		var cm corev1.ConfigMap
		if err := yaml.UnmarshalStrict(raw, &cm); err != nil {
			return fmt.Errorf("reading %s: %w", file, err)
		}
		if cm.Name != ParametersName || defaults != nil {
			return fmt.Errorf("reading %s: ConfigMap %q is not the one that holds the parameters, %s", file, cm.Name, ParametersName)
		}
		defaults = cm.Data
		return nil
	})
	if err == nil && len(defaults) == 0 {
		err = fmt.Errorf("reading the manifests: none is ConfigMap %s", ParametersName)
	}
	return defaults, err
}

// read returns the objects as they stand in the files, and the names of the parameters, sorted.
func read(files fs.FS) (Set, []string, error) {
	defaults, err := Defaults(files)
	if err != nil {
		return nil, nil, err
	}
	set := Set{}
	err = each(files, func(file, kind string, raw []byte) error {
		if kind == "ConfigMap" {
			return nil
		}
		object, ok := empty(kind)
		if !ok {
			return fmt.Errorf("reading %s: kind %q is none that is guarded: list it in another folder", file, kind)
		}
		if err := yaml.UnmarshalStrict(raw, object); err != nil {
			return fmt.Errorf("reading %s: %w", file, err)
		}
		id := ID{Kind: kind, Name: object.GetName()}
		if _, twice := set[id]; twice {
			return fmt.Errorf("reading %s: %s is there twice", file, id)
		}
		set[id] = object
		return nil
	})
	return set, slices.Sorted(maps.Keys(defaults)), err
}

// kustomization is as much of a kustomization.yaml as is understood here. More of it would change
// what is installed, and not what is rendered.
type kustomization struct {
	metav1.TypeMeta `json:",inline"`

	Resources  []string `json:"resources"`
	Components []string `json:"components"`
}

// each calls do for every document of every file that kustomization.yaml lists.
func each(files fs.FS, do func(file, kind string, raw []byte) error) error {
	var k kustomization
	raw, err := fs.ReadFile(files, "kustomization.yaml")
	if err != nil {
		return fmt.Errorf("reading the manifests: %w", err)
	}
	if err := yaml.UnmarshalStrict(raw, &k); err != nil {
		return fmt.Errorf("reading kustomization.yaml: only resources and components are understood: %w", err)
	}
	for _, file := range k.Resources {
		raw, err := fs.ReadFile(files, file)
		if err != nil {
			return fmt.Errorf("reading the manifests: %w", err)
		}
		if err := documents(raw, func(doc []byte) error {
			var meta metav1.TypeMeta
			if err := yaml.Unmarshal(doc, &meta); err != nil {
				return fmt.Errorf("reading %s: %w", file, err)
			}
			if meta.Kind == "" {
				return nil // nothing but comments
			}
			return do(file, meta.Kind, doc)
		}); err != nil {
			return err
		}
	}
	return nil
}

func documents(raw []byte, do func(doc []byte) error) error {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(raw)))
	for {
		doc, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := do(doc); err != nil {
			return err
		}
	}
}

func empty(kind string) (Object, bool) {
	switch kind {
	case KindValidatingPolicy:
		return &admissionv1.ValidatingAdmissionPolicy{}, true
	case KindValidatingBinding:
		return &admissionv1.ValidatingAdmissionPolicyBinding{}, true
	case KindMutatingPolicy:
		return &admissionv1.MutatingAdmissionPolicy{}, true
	case KindMutatingBinding:
		return &admissionv1.MutatingAdmissionPolicyBinding{}, true
	}
	return nil, false
}

// variablesOf are the variables of a policy, to be changed in place; none of a binding.
func variablesOf(object Object) []admissionv1.Variable {
	switch o := object.(type) {
	case *admissionv1.ValidatingAdmissionPolicy:
		return o.Spec.Variables
	case *admissionv1.MutatingAdmissionPolicy:
		return o.Spec.Variables
	}
	return nil
}
