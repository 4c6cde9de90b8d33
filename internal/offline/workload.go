// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/revision"
	"github.com/scalegate/scalegate/internal/verdict"
	"github.com/scalegate/scalegate/internal/workload"
)

// Rules about workloads.
const (
	ruleClaimMissing   = "ClaimMissing"
	ruleMismatch       = "WorkloadMismatch"
	ruleUnknownRelease = "ReleaseNotFound"
	ruleAudited        = "Audited"
)

// workload says whether a workload would be admitted, held or refused.
func (j *judge) workload(ctx context.Context, e *entry, c *verdict.Case) error {
	gateOf, labels, known := j.gateOf(ctx, e.namespace)
	if gateOf != v1alpha1.GateEnforced && gateOf != v1alpha1.GateAudited {
		c.Summary = fmt.Sprintf("it would be admitted: namespace %s has no gate", e.namespace)
		return nil
	}
	if !known {
		c.Findings = append(c.Findings, e.finding(verdict.SeverityNote, ruleNotJudged, "metadata.namespace",
			fmt.Sprintf("namespace %s is not among the manifests, and is taken for %s", e.namespace, gateOf), ""))
	}
	templates, err := e.kind.TemplatesOf(e.Content)
	if err != nil {
		c.Outcome, c.Summary = verdict.Error, "it cannot be read"
		c.Findings = append(c.Findings, e.finding(verdict.SeverityError, ruleInvalid, "", err.Error(), "correct it"))
		return nil
	}
	w := weighed{judge: j, entry: e, labels: labels, outcome: verdict.Pass}
	w.unclaimed(templates)
	for i, template := range templates {
		if err := w.claim(ctx, i, template); err != nil {
			return err
		}
	}
	if gateOf == v1alpha1.GateAudited {
		for i := range w.findings {
			w.findings[i].Severity = verdict.SeverityWarning
		}
		if w.outcome != verdict.Pass {
			w.findings = append(w.findings, e.finding(verdict.SeverityNote, ruleAudited, "", "the namespace is audited, so nothing is held yet; enforced it would be "+w.verb, ""))
		}
		w.outcome, w.verb = verdict.Pass, "admitted"
	}
	c.Outcome, c.Findings = w.outcome, append(c.Findings, w.findings...)
	c.Summary = w.summary()
	return nil
}

// gateOf is the gate of a namespace, and its labels; known is false where it is not there, and the options say.
func (j *judge) gateOf(ctx context.Context, name string) (gateOf string, labels map[string]string, known bool) {
	ns := &corev1.Namespace{}
	if j.world.Get(ctx, types.NamespacedName{Name: name}, ns) != nil {
		return j.options.Gate, map[string]string{}, false
	}
	return ns.Labels[v1alpha1.LabelGate], maps.Clone(ns.Labels), true
}

// weighed is a workload being judged.
type weighed struct {
	*judge
	*entry

	labels   map[string]string
	outcome  verdict.Outcome
	verb     string
	claims   []string
	findings []verdict.Finding
}

func (w *weighed) summary() string {
	switch {
	case w.verb != "" && w.verb != "admitted":
		return "it would be " + w.verb
	case len(w.claims) == 0:
		return "it would be admitted: it claims no release, and asks for no accelerator"
	}
	return "it would be admitted: it claims " + strings.Join(slices.Compact(slices.Sorted(slices.Values(w.claims))), ", ")
}

// add notes a finding that keeps the workload from being admitted.
func (w *weighed) add(outcome verdict.Outcome, verb string, f verdict.Finding) {
	if outcome == verdict.Blocked || w.outcome == verdict.Pass || w.outcome == verdict.Pending {
		w.outcome = outcome
	}
	if w.verb != "refused" {
		w.verb = verb
	}
	w.findings = append(w.findings, f)
}

// unclaimed judges what claims no release.
func (w *weighed) unclaimed(templates []map[string]any) {
	message, err := w.law.Refusal(w.kind, w.Content, w.labels)
	if err != nil {
		w.add(verdict.Blocked, "refused", w.finding(verdict.SeverityError, ruleInvalid, w.templatePath(0), err.Error(), "write the template as the kind has it"))
		return
	}
	if message != "" {
		what, remedy, _ := strings.Cut(message, ": ")
		w.add(verdict.Blocked, "refused", w.finding(verdict.SeverityError, ruleClaimMissing, w.templatePath(0), what, remedy))
		return
	}
	if w.labels[v1alpha1.LabelClaims] != v1alpha1.ClaimsAll || w.kind.Kind == "Pod" {
		return
	}
	for i, template := range templates {
		if labelsOf(template)[v1alpha1.LabelRelease] == "" {
			w.add(verdict.Blocked, "refused", w.finding(verdict.SeverityError, ruleClaimMissing, w.templatePath(i),
				"every pod of the namespace has to claim a release ("+v1alpha1.LabelClaims+": all), and those of this template do not",
				"label the template "+v1alpha1.LabelRelease+"=NAME with the name of a ModelRelease in this namespace"))
		}
	}
}

// templatePath is where a template of the workload stands; empty where it is the object.
func (w *weighed) templatePath(i int) string {
	if i >= len(w.kind.Templates) {
		i = len(w.kind.Templates) - 1
	}
	if i < 0 {
		return ""
	}
	path, _, list := strings.Cut(w.kind.Templates[i].Path, "[]")
	if list {
		return path
	}
	return w.kind.Templates[i].Path
}

func labelsOf(template map[string]any) map[string]string {
	metadata, _ := template["metadata"].(map[string]any)
	labels, _ := metadata["labels"].(map[string]any)
	all := map[string]string{}
	for name, value := range labels {
		if s, ok := value.(string); ok {
			all[name] = s
		}
	}
	return all
}

// claim judges one template that claims a release.
func (w *weighed) claim(ctx context.Context, i int, template map[string]any) error {
	labels := labelsOf(template)
	path := w.templatePath(i)
	w.quoted(template, path)
	name := labels[v1alpha1.LabelRelease]
	if name == "" {
		return nil
	}
	w.claims = append(w.claims, name)
	in, d, err := w.decide(ctx, types.NamespacedName{Namespace: w.namespace, Name: name})
	if err != nil {
		return err
	}
	if in.Release == nil {
		w.add(verdict.Blocked, "held", w.finding(verdict.SeverityError, ruleUnknownRelease, join(path, "metadata.labels["+v1alpha1.LabelRelease+"]"),
			fmt.Sprintf("it claims ModelRelease %s, which is not in namespace %s of the manifests", name, w.namespace), "give the release's manifest as well, or correct the label"))
		return nil
	}
	enforced := revision.Enforced(in.Policy, in.InForce)
	verb := "held"
	if enforced != nil && enforced.Spec.OnUncleared == v1alpha1.DenyUncleared || w.kind.RefuseCreate {
		verb = "refused"
	}
	exposure := workload.Exposure(labels, in.Release)
	w.exposure(&in, &d, claimed{path: path, exposure: exposure, verb: verb})
	w.match(workload.DeclaredBy(in.Release, enforced), claimed{path: path, exposure: exposure, verb: verb}, template)
	return nil
}

// quoted notes claims that are no text, such as a number without quotes: an API server takes no such label.
func (w *weighed) quoted(template map[string]any, path string) {
	metadata, _ := template["metadata"].(map[string]any)
	labels, _ := metadata["labels"].(map[string]any)
	for _, label := range []string{v1alpha1.LabelRelease, v1alpha1.LabelExposure} {
		value, there := labels[label]
		if _, isText := value.(string); there && value != nil && !isText {
			w.add(verdict.Blocked, "refused", w.finding(verdict.SeverityError, ruleInvalid, join(path, "metadata.labels["+label+"]"),
				fmt.Sprintf("%v is no text", value), "write it in quotes"))
		}
	}
}

// claimed is what a template claims, and what becomes of it where that is not granted.
type claimed struct{ path, exposure, verb string }

// exposure judges whether the exposure that is claimed would be granted.
func (w *weighed) exposure(in *gate.Input, d *gate.Decision, c claimed) {
	at := slices.IndexFunc(d.Exposures, func(x gate.ExposureResult) bool { return x.Name == c.exposure })
	path := join(c.path, "metadata.labels["+v1alpha1.LabelExposure+"]")
	switch {
	case at >= 0 && d.Exposures[at].Granted:
		w.ceiling(in, d, c)
	case at >= 0:
		x := &d.Exposures[at]
		outcome := outcomeOf(x.Reason)
		if outcome == verdict.Pass || x.Reason == v1alpha1.ReasonExposureNotGranted {
			outcome = verdict.Blocked
		}
		w.add(outcome, c.verb, w.finding(severityOf(outcome), x.Reason, path,
			fmt.Sprintf("ModelRelease %s would not be granted %s: %s", in.Release.Name, c.exposure, x.Message), ""))
	case in.Policy == nil:
		w.add(verdict.Pending, c.verb, w.finding(verdict.SeverityWarning, v1alpha1.ReasonPolicyNotFound, path,
			fmt.Sprintf("SafetyPolicy %s of ModelRelease %s is not among the manifests", in.Release.Spec.Policy, in.Release.Name), "give its manifest as well, or --from-cluster"))
	default:
		outcome := outcomeOf(d.Reason)
		message := fmt.Sprintf("SafetyPolicy %s has no exposure %s", in.Policy.Name, c.exposure)
		if len(d.Exposures) == 0 {
			message = d.Message
		}
		if outcome == verdict.Pass {
			outcome = verdict.Blocked
		}
		w.add(outcome, c.verb, w.finding(severityOf(outcome), v1alpha1.ReasonExposureNotGranted, path, message, "correct the label, or the policy"))
	}
}

// place is an exposure of a release, whose pods are counted together.
type place struct{ namespace, release, exposure string }

// ceiling judges whether there is a place for all that is asked for, beside the workloads before. What an operator makes is
// not counted: how many pods that is shows on them alone.
func (w *weighed) ceiling(in *gate.Input, d *gate.Decision, c claimed) {
	if w.kind.Custom() {
		return
	}
	most := gate.Ceiling(in, d, c.exposure)
	if most == nil {
		return
	}
	at := place{namespace: w.namespace, release: in.Release.Name, exposure: c.exposure}
	w.places[at] += w.kind.ReplicasOf(w.Content)
	if w.places[at] <= int64(*most) {
		return
	}
	path := ""
	if len(w.kind.Replicas) > 0 {
		path = w.kind.Replicas[0]
	}
	w.add(verdict.Blocked, "held in part", w.finding(verdict.SeverityError, v1alpha1.ReasonAboveCeiling, path,
		fmt.Sprintf("with it %d pods claim %s of ModelRelease %s, and no more than %d may serve it", w.places[at], c.exposure, in.Release.Name, *most),
		"ask for fewer replicas, or for an exposure that allows more"))
}

// match compares a template with what its release declares. What an operator makes of a template shows on its pods alone.
func (w *weighed) match(declared workload.Declared, c claimed, template map[string]any) {
	if w.kind.Custom() && !slices.Contains([]string{"Rollout", "LeaderWorkerSet", "JobSet"}, w.kind.Kind) {
		w.findings = append(w.findings, w.finding(verdict.SeverityNote, ruleNotJudged, c.path,
			"its operator makes the pods, so whether they run what the release declares shows on them alone", ""))
		return
	}
	found := workload.MatchTemplate(declared, template)
	if w.kind.Kind == "Pod" {
		found = workload.MatchPod(declared, template)
	}
	if found == nil {
		return
	}
	path := join(c.path, found.Field)
	if strings.HasPrefix(found.Field, "ModelRelease ") {
		path = c.path
	}
	w.add(verdict.Blocked, c.verb, w.finding(verdict.SeverityError, ruleMismatch, path, found.Problem, found.Remedy))
}

func join(path, field string) string {
	if path == "" {
		return field
	}
	return path + "." + field
}
