// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/census"
)

// Namespace is what matters of one.
type Namespace struct {
	// Labels and Annotations are all of its.
	Labels, Annotations map[string]string
}

// State says whether a gate stands there.
func (n Namespace) State() census.State { return census.OfNamespace(n.Labels, n.Annotations) }

func namespaceChecks() []check {
	return []check{
		{partNamespaces, "gates", []Source{SourceNamespaces}, "Only a namespace with a gate is held to a policy.", gates},
		{partNamespaces, "exemptions", []Source{SourceNamespaces}, "An exemption counts only with a reason, and only where no gate stands.", exemptions},
		{
			partNamespaces, "accelerators", []Source{SourceNamespaces, SourcePods},
			"A model can be served there that nobody evaluated.", accelerators,
		},
	}
}

func gates(f *Facts) finding {
	by := map[string][]string{}
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(f.Namespaces)) {
		ns := f.Namespaces[name]
		gate, labelled := ns.Labels[v1alpha1.LabelGate]
		by[gate] = append(by[gate], name)
		if labelled && gate != v1alpha1.GateEnforced && gate != v1alpha1.GateAudited {
			wrong = append(wrong, fmt.Sprintf("%s: %s=%s", name, v1alpha1.LabelGate, gate))
		}
	}
	if len(wrong) > 0 {
		return finding{
			status: Fail, what: "a gate is a word that guards nothing", items: wrong,
			remedy: "kubectl label namespace NAME " + v1alpha1.LabelGate + "=" + v1alpha1.GateEnforced + " --overwrite",
		}
	}
	governed := len(by[v1alpha1.GateEnforced]) + len(by[v1alpha1.GateAudited])
	is := fine("%d enforced, %d audited, %d without a gate", len(by[v1alpha1.GateEnforced]), len(by[v1alpha1.GateAudited]), len(f.Namespaces)-governed)
	for _, gate := range []string{v1alpha1.GateEnforced, v1alpha1.GateAudited} {
		for _, name := range by[gate] {
			is.items = append(is.items, name+" is "+gate)
		}
	}
	if governed == 0 {
		is.status, is.remedy = Warn, "begin with kubectl label namespace NAME "+v1alpha1.LabelGate+"="+v1alpha1.GateAudited+", which holds nothing"
	}
	return is
}

func exemptions(f *Facts) finding {
	var wrong, right []string
	for _, name := range slices.Sorted(maps.Keys(f.Namespaces)) {
		ns := f.Namespaces[name]
		reason, there := ns.Annotations[v1alpha1.AnnotationExempt]
		switch {
		case !there:
		case strings.TrimSpace(reason) == "":
			wrong = append(wrong, name+" gives no reason, and is not exempt")
		case ns.State() != census.Exempt:
			wrong = append(wrong, name+" has a gate, which stands all the same")
		default:
			right = append(right, name+": "+reason)
		}
	}
	if len(wrong) > 0 {
		return finding{
			status: Warn, what: counted(len(wrong), "exemption has no effect", "exemptions have no effect"), items: wrong,
			remedy: "write the reason into the annotation " + v1alpha1.AnnotationExempt + ", or take the annotation off",
		}
	}
	is := fine("%s", counted(len(right), "namespace is exempt", "namespaces are exempt"))
	is.items = right
	return is
}

func accelerators(f *Facts) finding {
	counts := f.Census.Pods
	text := fmt.Sprintf("%d governed, %d audited, %d exempt, %d ungoverned",
		counts[census.Governed], counts[census.Audited], counts[census.Exempt], counts[census.Ungoverned])
	if f.Census.Covered() {
		return fine("pods that ask for an accelerator: %s", text)
	}
	is := finding{status: Warn, what: "pods that ask for an accelerator: " + text}
	static := false
	for _, ns := range f.Census.Namespaces {
		item := ns.Name + ": " + counted(ns.Pods, "pod", "pods")
		if len(ns.Static) > 0 {
			static = true
			item += ", static: " + strings.Join(ns.Static, ", ")
		}
		is.items = append(is.items, item)
	}
	is.remedy = "label the namespace " + v1alpha1.LabelGate + "=" + v1alpha1.GateAudited + ", or say in its annotation " +
		v1alpha1.AnnotationExempt + " why it needs no gate"
	if static {
		is.remedy += "; take the manifests of static pods off their nodes"
	}
	return is
}
