// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package watcher

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// take judges one write that changed something.
func (w *Watcher) take(e *Event) {
	var err error
	switch e.Resource {
	case "namespaces":
		err = with(e, w.takeNamespace)
	case "pods":
		err = w.takePods(e)
	case "configmaps":
		err = with(e, func(_ *Event, cm *corev1.ConfigMap) {
			for _, text := range cm.Data {
				w.files[e.Namespace+"/"+e.Name] = text
			}
		})
	case "safetyevaluations":
		err = with(e, w.takeEvaluation)
	case "adversefindings":
		err = with(e, w.takeFinding)
	case "modelreleases":
		err = with(e, w.takeRelease)
	case "safetypolicies":
		err = with(e, func(e *Event, p *v1alpha1.SafetyPolicy) {
			if w.governs(e.Name) {
				w.policy(e.Name).observe(&p.Spec, w.now)
			}
		})
	}
	if err != nil {
		w.violated("the watcher can read", e.object(), err.Error(), "unknown")
	}
}

// object names what the event is about.
func (e *Event) object() string { return e.Resource + " " + e.Namespace + "/" + e.Name }

// with decodes the object of an event, if it has one and is no deletion.
func with[T any](e *Event, take func(*Event, *T)) error {
	if len(e.Object) == 0 || e.Verb == "delete" {
		return nil
	}
	o := new(T)
	if err := json.Unmarshal(e.Object, o); err != nil {
		return fmt.Errorf("reading %s: %w", e.object(), err)
	}
	take(e, o)
	return nil
}

// takeEvaluation reads an evaluation. Its result comes from the file, and is known once the measurement stands there.
func (w *Watcher) takeEvaluation(e *Event, o *v1alpha1.SafetyEvaluation) {
	if !w.governs(e.Namespace) {
		return
	}
	r := w.release(e.Namespace, o.Spec.Subject.Release)
	result := r.evaluation(e.Name)
	result.created = o.CreationTimestamp.Time
	if o.Spec.Report != nil && o.Spec.Report.ConfigMap != nil {
		result.report = o.Spec.Report.ConfigMap.Name
	}
	if result.known.IsZero() && o.Status.Measurement != nil {
		shows, ended, err := judge(w.files[e.Namespace+"/"+result.report])
		if err != nil {
			w.violated("the watcher can read", e.object(), "a measurement without a file: "+err.Error(), "unknown")
			return
		}
		result.shows, result.ended, result.known = shows, ended, w.now
		r.changes = append(r.changes, w.now)
	}
	r.revoke(&result.revoked, o.Spec.Revocation, w)
}

// revoke notes a revocation that changed.
func (r *release) revoke(all *[]revoked, now *v1alpha1.Revocation, w *Watcher) {
	var is, was v1alpha1.RevocationSeverity
	if now != nil {
		is = now.Severity
	}
	if len(*all) > 0 {
		was = (*all)[len(*all)-1].severity
	}
	if is != was {
		*all = append(*all, revoked{from: w.now, severity: is})
		r.changes = append(r.changes, w.now)
	}
}

func (w *Watcher) takeRelease(e *Event, o *v1alpha1.ModelRelease) {
	if w.governs(e.Namespace) {
		r := w.release(e.Namespace, e.Name)
		r.revoke(&r.revoked, o.Spec.Revocation, w)
	}
}

func (w *Watcher) takeFinding(_ *Event, o *v1alpha1.AdverseFinding) {
	for _, name := range w.releasesOf(o.Spec.Evidence.Namespace) {
		r := w.release(o.Spec.Evidence.Namespace, name)
		failed := r.evaluations[o.Spec.Evidence.Name]
		if failed == nil {
			continue
		}
		if o.Spec.Resolution != nil && failed.resolving != o.Spec.Resolution.Evaluation {
			failed.resolving, failed.named = o.Spec.Resolution.Evaluation, w.now
			r.changes = append(r.changes, w.now)
		}
		if o.Status.ResolvedTime != nil && failed.resolved.IsZero() {
			failed.resolved = w.now
			r.changes = append(r.changes, w.now)
		}
	}
}

// releasesOf are the releases of a namespace that something is known about.
func (w *Watcher) releasesOf(namespace string) []string {
	var all []string
	for key := range w.releases {
		if ns, name, ok := cut(key); ok && ns == namespace {
			all = append(all, name)
		}
	}
	return all
}
