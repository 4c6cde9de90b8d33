// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/guards"
)

// manager is whom the parameters name.
const manager = "system:serviceaccount:s:m"

// errBroken is what a broken connection says.
var errBroken = errors.New("connection refused")

// nest is a canary over one policy and its binding, on an API server without admission.
type nest struct {
	*Canary
	t *testing.T
	// now is the time, and results what the probes find.
	now     time.Time
	results []guards.Result
	// fails are errors by verb and kind, such as "list ValidatingAdmissionPolicyList".
	fails  map[string]error
	events []string
}

// Eventf writes an event down.
func (n *nest) Eventf(regarding, related runtime.Object, kind, reason, _, note string, args ...any) {
	about := ""
	if o, ok := related.(metav1.Object); ok {
		about = " " + o.GetName()
	}
	n.events = append(n.events, kind+" "+reason+about+": "+fmt.Sprintf(note, args...))
}

// Probe finds what the test says.
func (n *nest) Probe(context.Context, guards.Set) []guards.Result { return n.results }

func (n *nest) failing(verb string, o any) error {
	kind := fmt.Sprintf("%T", o)
	return n.fails[verb+" "+kind[strings.LastIndex(kind, ".")+1:]]
}

const manifests = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: scalegate-a}
spec:
  variables: [{name: controller, expression: "'nobody'"}]
  validations: [{expression: "true"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: scalegate-a}
spec: {policyName: scalegate-a, validationActions: [Deny]}
`

func parameters() *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "s", Name: guards.ParametersName},
		Data:       map[string]string{"controller": "'" + manager + "'"},
	}
}

func policy() *admissionv1.ValidatingAdmissionPolicy {
	return &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "scalegate-a"},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			Variables:   []admissionv1.Variable{{Name: "controller", Expression: "'" + manager + "'"}},
			Validations: []admissionv1.Validation{{Expression: "true"}},
		},
	}
}

func binding() *admissionv1.ValidatingAdmissionPolicyBinding {
	return &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "scalegate-a"},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: "scalegate-a", ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
		},
	}
}

var acts = []guards.Result{{Ring: "2", Claim: "a pod is held", Outcome: guards.Effective}}

func newNest(t *testing.T, mode Mode, objects ...client.Object) *nest {
	t.Helper()
	s := runtime.NewScheme()
	if err := errors.Join(scheme.AddToScheme(s), v1alpha1.AddToScheme(s)); err != nil {
		t.Fatal(err)
	}
	n := &nest{t: t, now: fixture.Day(1), results: acts, fails: map[string]error{}}
	p := fixture.Policy("rsp")
	p.Generation = 3
	mapper := meta.NewDefaultRESTMapper(nil)
	for gvk := range s.AllKnownTypes() {
		mapper.Add(gvk, meta.RESTScopeRoot)
	}
	api := fake.NewClientBuilder().WithScheme(s).WithRESTMapper(mapper).WithObjects(append(objects, p)...).WithStatusSubresource(p).
		WithInterceptorFuncs(interceptor.Funcs{
			Get: func(ctx context.Context, c client.WithWatch, k client.ObjectKey, o client.Object, opts ...client.GetOption) error {
				return cmpErr(n.failing("get", o), func() error { return c.Get(ctx, k, o, opts...) })
			},
			List: func(ctx context.Context, c client.WithWatch, l client.ObjectList, opts ...client.ListOption) error {
				return cmpErr(n.failing("list", l), func() error { return c.List(ctx, l, opts...) })
			},
			Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
				return cmpErr(n.fails["patch"], func() error { return c.Patch(ctx, o, p, opts...) })
			},
			Apply: func(ctx context.Context, c client.WithWatch, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
				return cmpErr(n.fails["apply"], func() error { return c.Apply(ctx, o, opts...) })
			},
		}).Build()
	n.Canary = &Canary{
		Client: api, Live: api, Events: n, Now: func() metav1.Time { return metav1.NewTime(n.now) },
		Mode: mode, Interval: 5 * time.Second, Parameters: types.NamespacedName{Namespace: "s", Name: guards.ParametersName},
		Manifests: fstest.MapFS{
			"kustomization.yaml": {Data: []byte("resources: [p.yaml, m.yaml]\n")},
			"p.yaml":             {Data: []byte("kind: ConfigMap\nmetadata: {name: scalegate-admission-parameters}\ndata: {controller: \"'default'\"}\n")},
			"m.yaml":             {Data: []byte(manifests)},
		},
		Identity: func(context.Context) (string, error) { return manager, n.fails["identity"] },
		Prober:   n, Metrics: NewMetrics(prometheus.NewRegistry()), Changed: make(chan event.GenericEvent, 1),
	}
	if err := n.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return n
}

func cmpErr(err error, otherwise func() error) error {
	if err != nil {
		return err
	}
	return otherwise()
}

// after lets time pass and has the canary look once.
func (n *nest) after(d time.Duration) time.Duration {
	n.now = n.now.Add(d)
	return n.Round(n.t.Context())
}

// condition is Guarded as the policy has it, as status and reason; empty for none.
func (n *nest) condition() (string, string) {
	n.t.Helper()
	p := &v1alpha1.SafetyPolicy{}
	if err := n.Get(n.t.Context(), client.ObjectKey{Name: "rsp"}, p); err != nil {
		n.t.Fatal(err)
	}
	c := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionGuarded)
	if c == nil {
		return "", ""
	}
	if c.ObservedGeneration != p.Generation {
		n.t.Errorf("the condition is about generation %d", c.ObservedGeneration)
	}
	return string(c.Status) + " " + c.Reason, c.Message
}

// want fails the test unless the condition, and what reconcilers are told, is so.
func (n *nest) want(condition, message string, inPlace bool) {
	n.t.Helper()
	got, text := n.condition()
	if got != condition || !strings.Contains(text, message) {
		n.t.Errorf("the condition is %q: %s; want %q with %q", got, text, condition, message)
	}
	if good, why := n.InPlace(); good != inPlace || good != (why == "") {
		n.t.Errorf("in place: %v (%q), want %v", good, why, inPlace)
	}
}

func TestNothingIsInPlaceBeforeTheFirstLook(t *testing.T) {
	n := newNest(t, Restore, parameters(), policy(), binding())
	n.want("", "", false)
	n.after(0)
	n.want("True GuardsInPlace", "2 admission objects", true)
	if len(n.events) > 0 {
		t.Errorf("events: %q", n.events)
	}
}

func TestWhatIsMissingIsPutBackAndTold(t *testing.T) {
	n := newNest(t, Restore, parameters(), binding())
	if next := n.after(0); next != restoringRound {
		t.Errorf("looks again after %s", next)
	}
	n.want("False GuardMissing", "ValidatingAdmissionPolicy scalegate-a is missing; since 2026-", false)
	n.want("False GuardMissing", "; put back; see "+runbook, false)
	restored := &admissionv1.ValidatingAdmissionPolicy{}
	if err := n.Get(t.Context(), client.ObjectKeyFromObject(policy()), restored); err != nil {
		t.Fatal(err)
	}
	if got := restored.Spec.Variables[0].Expression; got != "'"+manager+"'" {
		t.Errorf("the parameter is %s", got)
	}
	n.after(restoringRound)
	n.want("True GuardsInPlace", "", true)
	want := []string{"Warning GuardMissing scalegate-a", "Normal GuardsInPlace"}
	if got := reasons(n.events); !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", n.events, want)
	}
}

func reasons(events []string) []string {
	var some []string
	for _, e := range events {
		reason, _, _ := strings.Cut(e, ":")
		some = append(some, reason)
	}
	return some
}

func TestWhatWasAddedIsTakenOffAgain(t *testing.T) {
	changed := binding()
	changed.Spec.MatchResources = &admissionv1.MatchResources{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"no": "such"}}}
	n := newNest(t, Restore, parameters(), policy(), changed)
	n.after(0)
	n.want("False GuardChanged", "was changed at spec.matchResources", false)
	n.after(restoringRound)
	n.want("True GuardsInPlace", "", true)
	if err := n.Get(t.Context(), client.ObjectKeyFromObject(changed), changed); err != nil || changed.Spec.MatchResources != nil {
		t.Errorf("%v, %v", changed.Spec.MatchResources, err)
	}
}

func TestInReportModeNothingIsWritten(t *testing.T) {
	n := newNest(t, Report, parameters(), binding())
	for range 3 {
		if next := n.after(5 * time.Second); next != n.Interval {
			t.Errorf("looks again after %s", next)
		}
	}
	n.want("False GuardMissing", "left as it is, since the manager runs with --guards=report", false)
	if len(n.events) != 1 {
		t.Errorf("events: %q", n.events)
	}
	if err := n.Get(t.Context(), client.ObjectKeyFromObject(policy()), policy()); err == nil {
		t.Error("the policy is back")
	}
}

func TestOffDoesNotLookAndSaysSo(t *testing.T) {
	n := newNest(t, Off)
	n.after(0)
	n.want("Unknown GuardsNotWatched", "--guards=off", true)
	if len(n.events) > 0 {
		t.Errorf("events: %q", n.events)
	}
}

func TestWhatCannotBePutBackIsSaid(t *testing.T) {
	n := newNest(t, Restore, parameters(), policy())
	n.after(0)
	n.fails["apply"] = errBroken
	if err := n.Delete(t.Context(), policy()); err != nil {
		t.Fatal(err)
	}
	did, next := n.restore(t.Context(), []guards.Difference{{ID: guards.ID{Kind: guards.KindValidatingPolicy, Name: "scalegate-a"}, Fault: guards.Missing}})
	if !strings.HasPrefix(did, "1 of 1 could not be put back") || next != n.Interval {
		t.Errorf("%s; looks again after %s", did, next)
	}
}

func TestAGuardGetsTimeToActAfterItWasPutBack(t *testing.T) {
	n := newNest(t, Restore, parameters(), binding())
	n.after(0)
	n.results = []guards.Result{{Ring: "2", Claim: "a pod is held", Outcome: guards.Ineffective, Detail: "it was let through"}}
	if next := n.after(time.Second); next != settlingRound {
		t.Errorf("looks again after %s", next)
	}
	n.want("False GuardMissing", "put back", false)
	n.after(settling)
	n.want("False GuardIneffective", "a pod is held: it was let through", false)
	n.results = acts
	n.after(time.Second)
	n.want("True GuardsInPlace", "", true)
}

func TestAGuardThatStopsToActIsToldAtOnce(t *testing.T) {
	n := newNest(t, Restore, parameters(), policy(), binding())
	n.after(0)
	n.results = []guards.Result{{Ring: "2", Claim: "a pod is held", Outcome: guards.Ineffective, Detail: "it was let through"}}
	n.after(5 * time.Second)
	n.want("False GuardIneffective", "it was let through", false)
}

func TestWhatIsNotKnownIsInPlaceForAWhileOnly(t *testing.T) {
	for claim, row := range map[string]struct {
		fault   func(*nest)
		message string
	}{
		"the objects cannot be listed": {func(n *nest) {
			n.fails["list ValidatingAdmissionPolicyList"], n.fails["list PartialObjectMetadataList"] = errBroken, errBroken
		}, "could not be listed"},
		"the parameters are gone":         {func(n *nest) { must(n.t, n.Delete(n.t.Context(), parameters())) }, "does not exist: apply config/admission"},
		"the parameters cannot be read":   {func(n *nest) { n.fails["get ConfigMap"] = errBroken }, "could not be read"},
		"the parameters are no literals":  {func(n *nest) { n.parameter("request.userInfo.username") }, "neither a string"},
		"the parameters name another":     {func(n *nest) { n.parameter("'somebody'") }, "names \"somebody\" as the controller"},
		"nobody says who the manager is":  {func(n *nest) { n.fails["identity"] = errBroken }, "did not say who the manager is"},
		"the probes find no answer":       {func(n *nest) { n.results = []guards.Result{{Ring: "0", Claim: "c", Detail: "not reached"}} }, "not reached"},
		"the canary's namespace is gone":  {func(n *nest) { n.results = []guards.Result{{Ring: "0", Claim: "c", Detail: "apply config/canary"}} }, "apply config/canary"},
		"there is nothing to try at all ": {func(n *nest) { n.results = nil }, "nothing was looked at"},
	} {
		t.Run(claim, func(t *testing.T) {
			n := newNest(t, Restore, parameters(), policy(), binding())
			n.after(0)
			row.fault(n)
			n.after(5 * time.Second)
			n.want("True GuardsInPlace", "", true)
			n.after(25 * time.Second)
			n.want("True GuardsInPlace", "", true)
			n.after(time.Second)
			n.want("Unknown GuardsUnknown", row.message, false)
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// parameter changes the one parameter.
func (n *nest) parameter(value string) {
	cm := parameters()
	cm.Data["controller"] = value
	must(n.t, n.Update(n.t.Context(), cm))
}

func TestWithoutParametersNothingIsPutBack(t *testing.T) {
	n := newNest(t, Restore, policy())
	n.after(0)
	n.after(settling)
	n.want("Unknown GuardsUnknown", "apply config/admission", false)
	if err := n.Get(t.Context(), client.ObjectKeyFromObject(binding()), binding()); err == nil {
		t.Error("a binding was made")
	}
	if slices.ContainsFunc(n.events, func(e string) bool { return strings.Contains(e, v1alpha1.ReasonGuardUnexpected) }) {
		t.Errorf("what is ours was called unexpected: %q", n.events)
	}
}

func TestACanaryThatDoesNotLookIsNotBelieved(t *testing.T) {
	n := newNest(t, Restore, parameters(), policy(), binding())
	n.after(0)
	n.now = n.now.Add(31 * time.Second)
	if good, why := n.InPlace(); good || !strings.Contains(why, "not looked at lately") {
		t.Errorf("in place: %v (%q)", good, why)
	}
}

func TestAnObjectThatLooksLikeOursIsToldOfOnce(t *testing.T) {
	other := binding()
	other.Name = "scalegate-b"
	n := newNest(t, Restore, parameters(), policy(), binding(), other)
	for range 3 {
		n.after(5 * time.Second)
	}
	n.want("True GuardsInPlace", "ValidatingAdmissionPolicyBinding scalegate-b is none of Scalegate's", true)
	if got := reasons(n.events); !slices.Equal(got, []string{"Warning GuardUnexpected scalegate-b"}) {
		t.Errorf("events: %q", n.events)
	}
}

func TestAnUnchangedConditionIsNotWritten(t *testing.T) {
	n := newNest(t, Restore, parameters(), policy(), binding())
	n.after(0)
	before := &v1alpha1.SafetyPolicy{}
	must(t, n.Get(t.Context(), client.ObjectKey{Name: "rsp"}, before))
	n.after(5 * time.Second)
	after := &v1alpha1.SafetyPolicy{}
	must(t, n.Get(t.Context(), client.ObjectKey{Name: "rsp"}, after))
	if before.ResourceVersion != after.ResourceVersion {
		t.Error("the policy was written again")
	}
}

// A manager that starts anew finds a condition that is right already, and still has to wake what waits.
func TestWhatWaitsIsWokenWhenTheGuardsAreInPlace(t *testing.T) {
	n := newNest(t, Restore, parameters(), policy(), binding())
	n.after(0)
	if len(n.Changes()) != 1 {
		t.Error("nobody was woken after the first look")
	}
	n.after(5 * time.Second)
	<-n.Changes()
	n.after(5 * time.Second)
	if len(n.Changes()) != 0 {
		t.Error("woken though nothing changed")
	}
	must(t, n.Delete(t.Context(), policy()))
	n.after(5 * time.Second)
	if len(n.Changes()) != 0 {
		t.Error("woken though a guard is missing")
	}
	n.after(restoringRound)
	if len(n.Changes()) != 1 {
		t.Error("nobody was woken after a guard came back")
	}
}
