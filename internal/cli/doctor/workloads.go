// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/census"
	"github.com/scalegate/scalegate/internal/clearance"
)

// Workload is something in a namespace with a gate: what has a pod template, or the pods of one owner.
type Workload struct {
	Namespace, Kind, Name string
	// Release that it claims; empty for none.
	Release string
	// Asks says how it asks for an accelerator; empty where that does not matter.
	Asks string
	// Pods are how many it stands for; 0 for a template.
	Pods int
}

// String names it.
func (w Workload) String() string { return fmt.Sprintf("%s: %s %s", w.Namespace, w.Kind, w.Name) }

func compareWorkloads(a, b Workload) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Release, b.Release))
}

func workloadChecks() []check {
	return []check{
		{
			partWorkloads, "claims", []Source{SourceNamespaces, SourcePods, SourceWorkloads},
			"Where the gate is enforced, such a pod is refused when it is made anew; those that run stay.", unclaimed,
		},
		{
			partWorkloads, "uncleared", []Source{SourceNamespaces, SourcePods},
			"They run since before the gate was enforced, or their clearance ended: nobody cleared what they serve now.", uncleared,
		},
		{
			partWorkloads, "audited", []Source{SourceNamespaces, SourceReleases},
			"They would be held once the gate is enforced.", wouldBeHeld,
		},
	}
}

func unclaimed(f *Facts) finding {
	if len(f.Unclaimed) == 0 {
		return fine("everything that asks for an accelerator claims a release")
	}
	is := finding{
		status: Warn, what: counted(len(f.Unclaimed), "workload asks for an accelerator and claims no release", "workloads ask for an accelerator and claim no release"),
		remedy: "label the pod template " + v1alpha1.LabelRelease + "=NAME with the name of a ModelRelease in the namespace",
	}
	for _, w := range slices.SortedFunc(slices.Values(f.Unclaimed), compareWorkloads) {
		is.items = append(is.items, w.String()+" ("+w.Asks+running(w.Pods)+")")
	}
	return is
}

func running(pods int) string {
	if pods == 0 {
		return ""
	}
	return ", " + counted(pods, "pod", "pods")
}

// uncleared looks at what runs in enforced namespaces without a clearance that stands.
func uncleared(f *Facts) finding {
	var items []string
	pods := 0
	for _, w := range slices.SortedFunc(slices.Values(f.Running), compareWorkloads) {
		ns := f.Namespaces[w.Namespace]
		if ns.State() != census.Governed {
			continue
		}
		if why := whyUncleared(ns.Annotations[clearance.Key(w.Release)], f.Now); why != "" {
			pods += w.Pods
			items = append(items, fmt.Sprintf("%s (%s of release %s: %s)", w, counted(w.Pods, "pod", "pods"), w.Release, why))
		}
	}
	if pods == 0 {
		return fine("every pod that runs where the gate is enforced has a clearance")
	}
	return finding{
		status: Warn, what: counted(pods, "pod runs without a clearance", "pods run without a clearance"), items: items,
		remedy: f.Program + " explain modelrelease NAME -n NAMESPACE says what is missing; delete the pods if they must not run",
	}
}

func whyUncleared(text string, now time.Time) string {
	if text == "" {
		return "there is none"
	}
	c, err := clearance.Parse(text)
	switch {
	case err != nil:
		return "it is none of Scalegate's"
	case !c.End.After(now):
		return "it ended at " + c.End.UTC().Format(time.RFC3339)
	}
	return ""
}

// wouldBeHeld says what the manager found in audited namespaces.
func wouldBeHeld(f *Facts) finding {
	var items []string
	claimed := map[[2]string]bool{}
	audited := 0
	for i := range f.Releases {
		r := &f.Releases[i]
		claimed[[2]string{r.Namespace, r.Name}] = true
		ns, known := f.Namespaces[r.Namespace]
		if !known || ns.State() != census.Audited {
			continue
		}
		for _, w := range r.Status.Workloads {
			audited++
			if w.Reason != "" {
				items = append(items, fmt.Sprintf("%s: %s %s of release %s (%s): %s", r.Namespace, w.Kind, w.Name, r.Name, w.Reason, w.Message))
			}
		}
	}
	for _, w := range slices.SortedFunc(slices.Values(f.Running), compareWorkloads) {
		if ns := f.Namespaces[w.Namespace]; ns.State() == census.Audited && !claimed[[2]string{w.Namespace, w.Release}] {
			items = append(items, fmt.Sprintf("%s claims release %s, which does not exist", w, w.Release))
		}
	}
	slices.Sort(items)
	switch {
	case len(items) == 0 && audited == 0:
		return fine("no workload claims a release in an audited namespace")
	case len(items) == 0:
		return fine("nothing would be held of %s that the manager looked at in audited namespaces", counted(audited, "workload", "workloads"))
	}
	return finding{
		status: Warn, what: counted(len(items), "workload would be held", "workloads would be held"), items: items,
		remedy: f.Program + " explain modelrelease NAME -n NAMESPACE says what is missing",
	}
}
