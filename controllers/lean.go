// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Lean is what a cache leaves out of every object that it keeps whole otherwise: who manages which field, and what kubectl
// applied last. No decision depends on them.
func Lean() toolscache.TransformFunc {
	return func(o any) (any, error) {
		if object, ok := o.(metav1.Object); ok {
			lean(object)
		}
		return o, nil
	}
}

func lean(o metav1.Object) {
	o.SetManagedFields(nil)
	annotations := o.GetAnnotations()
	if delete(annotations, corev1.LastAppliedConfigAnnotation); annotations != nil && len(annotations) == 0 {
		o.SetAnnotations(nil)
	}
}

// many are the kinds that there are many of, with what a cache keeps of them. What is kept whole is kept small: of the words
// that nearly all of them have, there is one copy.
func many() map[client.Object]cache.ByObject {
	w := newWords()
	return map[client.Object]cache.ByObject{
		&v1alpha1.ModelRelease{}:     {Transform: small(w.release)},
		&v1alpha1.SafetyEvaluation{}: {Transform: small(w.evaluation)},
		// That one was made or changed is all that is to be known of it: its contents are read live.
		&corev1.ConfigMap{}: {Transform: nameAlone},
	}
}

func small[T metav1.Object](trim func(T)) toolscache.TransformFunc {
	return func(o any) (any, error) {
		if object, ok := o.(T); ok {
			lean(object)
			trim(object)
		}
		return o, nil
	}
}

func nameAlone(o any) (any, error) {
	if metadata, ok := o.(*metav1.PartialObjectMetadata); ok {
		metadata.ObjectMeta = metav1.ObjectMeta{
			Namespace: metadata.Namespace, Name: metadata.Name, ResourceVersion: metadata.ResourceVersion,
		}
	}
	return o, nil
}

// maxWords bounds the words that are kept once: states, reasons, names of requirements and of tools. Others are kept as often
// as they come. What tells one object from another is no word.
const maxWords = 4096

// maxNear is how many of the texts are known that a few objects have which come one after the other, such as the evaluations of one
// release.
const maxNear = 1024

// words keeps one copy of texts that many objects have. Several may use it at a time.
type words struct {
	mutex sync.Mutex
	known map[string]string
	near  *lru.Cache
}

func newWords() *words { return &words{known: map[string]string{}, near: lru.New(maxNear)} }

// one is the copy of a text.
func one[T ~string](w *words, texts ...*T) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for _, text := range texts {
		if known, ok := w.known[string(*text)]; ok {
			*text = T(known)
		} else if len(w.known) < maxWords {
			w.known[string(*text)] = string(*text)
		}
	}
}

// nearby is the copy of a text that was seen a moment ago.
func nearby[T ~string](w *words, text *T) {
	key := string(*text)
	kept, _ := w.near.Get(key)
	if known, ok := kept.(string); ok {
		*text = T(known)
		return
	}
	w.near.Add(key, key)
}

func (w *words) meta(o *metav1.TypeMeta, namespace *string) {
	one(w, &o.APIVersion, &o.Kind, namespace)
}

func (w *words) conditions(all []metav1.Condition) []metav1.Condition {
	all = slices.Clone(all)
	for i := range all {
		c := &all[i]
		one(w, &c.Type, &c.Reason)
		one(w, &c.Status)
		if c.Type == v1alpha1.ConditionEnforced || c.Type == v1alpha1.ConditionFresh {
			one(w, &c.Message)
		}
		// Ready often says what another condition does.
		if at := slices.IndexFunc(all[:i], func(o metav1.Condition) bool { return o.Message == c.Message }); at >= 0 {
			c.Message = all[at].Message
		}
	}
	return all
}

func (w *words) release(r *v1alpha1.ModelRelease) {
	w.meta(&r.TypeMeta, &r.Namespace)
	one(w, &r.Spec.Policy, &r.Spec.Level, &r.Spec.Exposure)
	r.Spec.Artifacts = slices.Clone(r.Spec.Artifacts)
	for i := range r.Spec.Artifacts {
		one(w, &r.Spec.Artifacts[i].Name)
		one(w, &r.Spec.Artifacts[i].Type)
	}
	s := &r.Status
	one(w, &s.PolicyRevision, &s.RequiredLevel, &s.GrantedExposure)
	s.Conditions = w.conditions(s.Conditions)
	s.Thresholds, s.Requirements = slices.Clone(s.Thresholds), slices.Clone(s.Requirements)
	for i := range s.Thresholds {
		one(w, &s.Thresholds[i].Name)
		one(w, &s.Thresholds[i].State)
	}
	for i := range s.Requirements {
		one(w, &s.Requirements[i].Name)
		one(w, &s.Requirements[i].State)
	}
}

func (w *words) evaluation(e *v1alpha1.SafetyEvaluation) {
	w.meta(&e.TypeMeta, &e.Namespace)
	one(w, &e.Spec.Requirement, &e.Spec.Evaluator)
	one(w, &e.Spec.Reach)
	e.Spec.EvaluatorGroups = slices.Clone(e.Spec.EvaluatorGroups)
	for i := range e.Spec.EvaluatorGroups {
		one(w, &e.Spec.EvaluatorGroups[i])
	}
	nearby(w, &e.Spec.Subject.Release)
	e.Spec.Subject.Artifacts = slices.Clone(e.Spec.Subject.Artifacts)
	for i := range e.Spec.Subject.Artifacts {
		one(w, &e.Spec.Subject.Artifacts[i].Type)
		nearby(w, &e.Spec.Subject.Artifacts[i].Digest)
	}
	if file := e.Spec.Report; file != nil && file.ConfigMap != nil {
		one(w, &file.ConfigMap.Key)
		if file.ConfigMap.Name == e.Name {
			file.ConfigMap.Name = e.Name
		}
	}
	e.Status.Conditions = w.conditions(e.Status.Conditions)
	if m := e.Status.Measurement; m != nil {
		one(w, &m.Metric, &m.EndMarker, &m.Format, &m.Tool, &m.Task, &m.Model)
	}
}
