// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/safeguards"
)

// sentry judges what is not opened yet: whether it would break a check of pods that its exposure needs. A nil sentry judges
// nothing.
type sentry struct {
	scene safeguards.Scene
	// needs are the checks of pods that each policy asks for.
	needs []need
	// waits: something would break a check of which no event tells that it changed.
	waits bool
}

// need is a check, and the exposures that it gates.
type need struct {
	safeguards.Asked
	// free are the exposures that do not need it, by what the levels and thresholds require.
	free sets.Set[string]
}

// post is the sentry of a decision; nil where no check is about pods.
func (o *observation) post(d gate.Decision) *sentry {
	w := &sentry{scene: o.scene}
	o.sentry = nil
	for _, p := range o.policies {
		for _, a := range safeguards.AskedBy(p) {
			if !a.AboutWorkloads() || setAside(d, a.Requirement) {
				continue
			}
			n := need{a, sets.New[string]()}
			for _, x := range d.Exposures {
				if !gates(p, d, x.RequiredLevel, a.Requirement) {
					n.free.Insert(x.Name)
				}
			}
			w.needs = append(w.needs, n)
		}
	}
	if len(w.needs) > 0 {
		o.sentry = w
	}
	return o.sentry
}

// setAside tells whether a waiver counts for a requirement.
func setAside(d gate.Decision, requirement string) bool {
	return slices.ContainsFunc(d.Requirements, func(q gate.RequirementResult) bool {
		return q.Name == requirement && q.State == v1alpha1.RequirementWaived
	})
}

// gates tells whether a level, or one below, requires something; or a threshold that is not ruled out does. A level that
// the policy does not have requires all.
func gates(p *v1alpha1.SafetyPolicy, d gate.Decision, level, requirement string) bool {
	last := slices.IndexFunc(p.Spec.Levels, func(l v1alpha1.Level) bool { return l.Name == level })
	if last < 0 {
		return true
	}
	for _, l := range p.Spec.Levels[:last+1] {
		if slices.Contains(l.Requires, requirement) {
			return true
		}
	}
	return slices.ContainsFunc(p.Spec.Thresholds, func(t v1alpha1.CapabilityThreshold) bool {
		ruledOut := slices.ContainsFunc(d.Thresholds, func(r gate.ThresholdResult) bool {
			return r.Name == t.Name && r.State == v1alpha1.ThresholdRuledOut
		})
		return !ruledOut && slices.Contains(t.Requires, requirement)
	})
}

// needs tells whether any exposure needs a requirement.
func (o observation) needs(d gate.Decision, requirement string) bool {
	return slices.ContainsFunc(o.policies, func(p *v1alpha1.SafetyPolicy) bool {
		return p != nil && slices.ContainsFunc(d.Exposures, func(x gate.ExposureResult) bool {
			return gates(p, d, x.RequiredLevel, requirement)
		})
	})
}

// breaks says which check a workload would break; empty when it breaks none.
func (s *sentry) breaks(workload safeguards.Workload) string {
	if s == nil {
		return ""
	}
	for _, n := range s.needs {
		if n.free.Has(workload.Exposure) {
			continue
		}
		if r := safeguards.Of(n.Asked, workload, s.scene); r.State != v1alpha1.SafeguardInPlace {
			s.waits = s.waits || polled(n.Check.Type)
			return fmt.Sprintf("%s (%s): %s", n.Requirement, n.Check.Type, r.Message)
		}
	}
	return ""
}

// guardedPod is a pod as the checks see it.
func (x examination) guardedPod(pod *corev1.Pod) safeguards.Workload {
	return safeguards.Workload{
		Kind: "Pod", Name: pod.Name, Exposure: x.exposure(pod.Labels), Labels: pod.Labels, Annotations: pod.Annotations, Spec: &pod.Spec,
	}
}

// guardPod adds to the verdict on a held pod what it would break. It is opened in the version that the cache has.
func (x examination) guardPod(v *enforcement.Verdict, pod *corev1.Pod) {
	if x.sentry != nil && v.Examined && (held(pod) || x.audits) && !belongsToRun(pod) {
		v.Unguarded = x.sentry.breaks(x.guardedPod(pod))
	}
}

// guardReplicaSet adds to the verdict on a ReplicaSet what pods of it would break. Its template does not change.
func (x examination) guardReplicaSet(v *enforcement.Verdict, set *appsv1.ReplicaSet) {
	if x.sentry != nil && v.Examined {
		v.Unguarded = x.sentry.breaks(x.guardedTemplate("ReplicaSet", set.Name, &set.Spec.Template))
	}
}

func (x examination) guardedTemplate(kind, name string, t *corev1.PodTemplateSpec) safeguards.Workload {
	return safeguards.Workload{
		Kind: kind, Name: name, Exposure: x.exposure(t.Labels), Labels: t.Labels, Annotations: t.Annotations, Spec: &t.Spec, Template: true,
	}
}

// guardParent adds to the verdict on a parent what pods of its templates would break. What is not as the cache has it any
// more is not examined.
func (x examination) guardParent(ctx context.Context, v *enforcement.Verdict, p *parent) error {
	if x.sentry == nil || !v.Examined || v.Mismatch != "" || belongsToRun(p) {
		return nil
	}
	read := x.read
	if p.mark() == "" {
		read = x.latest
	}
	key := seen{p.UID, p.examined(), x.basis}
	kept, _ := x.seenTemplates.Get(key)
	all, known := kept.([]safeguards.Workload)
	if !known {
		live, err := read(ctx, p, p.GroupVersionKind())
		if err != nil {
			return err
		}
		if live == nil {
			*v = enforcement.Verdict{}
			return nil
		}
		if all, err = x.guardedParent(p, live); err != nil {
			return err
		}
		if bytesIn(all) <= templateMaxBytes {
			x.seenTemplates.Add(key, all)
		}
	}
	for _, workload := range all {
		if v.Unguarded = x.sentry.breaks(workload); v.Unguarded != "" {
			return nil
		}
	}
	return nil
}

// guardedParent are the templates of a live object that claim the release, as the checks see them. One that cannot be read
// has no spec, and every check of it is unknown.
func (x examination) guardedParent(p *parent, live *unstructured.Unstructured) ([]safeguards.Workload, error) {
	templates, err := p.kind.TemplatesOf(live.Object)
	if err != nil {
		return nil, fmt.Errorf("reading the templates of %s %s: %w", p.Kind, p.Name, err)
	}
	var all []safeguards.Workload
	for _, content := range templates {
		if labelsOf(content)[v1alpha1.LabelRelease] == "" {
			continue
		}
		t := &corev1.PodTemplateSpec{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, t); err != nil {
			all = append(all, safeguards.Workload{Kind: p.Kind, Name: p.Name, Exposure: x.exposure(labelsOf(content)), Template: true})
			continue
		}
		all = append(all, x.guardedTemplate(p.Kind, p.Name, t))
	}
	if p.Kind == "StatefulSet" && len(all) > 0 {
		set := &appsv1.StatefulSet{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, set); err != nil {
			return nil, fmt.Errorf("reading StatefulSet %s: %w", p.Name, err)
		}
		all[0].ClaimTemplates = set.Spec.VolumeClaimTemplates
	}
	return all, nil
}

// bytesIn is about how many bytes templates have, whoever wrote them.
func bytesIn(all []safeguards.Workload) (size int) {
	for i := range all {
		size += all[i].Spec.Size()
		for _, texts := range []map[string]string{all[i].Labels, all[i].Annotations} {
			for key, value := range texts {
				size += len(key) + len(value)
			}
		}
	}
	return size
}
