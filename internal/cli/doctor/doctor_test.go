// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/census"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/cli/page"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/guards"
)

var update = flag.Bool("update", false, "write the transcripts in testdata anew")

// crd is a kind as it is served; how changes it.
func crd(name string, how ...func(*apiextensionsv1.CustomResourceDefinition)) apiextensionsv1.CustomResourceDefinition {
	c := apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: name}}
	c.Spec.Versions = []apiextensionsv1.CustomResourceDefinitionVersion{{Name: "v1alpha1", Served: true}}
	c.Status.Conditions = []apiextensionsv1.CustomResourceDefinitionCondition{{Type: "Established", Status: "True"}}
	for _, change := range how {
		change(&c)
	}
	return c
}

// policy says True of what the manager sees, and was looked at; how changes it.
func policy(how ...func(*v1alpha1.SafetyPolicy)) v1alpha1.SafetyPolicy {
	p := fixture.Policy("rsp")
	p.Status.ObservedGeneration = new(p.Generation)
	for _, c := range []string{v1alpha1.ConditionGuarded, v1alpha1.ConditionCovered} {
		says(c, metav1.ConditionTrue, "Fine", "all is well")(p)
	}
	for _, change := range how {
		change(p)
	}
	return *p
}

func says(kind string, status metav1.ConditionStatus, reason, message string) func(*v1alpha1.SafetyPolicy) {
	return func(p *v1alpha1.SafetyPolicy) {
		for i := range p.Status.Conditions {
			if p.Status.Conditions[i].Type == kind {
				p.Status.Conditions = append(p.Status.Conditions[:i], p.Status.Conditions[i+1:]...)
				break
			}
		}
		p.Status.Conditions = append(p.Status.Conditions, metav1.Condition{Type: kind, Status: status, Reason: reason, Message: message})
	}
}

func silent(p *v1alpha1.SafetyPolicy) { p.Status.Conditions = nil }

func space(gate string, annotations ...string) Namespace {
	ns := Namespace{Labels: map[string]string{}, Annotations: map[string]string{}}
	if gate != "" {
		ns.Labels[v1alpha1.LabelGate] = gate
	}
	for i := 0; i < len(annotations); i += 2 {
		ns.Annotations[annotations[i]] = annotations[i+1]
	}
	return ns
}

func cleared(end time.Time) string {
	return clearance.Clearance{End: end, Exposure: "General", Mode: clearance.Counted, Since: fixture.Day(0)}.String()
}

// healthy is an installation where all is as it should be; change spoils it. It is Day(10).
func healthy(change ...func(*Facts)) *Facts {
	f := &Facts{
		Now: fixture.Day(10), Program: "scalegate", Guards: 40,
		Webhook: &admissionv1.ValidatingWebhookConfiguration{
			Webhooks: []admissionv1.ValidatingWebhook{{ClientConfig: admissionv1.WebhookClientConfig{CABundle: []byte("x")}}},
		},
		Lease:    &coordinationv1.Lease{Spec: coordinationv1.LeaseSpec{RenewTime: new(metav1.NewMicroTime(fixture.Day(10).Add(-5 * time.Second)))}},
		Policies: []v1alpha1.SafetyPolicy{policy()},
		Namespaces: map[string]Namespace{
			"serving": space("enforced", clearance.Key("m1"), cleared(fixture.Day(12))), "trial": space("audited"), "web": space(""),
			"gpu-operator": space("", v1alpha1.AnnotationExempt, "device plug-ins of the nodes"),
		},
		Probes: []guards.Result{
			tried("0", guards.Effective, ""), tried("1", guards.Effective, ""), tried("2", guards.Effective, ""), tried("kinds", guards.Effective, ""),
		},
		WebhookProbe: guards.Result{Outcome: guards.Effective},
		Certificates: []Certificate{{Name: "authority of webhook a", End: fixture.Day(100)}},
		Clock:        Clock{Known: true, Server: fixture.Day(10), Sent: fixture.Day(10), Received: fixture.Day(10)},
		Census:       census.Result{Pods: map[census.State]int{census.Governed: 4, census.Audited: 1, census.Exempt: 8}},
		Running:      []Workload{{Namespace: "serving", Kind: "Deployment", Name: "chat", Release: "m1", Pods: 4}},
		Rights: rights(
			clusterRole("cluster-admin", rule("* * *")), byDefault("cluster-admin", "Group system:masters"),
			clusterRole("scalegate-safety-team", rule("ungate scalegate.dev namespaces"), rule("resolve scalegate.dev adversefindings")),
			clusterBound("scalegate-safety-team", "Group safety"),
		),
	}
	for _, name := range KindNames() {
		f.Kinds = append(f.Kinds, crd(name))
	}
	for _, c := range change {
		c(f)
	}
	return f
}

// tried is what came of a try.
func tried(ring string, outcome guards.Outcome, detail string) guards.Result {
	return guards.Result{Ring: ring, Claim: "a try of ring " + ring, Policy: "scalegate-" + ring, Outcome: outcome, Detail: detail}
}

// probing changes what came of the try of a ring.
func probing(r guards.Result) func(*Facts) {
	return func(f *Facts) {
		for i := range f.Probes {
			if f.Probes[i].Ring == r.Ring {
				f.Probes[i] = r
			}
		}
	}
}

// sick has something wrong with everything.
func sick(f *Facts) {
	f.OtherSchemas = []string{"modelreleases.scalegate.dev"}
	f.Probes = []guards.Result{
		tried("0", guards.Effective, ""), tried("1", guards.Ineffective, "it came back as it was sent"), tried("2", guards.Inconclusive, "you have no right to it"),
	}
	f.WebhookProbe = guards.Result{Outcome: guards.Ineffective, Detail: "a policy that contradicts itself was let through: the webhook did not answer, or is not asked"}
	f.Certificates = []Certificate{{Name: "authority of webhook a", End: fixture.Day(9)}, {Name: "Secret b", End: fixture.Day(12)}}
	f.Clock.Server = fixture.Day(11)
	f.Kinds = f.Kinds[1:]
	f.Differences = []guards.Difference{
		{ID: guards.ID{Kind: guards.KindMutatingBinding, Name: "scalegate-hold-pods"}, Fault: guards.Missing},
		{ID: guards.ID{Kind: guards.KindValidatingPolicy, Name: "scalegate-admit-pods"}, Fault: guards.Changed, Field: "spec.validations[0].expression"},
	}
	f.Webhook = nil
	f.Lease.Spec.RenewTime = new(metav1.NewMicroTime(fixture.Day(10).Add(-time.Hour)))
	f.Policies = []v1alpha1.SafetyPolicy{policy(
		says(v1alpha1.ConditionGuarded, metav1.ConditionFalse, "GuardMissing", "MutatingAdmissionPolicyBinding scalegate-hold-pods is missing"),
		says(v1alpha1.ConditionCovered, metav1.ConditionUnknown, v1alpha1.ReasonCensusFailed, "counting went wrong"))}
	f.Namespaces["web"] = space("Enforced")
	f.Namespaces["lab"] = space("", v1alpha1.AnnotationExempt, " ")
	f.Namespaces["serving"] = space("enforced", clearance.Key("m1"), cleared(fixture.Day(9)))
	f.Census.Pods[census.Ungoverned] = 15
	for i := range 13 {
		f.Census.Namespaces = append(f.Census.Namespaces, census.Namespace{Name: fmt.Sprintf("lab-%02d", i), Pods: 1})
	}
	f.Census.Namespaces = append(f.Census.Namespaces, census.Namespace{Name: "serving", Pods: 2, Static: []string{"a", "b"}})
	f.Unclaimed = []Workload{
		{Namespace: "trial", Kind: "Deployment", Name: "old", Asks: "resource nvidia.com/gpu", Pods: 3},
		{Namespace: "serving", Kind: "StatefulSet", Name: "idle", Asks: "runtime class nvidia"},
	}
	f.Running = append(f.Running, Workload{Namespace: "trial", Kind: "Pod", Name: "p", Release: "m9", Pods: 1})
	r := fixture.Release("m2")
	r.Namespace = "trial"
	r.Status.Workloads = []v1alpha1.WorkloadStatus{
		{Kind: "Deployment", Name: "new", Reason: v1alpha1.ReasonWorkloadMismatch, Message: "container server: image: no artifact has the digest"},
		{Kind: "Deployment", Name: "good"},
	}
	f.Releases = []v1alpha1.ModelRelease{*r}
	f.Unread = map[Source]string{SourceRights: "you may not read " + string(SourceRights)}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", path, diff)
	}
}

func TestTranscripts(t *testing.T) {
	for name, tc := range map[string]struct {
		facts    *Facts
		wantCode int
	}{
		"healthy.txt":       {healthy(), 0},
		"sick.txt":          {healthy(sick), 2},
		"not-installed.txt": {&Facts{Now: fixture.Day(10), Program: "kubectl scalegate", Namespace: "serving", Namespaces: map[string]Namespace{"serving": {}}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := Examine(tc.facts)
			golden(t, name, r.Text())
			if r.ExitCode() != tc.wantCode {
				t.Errorf("code %d, want %d", r.ExitCode(), tc.wantCode)
			}
			for line := range strings.Lines(r.Text()) {
				if n := len([]rune(line)); n > page.Width+1 {
					t.Errorf("a line has %d columns: %s", n, line)
				}
			}
		})
	}
}

func TestChecks(t *testing.T) {
	lease := func(ago time.Duration) func(*Facts) {
		return func(f *Facts) { f.Lease.Spec.RenewTime = new(metav1.NewMicroTime(fixture.Day(10).Add(-ago))) }
	}
	policies := func(all ...v1alpha1.SafetyPolicy) func(*Facts) { return func(f *Facts) { f.Policies = all } }
	differs := func(fault guards.Fault) func(*Facts) {
		return func(f *Facts) {
			f.Differences = []guards.Difference{{ID: guards.ID{Kind: guards.KindValidatingPolicy, Name: "scalegate-x"}, Fault: fault}}
		}
	}
	namespace := func(name string, ns Namespace) func(*Facts) { return func(f *Facts) { f.Namespaces[name] = ns } }
	for name, tc := range map[string]struct {
		check  string
		change func(*Facts)
		want   Status
		say    string
	}{
		"a kind is not established":            {"kinds", func(f *Facts) { f.Kinds[9].Status.Conditions[0].Status = "False" }, Fail, "safetyevaluations.scalegate.dev is not served"},
		"a kind is not served in this version": {"kinds", func(f *Facts) { f.Kinds[3].Spec.Versions[0].Served = false }, Fail, "is not served as v1alpha1"},
		"a guard is missing":                   {"guards", differs(guards.Missing), Fail, "ValidatingAdmissionPolicy scalegate-x is missing"},
		"a guard was changed":                  {"guards", differs(guards.Changed), Fail, "was changed"},
		"somebody has a policy of our prefix":  {"guards", differs(guards.Unexpected), Warn, "is none of Scalegate's"},
		"the webhook has no certificate":       {"webhook", func(f *Facts) { f.Webhook.Webhooks[0].ClientConfig.CABundle = nil }, Warn, "no certificate"},
		"the webhook has no rules":             {"webhook", func(f *Facts) { f.Webhook.Webhooks = nil }, Warn, "no certificate"},
		"the lease is fresh":                   {"manager", lease(time.Minute), OK, "a manager acts"},
		"the lease is old":                     {"manager", lease(61 * time.Second), Fail, "renewed 1m1s ago"},
		"there is no lease":                    {"manager", func(f *Facts) { f.Lease = nil }, OK, "holds no lease"},
		"a policy changed since":               {"manager", policies(policy(func(p *v1alpha1.SafetyPolicy) { p.Generation++ })), Fail, "SafetyPolicy rsp was not looked at"},
		"a policy was never looked at":         {"manager", policies(policy(func(p *v1alpha1.SafetyPolicy) { p.Status.ObservedGeneration = new(int64(-1)) })), Fail, "SafetyPolicy rsp"},
		"there is neither lease nor policy":    {"manager", func(f *Facts) { f.Lease, f.Policies = nil, nil }, Warn, "neither"},
		"guards are not seen to act":           {"Guarded", policies(policy(says("Guarded", "False", "GuardIneffective", "a pod came back as it was sent"))), Fail, "a pod came back as it was sent"},
		"whether guards act is not known":      {"Guarded", policies(policy(says("Guarded", "Unknown", "GuardsUnknown", "why"))), Warn, "GuardsUnknown"},
		"a policy does not say":                {"Guarded", policies(policy(silent)), Warn, "no condition Guarded"},
		"one of two policies says False":       {"Covered", policies(policy(silent), policy(says("Covered", "False", "Ungoverned", "2, in lab"))), Warn, "2, in lab"},
		"there is no policy":                   {"Covered", policies(), Warn, "there is no SafetyPolicy"},
		"a guard does not act":                 {"ring 2", probing(tried("2", guards.Ineffective, "it was let through")), Fail, "a try of ring 2: it was let through (scalegate-2)"},
		"a guard cannot be tried":              {"ring 0", probing(tried("0", guards.Inconclusive, "you have no right to it")), Warn, "not known: of 1 tries 1 found nothing out"},
		"nothing was tried":                    {"own kinds", func(f *Facts) { f.Probes = f.Probes[:3] }, Warn, "not known: nothing was tried"},
		"what is allowed is told": {"ring 1", func(f *Facts) {
			f.Probes = append(f.Probes, guards.Result{Ring: "1", Claim: "something", Allowed: true, Detail: "you hold the verb ungate, to whom it is allowed"})
		}, OK, "something: you hold the verb ungate"},
		"only what is allowed":             {"ring 1", func(f *Facts) { f.Probes[1].Allowed = true }, Warn, "not known: nothing was tried"},
		"the webhook does not answer":      {"webhook call", func(f *Facts) { f.WebhookProbe = guards.Result{Outcome: guards.Ineffective, Detail: "let through"} }, Warn, "let through"},
		"the webhook cannot be tried":      {"webhook call", func(f *Facts) { f.WebhookProbe = guards.Result{Detail: "you have no right to it"} }, Warn, "not known: you have no right to it"},
		"a certificate ended":              {"certificates", func(f *Facts) { f.Certificates[0].End = fixture.Day(10) }, Fail, "authority of webhook a ended at"},
		"a certificate ends soon":          {"certificates", func(f *Facts) { f.Certificates[0].End = fixture.Day(20) }, Warn, "authority of webhook a ends at"},
		"no certificate can be read":       {"certificates", func(f *Facts) { f.Certificates = nil }, Warn, "not known"},
		"a kind has another schema":        {"schemas", func(f *Facts) { f.OtherSchemas = []string{"a.scalegate.dev"} }, Warn, "a.scalegate.dev has another schema"},
		"an old version is stored":         {"schemas", func(f *Facts) { f.Kinds[0].Status.StoredVersions = []string{"v1alpha0"} }, Warn, "stored in version v1alpha0"},
		"the clock is ahead":               {"clock", func(f *Facts) { f.Clock.Server = fixture.Day(10).Add(9 * time.Second) }, Warn, "9s apart"},
		"the clock is behind":              {"clock", func(f *Facts) { f.Clock.Server = fixture.Day(10).Add(-9 * time.Second) }, Warn, "8s apart"},
		"the clock is a second off":        {"clock", func(f *Facts) { f.Clock.Server = fixture.Day(10).Add(time.Second) }, OK, "agree"},
		"the clock is not known":           {"clock", func(f *Facts) { f.Clock = Clock{} }, Warn, "not known"},
		"a gate is misspelt":               {"gates", namespace("lab", space("on")), Fail, "lab: scalegate.dev/gate=on"},
		"nothing has a gate":               {"gates", func(f *Facts) { f.Namespaces = map[string]Namespace{"lab": space("")} }, Warn, "0 enforced"},
		"an exemption has no reason":       {"exemptions", namespace("lab", space("", v1alpha1.AnnotationExempt, "")), Warn, "lab gives no reason"},
		"an exemption is under a gate":     {"exemptions", namespace("lab", space("audited", v1alpha1.AnnotationExempt, "x")), Warn, "lab has a gate"},
		"a clearance is not ours":          {"uncleared", namespace("serving", space("enforced", clearance.Key("m1"), "yes")), Warn, "it is none of Scalegate's"},
		"a clearance ended just now":       {"uncleared", namespace("serving", space("enforced", clearance.Key("m1"), cleared(fixture.Day(10)))), Warn, "it ended at"},
		"a clearance is another release's": {"uncleared", namespace("serving", space("enforced", clearance.Key("m2"), cleared(fixture.Day(12)))), Warn, "serving: Deployment chat (4 pods of release m1: there is none)"},
		"what runs is only audited":        {"uncleared", namespace("serving", space("audited")), OK, ""},
		"an audited claim has no release":  {"audited", namespace("serving", space("audited")), Warn, "claims release m1, which does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			got := find(t, Examine(healthy(tc.change)), tc.check)
			if got.Status != tc.want || !strings.Contains(got.What+"\n"+strings.Join(got.Items, "\n"), tc.say) {
				t.Errorf("got %+v, want %s with %q", got, tc.want, tc.say)
			}
			if (got.Status == OK) != (got.Why == "" && got.Remedy == "") {
				t.Errorf("what is wrong comes with why and remedy, and only that: %+v", got)
			}
		})
	}
}

// TestWhatWasNotReadIsNotInOrder takes each source away from an installation that is well.
func TestWhatWasNotReadIsNotInOrder(t *testing.T) {
	for _, source := range []Source{
		SourceKinds, SourceGuards, SourceWebhook, SourceLease, SourcePolicies, SourceReleases, SourceNamespaces, SourcePods,
		SourceWorkloads, SourceRights,
	} {
		t.Run(string(source), func(t *testing.T) {
			r := Examine(healthy(func(f *Facts) { f.Unread = map[Source]string{source: "you may not read it"} }))
			if r.Count(Warn) == 0 || r.Count(Fail) > 0 {
				t.Errorf("%d to look at and %d failed", r.Count(Warn), r.Count(Fail))
			}
			for i := range r.Checks {
				if c := &r.Checks[i]; c.Status == Warn && c.What != "not looked at: you may not read it" {
					t.Errorf("%s: %s", c.Name, c.What)
				}
			}
		})
	}
}

func TestHealthyIsInOrder(t *testing.T) {
	r := Examine(healthy())
	for i := range r.Checks {
		if c := &r.Checks[i]; c.Status != OK {
			t.Errorf("%+v", c)
		}
	}
}
