// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/runs"
	"github.com/scalegate/scalegate/internal/workload"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

const (
	// customTime is how long all workloads of custom kinds may take to be read: an answer may need a webhook that converts
	// them, and others wait.
	customTime = 2 * time.Second
	// readAgain is when one that could not be read is read again. No event tells that it can be.
	readAgain = 30 * time.Second
)

// parents examines those that are held, or all where the namespace is only audited, and whose exposure is granted. What belongs to a kind whose pods serve in groups
// need not name every artifact: lifting its hold starts nothing, and its pods are opened with their group.
func (x examination) parents(ctx context.Context, all []*parent, related *family) ([]enforcement.Parent, error) {
	custom, cancel := context.WithTimeout(ctx, customTime)
	defer cancel()
	out := make([]enforcement.Parent, 0, len(all))
	for _, p := range all {
		owners, err := related.above(ctx, p)
		if err != nil {
			return nil, err
		}
		e := enforcement.Parent{
			Kind:            p.kind.GroupKind(),
			Version:         p.GroupVersionKind().Version,
			Name:            p.Name,
			UID:             p.UID,
			ResourceVersion: p.ResourceVersion,
			Exposure:        x.exposure(map[string]string{v1alpha1.LabelExposure: p.exposure}),
			Mark:            p.mark(),
			Pods:            p.pods,
			Surge:           p.surge,
			Paused:          p.paused,
			Scalable:        scalable(p),
			Scaled:          p.Annotations[v1alpha1.AnnotationScaledReplicas],
			Standby:         p.Annotations[v1alpha1.AnnotationStandbyReplicas],
		}
		if (e.Mark != "" || x.audits) && x.lifted.Has(e.Exposure) {
			reads := ctx
			if p.kind.Custom() {
				reads = custom
			}
			if e.Verdict, err = x.parent(reads, p); err != nil {
				return nil, err
			}
			if slices.ContainsFunc(owners, func(owner *parent) bool { return len(owner.kind.Unit) > 0 }) {
				e.Verdict.Unnamed = ""
			}
		}
		out = append(out, e)
	}
	return out, nil
}

// parent examines the templates of one, by what the release declares and by its safeguards. One of a custom kind that cannot
// be read is not examined and stays held, and keeps nothing else from being decided.
func (x examination) parent(ctx context.Context, p *parent) (enforcement.Verdict, error) {
	v, err := x.compared(ctx, p)
	if err == nil {
		err = x.guardParent(ctx, &v, p)
	}
	if err != nil && p.kind.Custom() {
		*x.unread = true
		log.FromContext(ctx).Error(err, "Examining a held workload, which stays held", "kind", p.Kind, "workload", p.Name)
		return enforcement.Verdict{}, nil
	}
	return v, err
}

// compared compares the templates of one with what the release declares. That they differ is said also of a version that the
// cache does not have yet, as when a controller reported on it meanwhile; but only the one that was examined is lifted.
func (x examination) compared(ctx context.Context, p *parent) (enforcement.Verdict, error) {
	return x.once(seen{p.UID, p.examined(), x.basis}, func() (enforcement.Verdict, error) {
		live, err := x.latest(ctx, p, p.GroupVersionKind())
		if err != nil || live == nil {
			return enforcement.Verdict{}, err
		}
		v, err := x.parentContent(ctx, p, live)
		if err == nil && v.Mismatch == "" && p.mark() != "" && live.GetResourceVersion() != p.ResourceVersion {
			return enforcement.Verdict{}, nil
		}
		return v, err
	})
}

// examined is the version of one in which it is examined. Of what is only looked at, and not lifted, it is that of its spec, unless
// its templates may have labels that it says elsewhere.
func (p *parent) examined() string {
	if p.mark() == "" && !p.kind.Custom() {
		return generation(p)
	}
	return p.ResourceVersion
}

// parentContent examines what one is made of, as it was read live.
func (x examination) parentContent(ctx context.Context, p *parent, live *unstructured.Unstructured) (enforcement.Verdict, error) {
	if p.Kind == "Job" && p.Labels[v1alpha1.LabelEvaluation] != "" && !runs.OfServer(live) {
		return x.ordered(ctx, live)
	}
	templates, err := p.kind.TemplatesOf(live.Object)
	if err != nil {
		return enforcement.Verdict{Examined: true, Mismatch: err.Error()}, nil
	}
	return x.templates(p.kind, templates), nil
}

// templates compares the templates of one object that claim something: each must match, and claim the same. Of a kind
// whose pods serve in groups, one may name the artifacts for all.
func (x examination) templates(kind kinds.Kind, all []map[string]any) enforcement.Verdict {
	var v enforcement.Verdict
	var named bool
	for i, template := range all {
		labels := labelsOf(template)
		switch claimed := labels[v1alpha1.LabelRelease]; claimed {
		case "":
			continue
		case x.release.Name:
		default:
			return enforcement.Verdict{Examined: true, Mismatch: fmt.Sprintf(
				"its templates claim different releases, %s and %s; claim one in all of them, or split the workload", x.release.Name, claimed)}
		}
		v.Examined = true
		m := x.declared.Template(template)
		switch {
		case m == nil:
			named = true
		case m.OnlyUnnamed():
			v.Unnamed = inTemplate(m, i, len(all))
		default:
			return enforcement.Verdict{Examined: true, Mismatch: inTemplate(m, i, len(all))}
		}
	}
	if first := exposureOf(all); first != nil {
		return enforcement.Verdict{Examined: true, Mismatch: *first}
	}
	if named && len(kind.Unit) > 0 {
		v.Unnamed = ""
	}
	return v
}

// exposureOf says that the templates that claim a release claim different exposures of it; nil when they do not.
func exposureOf(all []map[string]any) *string {
	var first *string
	for _, template := range all {
		labels := labelsOf(template)
		exposure := labels[v1alpha1.LabelExposure]
		switch {
		case labels[v1alpha1.LabelRelease] == "":
		case first == nil:
			first = &exposure
		case *first != exposure:
			return new(fmt.Sprintf("its templates claim different exposures, %q and %q; claim one in all of them", *first, exposure))
		}
	}
	return nil
}

// inTemplate says which of several templates a mismatch is in.
func inTemplate(m *workload.Mismatch, i, of int) string {
	if of == 1 {
		return m.String()
	}
	return fmt.Sprintf("template %d of %d: %s", i+1, of, m)
}
