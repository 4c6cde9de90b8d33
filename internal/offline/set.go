// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/manifest"
	"github.com/scalegate/scalegate/internal/schema"
	"github.com/scalegate/scalegate/internal/snapshot"
	"github.com/scalegate/scalegate/internal/verdict"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// Options are what manifests do not say.
type Options struct {
	// Namespace of objects that name none; empty means default.
	Namespace string
	// Gate is the gate of namespaces that are not among the manifests; empty means enforced.
	Gate string
}

// Set is the objects of manifests that matter here, read and validated.
type Set struct {
	options Options
	entries []*entry
	// unread are what could not be read at all.
	unread []verdict.Case
	// passed counts objects of kinds that nothing is said about.
	passed int
	// generated counts the objects of each metadata.generateName.
	generated map[string]int
	world     *snapshot.Snapshot
}

// entry is one object of the manifests.
type entry struct {
	manifest.Object

	namespace, name string
	// typed is the object as it would be stored; nil for workloads, and for what is not valid.
	typed client.Object
	// kind is the row of a workload; nil for others.
	kind *kinds.Kind
	// problems are what makes the object invalid.
	problems []verdict.Finding
	// notes are what else there is to say.
	notes []verdict.Finding
}

// Load reads the objects that matter among those of manifests, and validates Scalegate's own against their definitions. unread
// is what reading the files said; nil where all could be read.
func Load(ctx context.Context, known *schema.Kinds, objects []manifest.Object, unread error, options Options) *Set {
	if options.Namespace == "" {
		options.Namespace = corev1.NamespaceDefault
	}
	if options.Gate == "" {
		options.Gate = v1alpha1.GateEnforced
	}
	s := &Set{options: options, unread: unreadable(unread), generated: map[string]int{}, world: snapshot.Of()}
	seen := map[string]*entry{}
	for i := range objects {
		e := s.load(ctx, known, &objects[i])
		if e == nil {
			s.passed++
			continue
		}
		s.entries = append(s.entries, e)
		key := strings.Join([]string{e.GVK().Group, e.GVK().Kind, e.namespace, e.name}, "/")
		if first := seen[key]; first != nil && e.name != "" {
			e.problem(ruleDuplicate, "metadata.name", fmt.Sprintf("the same object is at %s:%d too", first.File, first.Line), "keep one of the two")
			continue
		}
		seen[key] = e
		if e.typed != nil {
			s.world.Put(e.typed)
		}
	}
	return s
}

// Adopt adds objects of a cluster, as they are stored there. Of those that the manifests have too, what nobody can change by
// applying them is the cluster's: the whole of evidence and of what people signed, and the stamps and the status of the others.
func (s *Set) Adopt(objects ...client.Object) {
	for _, stored := range objects {
		e := s.entryOf(stored)
		if e == nil {
			s.world.Put(stored)
			continue
		}
		e.adopt(stored)
		s.world.Put(e.typed)
	}
}

// entryOf is the entry with the same object as one of a cluster; nil without one.
func (s *Set) entryOf(stored client.Object) *entry {
	for _, e := range s.entries {
		if e.typed != nil && reflect.TypeOf(e.typed) == reflect.TypeOf(stored) && client.ObjectKeyFromObject(e.typed) == client.ObjectKeyFromObject(stored) {
			return e
		}
	}
	return nil
}

// adopt takes over what the cluster knows of an object.
func (e *entry) adopt(stored client.Object) {
	switch own := e.typed.(type) {
	case *v1alpha1.ModelRelease:
		was, ok := stored.(*v1alpha1.ModelRelease)
		if !ok {
			return
		}
		spec := own.Spec
		spec.Authors = was.Spec.Authors
		own.Status = was.Status
		if !equality.Semantic.DeepEqual(spec, was.Spec) {
			spec.Authors = append(slices.Clone(spec.Authors), unknown)
		}
		own.Spec = spec
	case *v1alpha1.SafetyPolicy:
		if was, ok := stored.(*v1alpha1.SafetyPolicy); ok {
			own.Status = was.Status
		}
	case *v1alpha1.EvaluationSuite:
		if was, ok := stored.(*v1alpha1.EvaluationSuite); ok {
			own.Status = was.Status
		}
	case *corev1.Namespace:
		// Applying changes the labels that the manifest has, and leaves the others.
		labels := maps.Clone(stored.GetLabels())
		if labels == nil {
			labels = map[string]string{}
		}
		maps.Copy(labels, own.Labels)
		own.Labels = labels
	default:
		e.typed, e.notes = stored, nil
		return
	}
	e.typed.SetUID(stored.GetUID())
	e.typed.SetCreationTimestamp(stored.GetCreationTimestamp())
}

// unreadable are cases of what could not be read.
func unreadable(err error) []verdict.Case {
	if err == nil {
		return nil
	}
	var all []verdict.Case
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	}
	for _, each := range list {
		if joined, ok := each.(interface{ Unwrap() []error }); ok {
			all = append(all, unreadable(errors.Join(joined.Unwrap()...))...)
			continue
		}
		f := verdict.Finding{Rule: ruleUnreadable, Severity: verdict.SeverityError, Message: each.Error()}
		if at, ok := errors.AsType[*manifest.LineError](each); ok {
			f.File, f.Line, f.Message = at.File, at.Line, at.Problem
			if at.NoManifest {
				f.Rule = ruleNoManifest
			}
		}
		all = append(all, verdict.Case{Suite: f.File, Name: f.File, Outcome: verdict.Error, Summary: "it cannot be read", File: f.File, Line: f.Line, Findings: []verdict.Finding{f}})
	}
	return all
}

// Rules of what is wrong with a manifest itself.
const (
	ruleUnreadable = "Unreadable"
	ruleNoManifest = "NoManifest"
	ruleUnknown    = "UnknownField"
	ruleInvalid    = "Invalid"
	ruleDuplicate  = "Duplicate"
)

// load reads one object; nil where nothing is said about its kind.
func (s *Set) load(ctx context.Context, known *schema.Kinds, o *manifest.Object) *entry {
	e := &entry{Object: *o, name: s.nameOf(o)}
	e.namespace = text(o.Content, "metadata", "namespace")
	gvk := o.GVK()
	switch {
	case gvk.Group == v1alpha1.Group:
		s.loadOwn(ctx, known, e)
		return e
	case gvk.Group == "" && gvk.Kind == "Namespace":
		e.namespace = ""
		e.decode(&corev1.Namespace{})
		return e
	case gvk.Group == "" && gvk.Kind == "ConfigMap":
		s.place(e)
		e.decode(&corev1.ConfigMap{})
		return e
	}
	kind, workload := kinds.For(gvk.GroupKind())
	if !workload {
		return nil
	}
	s.place(e)
	e.nameless()
	e.kind = &kind
	return e
}

// nameOf is the name of an object. Of those whose name the API server makes each has another, which no object can be given.
func (s *Set) nameOf(o *manifest.Object) string {
	if name := text(o.Content, "metadata", "name"); name != "" {
		return name
	}
	name := text(o.Content, "metadata", "generateName")
	if name == "" {
		return ""
	}
	s.generated[name]++
	return fmt.Sprintf("%s(%d)", name, s.generated[name])
}

// nameless notes that an object of Kubernetes has no name; Scalegate's own definitions say so of its objects.
func (e *entry) nameless() {
	if e.name == "" {
		e.problem(ruleInvalid, "metadata.name", "it has no name", "give it one")
	}
}

// place puts an object without a namespace where kubectl would.
func (s *Set) place(e *entry) {
	if e.namespace == "" {
		e.namespace = s.options.Namespace
	}
}

func (s *Set) loadOwn(ctx context.Context, known *schema.Kinds, e *entry) {
	gvk := e.GVK()
	if !known.Known(gvk) {
		if versions := known.Versions(gvk.GroupKind()); len(versions) > 0 {
			e.problem(ruleInvalid, "apiVersion", fmt.Sprintf("%s has no version %s", gvk.Kind, gvk.Version), "write "+gvk.Group+"/"+versions[len(versions)-1])
			return
		}
		e.problem(ruleInvalid, "kind", fmt.Sprintf("Scalegate has no kind %s", gvk.Kind), "correct the kind")
		return
	}
	if known.Namespaced(gvk) {
		s.place(e)
	}
	whole, errs := known.Validate(ctx, e.Content)
	for _, err := range errs {
		e.invalid(err)
	}
	if len(errs) > 0 {
		return
	}
	object := owned(gvk.Kind)
	if object == nil {
		return
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(whole, object); err != nil {
		e.problem(ruleInvalid, "", "it cannot be read: "+err.Error(), "")
		return
	}
	object.SetNamespace(e.namespace)
	object.SetName(e.name)
	e.strip(object)
	e.typed = object
}

// decode reads a kind of Kubernetes into its type.
func (e *entry) decode(into client.Object) {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(e.Content, into); err != nil {
		e.problem(ruleInvalid, "", "it cannot be read: "+err.Error(), "")
		return
	}
	into.SetNamespace(e.namespace)
	into.SetName(e.name)
	e.nameless()
	e.typed = into
}

// owned is an empty object of one of Scalegate's kinds; nil for one that decides nothing here.
func owned(kind string) client.Object {
	switch kind {
	case "SafetyPolicy":
		return &v1alpha1.SafetyPolicy{}
	case "EvaluationSuite":
		return &v1alpha1.EvaluationSuite{}
	case "ModelRelease":
		return &v1alpha1.ModelRelease{}
	case "SafetyEvaluation":
		return &v1alpha1.SafetyEvaluation{}
	case "AdverseFinding":
		return &v1alpha1.AdverseFinding{}
	case "ReleaseApproval":
		return &v1alpha1.ReleaseApproval{}
	case "ReleaseWaiver":
		return &v1alpha1.ReleaseWaiver{}
	case "ReleaseDetermination":
		return &v1alpha1.ReleaseDetermination{}
	}
	return nil
}

// invalid notes what the definition of the kind refuses.
func (e *entry) invalid(err *field.Error) {
	rule := ruleInvalid
	if err.Type == schema.ErrorTypeUnknown {
		rule = ruleUnknown
		e.problem(rule, err.Field, err.Detail, "")
		return
	}
	e.problem(rule, err.Field, err.ErrorBody(), "")
}

func (e *entry) problem(rule, path, message, remedy string) {
	e.problems = append(e.problems, e.finding(verdict.SeverityError, rule, path, message, remedy))
}

func (e *entry) note(severity verdict.Severity, rule, path, message, remedy string) {
	e.notes = append(e.notes, e.finding(severity, rule, path, message, remedy))
}

func (e *entry) finding(severity verdict.Severity, rule, path, message, remedy string) verdict.Finding {
	return verdict.Finding{
		Rule: rule, Severity: severity, Field: path, Message: message, Remedy: remedy, File: e.File, Line: e.LineOf(path),
	}
}

// title is kind and name as people write them.
func (e *entry) title() string {
	name := e.name
	if e.namespace != "" {
		name = e.namespace + "/" + name
	}
	return e.GVK().Kind + " " + name
}

// objectsOf are the entries of one type.
func objectsOf[T client.Object](s *Set) []T {
	var all []T
	for _, e := range s.entries {
		if typed, ok := e.typed.(T); ok && len(e.problems) == 0 {
			all = append(all, typed)
		}
	}
	return slices.Clip(all)
}

func text(content map[string]any, path ...string) string {
	var value any = content
	for _, name := range path {
		fields, ok := value.(map[string]any)
		if !ok {
			return ""
		}
		value = fields[name]
	}
	s, _ := value.(string)
	return s
}

// Namespaces are those that the manifests have objects in, sorted.
func (s *Set) Namespaces() []string {
	var all []string
	for _, e := range s.entries {
		if e.namespace != "" {
			all = append(all, e.namespace)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
