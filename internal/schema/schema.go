// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package schema judges objects of Scalegate's own kinds as an API server would that has their CustomResourceDefinitions:
// unknown fields, types, bounds, lists, names, and the CEL rules. It needs no cluster.
//
// In: an object as decoded JSON. Out: the object with its defaults, and what is wrong with it, in a fixed order. What only an
// API server knows is not judged: who sent the object, what was there before, and what admission policies stamp and refuse.
package schema

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

// Budgets of an API server for the CEL rules of a CustomResourceDefinition.
const (
	// perCallLimit is what one rule may cost.
	perCallLimit = 1000000
	// objectBudget is what all rules of one object may cost together.
	objectBudget = 10000000
)

// Kinds are the kinds that can be judged.
type Kinds struct {
	kinds map[runtimeschema.GroupVersionKind]*kind
}

type kind struct {
	namespaced bool
	structural *schema.Structural
	plain      validation.SchemaValidator
	// rules compiles the CEL rules, once, when they are first asked: that takes as long as all else.
	rules func() *cel.Validator
	// props is the definition's schema, to be compared with that of a cluster.
	props *apiextensionsv1.JSONSchemaProps
}

// Read reads the definitions of a folder, one a file. An error names the file.
func Read(files fs.FS) (*Kinds, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("looking for definitions: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("there are no definitions of kinds")
	}
	all := &Kinds{kinds: map[runtimeschema.GroupVersionKind]*kind{}}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("reading a definition: %w", err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(data, crd); err != nil {
			return nil, fmt.Errorf("reading %s: %w", path.Base(name), err)
		}
		if err := all.add(crd); err != nil {
			return nil, fmt.Errorf("reading %s: %w", path.Base(name), err)
		}
	}
	return all, nil
}

func (k *Kinds) add(crd *apiextensionsv1.CustomResourceDefinition) error {
	for i := range crd.Spec.Versions {
		v := &crd.Spec.Versions[i]
		if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
			return fmt.Errorf("version %s has no schema", v.Name)
		}
		props := &apiextensions.JSONSchemaProps{}
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.Schema.OpenAPIV3Schema, props, nil); err != nil {
			return fmt.Errorf("converting the schema: %w", err)
		}
		structural, err := schema.NewStructural(props)
		if err != nil {
			return fmt.Errorf("reading the schema: %w", err)
		}
		plain, _, err := validation.NewSchemaValidator(props)
		if err != nil {
			return fmt.Errorf("reading the schema: %w", err)
		}
		gvk := runtimeschema.GroupVersionKind{Group: crd.Spec.Group, Version: v.Name, Kind: crd.Spec.Names.Kind}
		k.kinds[gvk] = &kind{
			namespaced: crd.Spec.Scope == apiextensionsv1.NamespaceScoped, structural: structural, plain: plain,
			rules: sync.OnceValue(func() *cel.Validator { return cel.NewValidator(structural, true, perCallLimit) }),
			props: v.Schema.OpenAPIV3Schema,
		}
	}
	return nil
}

// Known tells whether objects of a kind can be judged.
func (k *Kinds) Known(gvk runtimeschema.GroupVersionKind) bool {
	_, known := k.kinds[gvk]
	return known
}

// Versions are the versions of a kind that can be judged, sorted; none where the kind is not known at all.
func (k *Kinds) Versions(gk runtimeschema.GroupKind) []string {
	var all []string
	for gvk := range k.kinds {
		if gvk.GroupKind() == gk {
			all = append(all, gvk.Version)
		}
	}
	slices.Sort(all)
	return all
}

// Namespaced tells whether objects of a known kind live in namespaces.
func (k *Kinds) Namespaced(gvk runtimeschema.GroupVersionKind) bool {
	known, there := k.kinds[gvk]
	return there && known.namespaced
}

// Same tells whether a definition of a cluster has the schema, of the version, that this program knows; false for a kind or
// a version that it does not know. Descriptions do not count.
func (k *Kinds) Same(crd *apiextensionsv1.CustomResourceDefinition, version string) bool {
	known, there := k.kinds[runtimeschema.GroupVersionKind{Group: crd.Spec.Group, Version: version, Kind: crd.Spec.Names.Kind}]
	at := slices.IndexFunc(crd.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return v.Name == version })
	if !there || at < 0 || crd.Spec.Versions[at].Schema == nil {
		return false
	}
	ours, err := fingerprint(known.props)
	if err != nil {
		return false
	}
	theirs, err := fingerprint(crd.Spec.Versions[at].Schema.OpenAPIV3Schema)
	return err == nil && bytes.Equal(ours, theirs)
}

// Validate judges an object whose kind is known, and gives it back with defaults. The object that is handed in stays as it
// is. What is wrong comes in the order: unknown fields, metadata, values, lists, rules.
func (k *Kinds) Validate(ctx context.Context, object map[string]any) (map[string]any, field.ErrorList) {
	return k.ValidateUpdate(ctx, object, nil)
}

// ValidateUpdate is as Validate, for an object that takes the place of another: the rules about changes are asked as well. old is
// nil for an object that is made.
func (k *Kinds) ValidateUpdate(ctx context.Context, object, old map[string]any) (map[string]any, field.ErrorList) {
	gvk := runtimeschema.FromAPIVersionAndKind(text(object["apiVersion"]), text(object["kind"]))
	known, there := k.kinds[gvk]
	if !there {
		return object, field.ErrorList{field.NotSupported(field.NewPath("kind"), gvk.String(), k.names())}
	}
	object = runtime.DeepCopyJSON(object)
	name(object)
	errs := known.unknownFields(object)
	meta, present, unknown, err := objectmeta.GetObjectMetaWithOptions(object, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	errs = append(errs, unknownErrors(unknown)...)
	switch {
	case err != nil:
		return object, append(errs, field.Invalid(field.NewPath("metadata"), field.OmitValueType{}, err.Error()))
	case !present:
		return object, append(errs, field.Required(field.NewPath("metadata"), "name the object"))
	}
	errs = append(errs, known.metadata(meta)...)
	defaulting.PruneNonNullableNullsWithoutDefaults(object, known.structural)
	defaulting.Default(object, known.structural)
	plain := validation.ValidateCustomResource(nil, object, known.plain)
	errs = append(errs, plain...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, known.structural, object)...)
	if len(plain) > 0 {
		// As in an API server, rules are asked about values of the right shape alone.
		return object, errs
	}
	var before any
	if old != nil {
		before = runtime.DeepCopyJSON(old)
	}
	found, _ := known.rules().Validate(ctx, nil, known.structural, object, before, objectBudget)
	return object, append(errs, found...)
}

// name gives an object the name that an API server makes of metadata.generateName before it judges it; always the same one.
func name(object map[string]any) {
	metadata, _ := object["metadata"].(map[string]any)
	prefix := text(metadata["generateName"])
	if prefix == "" || text(metadata["name"]) != "" {
		return
	}
	const longest, random = 63, "00000"
	metadata["name"] = prefix[:min(len(prefix), longest-len(random))] + random
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

func (k *Kinds) names() []string {
	var all []string
	for gvk := range k.kinds {
		all = append(all, gvk.Kind)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// unknownFields takes the fields away that the kind does not have, and names them.
func (k *kind) unknownFields(object map[string]any) field.ErrorList {
	return unknownErrors(pruning.PruneWithOptions(object, k.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}))
}

func unknownErrors(paths []string) field.ErrorList {
	var errs field.ErrorList
	for _, at := range slices.Sorted(slices.Values(paths)) {
		name := at[strings.LastIndex(at, ".")+1:]
		errs = append(errs, &field.Error{
			Type: ErrorTypeUnknown, Field: at, BadValue: field.OmitValueType{}, Detail: fmt.Sprintf("there is no field %q: correct its name, or take it away", name),
		})
	}
	return errs
}

// ErrorTypeUnknown is the type of an error about a field that the kind does not have.
const ErrorTypeUnknown field.ErrorType = "FieldValueUnknown"

func (k *kind) metadata(meta *metav1.ObjectMeta) field.ErrorList {
	namespace := meta.Namespace
	if k.namespaced && meta.Namespace == "" {
		// kubectl puts in the namespace of its context.
		meta = meta.DeepCopy()
		meta.Namespace = metav1.NamespaceDefault
	}
	path := field.NewPath("metadata")
	if !k.namespaced && namespace != "" {
		return field.ErrorList{field.Forbidden(path.Child("namespace"), "the kind is cluster-scoped: take the namespace away")}
	}
	return apivalidation.ValidateObjectMeta(meta, k.namespaced, apivalidation.NameIsDNSSubdomain, path)
}
