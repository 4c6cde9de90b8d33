// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/guards"
)

// KindNames are the names of the CustomResourceDefinitions that an installation has.
func KindNames() []string {
	var names []string
	for _, resource := range []string{
		"adversefindings", "evaluationsuites", "gatedecisions", "modelreleases", "policyapprovals", "policyrevisions",
		"releaseapprovals", "releasedeterminations", "releasewaivers", "safetyevaluations", "safetypolicies",
	} {
		names = append(names, resource+"."+v1alpha1.Group)
	}
	return names
}

// WebhookName is the name of the webhook's configuration.
const WebhookName = "scalegate"

// LeaseName is the name of the manager's lease.
const LeaseName = "scalegate.scalegate.dev"

func installationChecks() []check {
	return []check{
		{partInstallation, "kinds", []Source{SourceKinds}, "Nobody can say what a release is, and nothing is cleared.", kinds},
		{partInstallation, "schemas", []Source{SourceKinds}, "What one version writes the other may not understand.", schemas},
		{partInstallation, "guards", []Source{SourceGuards}, "The admission policies are what holds; without one there is a way around it.", guarding},
		{partInstallation, "webhook", []Source{SourceWebhook}, "Nothing is let through without it, but nobody is told what is wrong when they apply something.", webhook},
		{partInstallation, "certificates", []Source{SourceWebhook}, "With a certificate that ended the API server does not call the webhook.", certificates},
		{partInstallation, "clock", nil, "What ends, ends by clocks.", clock},
		{partInstallation, "manager", []Source{SourceLease, SourcePolicies}, "What is held stays held, and clearances end, while no manager acts.", manager},
		{partInstallation, "Guarded", []Source{SourcePolicies}, "The manager probes whether the policies act.", condition(v1alpha1.ConditionGuarded)},
		{partInstallation, "Covered", []Source{SourcePolicies}, "The manager counts accelerator pods that no gate stands before.", condition(v1alpha1.ConditionCovered)},
	}
}

func kinds(f *Facts) finding {
	var wrong []string
	for _, name := range KindNames() {
		i := slices.IndexFunc(f.Kinds, func(crd apiextensionsv1.CustomResourceDefinition) bool { return crd.Name == name })
		switch {
		case i < 0:
			wrong = append(wrong, name+" is missing")
		case !established(&f.Kinds[i]):
			wrong = append(wrong, name+" is not served")
		case !slices.ContainsFunc(f.Kinds[i].Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool {
			return v.Name == v1alpha1.SchemeGroupVersion.Version && v.Served
		}):
			wrong = append(wrong, name+" is not served as "+v1alpha1.SchemeGroupVersion.Version)
		}
	}
	if len(wrong) == 0 {
		return fine("the %d kinds are served", len(KindNames()))
	}
	return finding{
		status: Fail, what: fmt.Sprintf("%d of %d kinds are not served", len(wrong), len(KindNames())), items: wrong,
		remedy: "apply config/crd of the version that this program is of",
	}
}

func established(crd *apiextensionsv1.CustomResourceDefinition) bool {
	return slices.ContainsFunc(crd.Status.Conditions, func(c apiextensionsv1.CustomResourceDefinitionCondition) bool {
		return c.Type == apiextensionsv1.Established && c.Status == apiextensionsv1.ConditionTrue
	})
}

func guarding(f *Facts) finding {
	var wrong, others []string
	for _, d := range f.Differences {
		if d.Fault == guards.Unexpected {
			others = append(others, d.String())
		} else {
			wrong = append(wrong, d.String())
		}
	}
	switch {
	case f.Guards == 0:
		return finding{
			status: Fail, what: "the API server has no admission policies",
			remedy: "Kubernetes has them from version 1.30 on; see docs/reference/admission.md for which versions do what",
		}
	case len(wrong) > 0:
		return finding{
			status: Fail, what: fmt.Sprintf("%d of %d admission objects are not as installed", len(wrong), f.Guards), items: append(wrong, others...),
			remedy: "apply config/admission; a manager that runs puts them back by itself, so see whether it does",
		}
	case len(others) > 0:
		return finding{
			status: Warn, what: fmt.Sprintf("all %d admission objects are as installed, and others have their prefix or bind them", f.Guards), items: others,
			remedy: "find out who made these, and delete or rename them",
		}
	}
	return fine("all %d admission objects are as installed", f.Guards)
}

func webhook(f *Facts) finding {
	if f.Webhook == nil {
		return finding{status: Warn, what: "there is no ValidatingWebhookConfiguration " + WebhookName, remedy: "apply config/webhook"}
	}
	without := slices.ContainsFunc(f.Webhook.Webhooks, func(w admissionv1.ValidatingWebhook) bool { return len(w.ClientConfig.CABundle) == 0 })
	if without || len(f.Webhook.Webhooks) == 0 {
		return finding{
			status: Warn, what: "the webhook has no certificate yet, so the API server does not call it",
			remedy: "see whether the manager runs: it writes the certificate",
		}
	}
	return fine("the webhook is registered")
}

// aliveFor is how long ago a manager that acts has renewed its lease at most.
const aliveFor = time.Minute

// manager judges by the traces that it leaves.
func manager(f *Facts) finding {
	const remedy = "kubectl get pods -n " + SystemNamespace + "; see the runbook of the manager that is down"
	if f.Lease != nil && f.Lease.Spec.RenewTime != nil {
		if ago := f.Now.Sub(f.Lease.Spec.RenewTime.Time); ago > aliveFor {
			return finding{status: Fail, what: fmt.Sprintf("no manager acts: the lease was renewed %s ago", ago.Round(time.Second)), remedy: remedy}
		}
	}
	var behind []string
	for i := range f.Policies {
		p := &f.Policies[i]
		if seen := p.Status.ObservedGeneration; seen == nil || *seen != p.Generation {
			behind = append(behind, "SafetyPolicy "+p.Name+" was not looked at as it is now")
		}
	}
	switch {
	case len(behind) > 0:
		return finding{status: Fail, what: "the manager is behind", items: behind, remedy: remedy}
	case f.Lease == nil && len(f.Policies) == 0:
		return finding{status: Warn, what: "there is neither a lease nor a policy to see the manager by", remedy: remedy}
	case f.Lease == nil:
		return fine("the manager has looked at every policy; it holds no lease, so whether it still runs does not show")
	}
	return fine("a manager acts")
}

// condition looks at one condition of every policy. They say the same of the cluster, and may differ while the manager
// writes them.
func condition(kind string) func(*Facts) finding {
	return func(f *Facts) finding {
		if len(f.Policies) == 0 {
			return finding{status: Warn, what: "there is no SafetyPolicy, on which the manager would say so", remedy: "apply the policy that releases are to be held to"}
		}
		worst := fine("%s is True", kind)
		for i := range f.Policies {
			p := &f.Policies[i]
			c := meta.FindStatusCondition(p.Status.Conditions, kind)
			switch {
			case c == nil && worst.status == OK:
				worst = finding{
					status: Warn, what: fmt.Sprintf("SafetyPolicy %s has no condition %s", p.Name, kind),
					remedy: "a new policy gets it within a few minutes; after that, see whether the manager runs",
				}
			case c != nil && c.Status == metav1.ConditionFalse:
				return finding{
					status: failing(kind), what: fmt.Sprintf("%s is False (%s): %s", kind, c.Reason, c.Message),
					remedy: "docs/reference/reasons.md says what to do about " + c.Reason,
				}
			case c != nil && c.Status == metav1.ConditionUnknown:
				worst = finding{
					status: Warn, what: fmt.Sprintf("%s is Unknown (%s): %s", kind, c.Reason, c.Message),
					remedy: "docs/reference/reasons.md says what to do about " + c.Reason,
				}
			}
		}
		return worst
	}
}

// failing is what it means that a condition is False: guards that do not act break what Scalegate promises, and pods
// that it was never told to govern do not.
func failing(kind string) Status {
	if kind == v1alpha1.ConditionGuarded {
		return Fail
	}
	return Warn
}
