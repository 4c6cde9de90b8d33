// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// waitingWorld is a namespace in which evidence has come and a Deployment with a pod waits for it.
func waitingWorld() []client.Object {
	return []client.Object{
		governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"),
		heldDeployment(), replicaSet(), running(waits),
	}
}

// served is a namespace in which a pod serves under a clearance, with what is known about its release.
func served(evidence ...client.Object) []client.Object {
	return append([]client.Object{
		governed(v1alpha1.GateEnforced, clearance.Key("m1"), standing().String()), demanding(), release(),
		replicaSet(), running(),
	}, evidence...)
}

// standing is the clearance that served has.
func standing() clearance.Clearance {
	return clearance.Clearance{
		End: fixture.Day(8), Exposure: "General", Mode: clearance.Free,
		Owners:  []types.UID{fixture.UID("d-1")},
		Digests: []string{fixture.SHA256("server m1"), fixture.SHA256("weights m1")},
		Since:   fixture.Day(1),
	}
}

// hasClearance tells what the namespace holds for the release.
func (c *cluster) hasClearance() (string, bool) {
	c.t.Helper()
	value, ok := read(c, governed("")).Annotations[clearance.Key("m1")]
	return value, ok
}

func conflict() error {
	return apierrors.NewConflict(schema.GroupResource{}, "x", errors.New("it was changed"))
}

func missing() error { return apierrors.NewNotFound(schema.GroupResource{}, "x") }

func TestReconcileReleases(t *testing.T) {
	objects := waitingWorld()
	objects[0] = governed(v1alpha1.GateEnforced, clearance.Key("other"), "kept")
	c := newCluster(t, objects...)
	got := c.mustReconcile()
	c.wantLog("patch Namespace serving", "patch Deployment d", "patch Pod p", "apply ModelRelease m1",
		"event Released ModelRelease m1", "event ExposureChanged ModelRelease m1", "event Released Deployment d")

	annotations := read(c, governed("")).Annotations
	want := standing()
	if annotations[clearance.Key("m1")] != want.String() || annotations[clearance.Key("other")] != "kept" {
		t.Errorf("annotations = %v", annotations)
	}
	dep := read(c, &appsv1.Deployment{ObjectMeta: stored("d")})
	if dep.Spec.Paused || len(dep.Annotations) > 0 {
		t.Errorf("paused %v, annotations %v", dep.Spec.Paused, dep.Annotations)
	}
	pod := read(c, &corev1.Pod{ObjectMeta: stored("p")})
	if diff := cmp.Diff([]corev1.PodSchedulingGate{{Name: "example.com/quota"}}, pod.Spec.SchedulingGates); diff != "" {
		t.Errorf("gates (-want +got):\n%s", diff)
	}
	if r := read(c, release()); r.Status.GrantedExposure != "General" || !r.Status.ClearedUntil.Time.Equal(want.End) {
		t.Errorf("status = %+v", r.Status)
	}
	if got.RequeueAfter <= 0 || got.RequeueAfter > 7*24*time.Hour/2 {
		t.Errorf("looks again after %v, and the clearance lives for a week", got.RequeueAfter)
	}
	c.log = nil
	c.mustReconcile()
	c.mustReconcile()
	c.wantLog()
}

// A Deployment that its author had paused stays paused.
func TestReconcileKeepsAPause(t *testing.T) {
	dep := heldDeployment()
	dep.Annotations[v1alpha1.AnnotationHeld] = v1alpha1.HeldPaused
	c := newCluster(t, governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"), dep)
	c.mustReconcile()
	if dep := read(c, &appsv1.Deployment{ObjectMeta: stored("d")}); !dep.Spec.Paused || len(dep.Annotations) > 0 {
		t.Errorf("paused %v, annotations %v", dep.Spec.Paused, dep.Annotations)
	}
}

// Whatever read fails, nothing is decided and nothing is written.
func TestReconcileDecidesNothingOnAFailedRead(t *testing.T) {
	opening := []string{
		"cached get ModelRelease m1", "cached get SafetyPolicy rsp", "cached list SafetyEvaluationList", "cached list AdverseFindingList",
		"cached get Namespace serving", "cached list DeploymentList", "cached list ReplicaSetList", "cached list PodList",
		"cached list MutatingWebhookConfigurationList", "cached list MutatingAdmissionPolicyList",
		"get ModelRelease m1", "get SafetyPolicy rsp", "list SafetyEvaluationList", "list AdverseFindingList",
		"get Deployment d", "get ReplicaSet d-1", "get Pod p",
	}
	for _, call := range opening {
		t.Run("opening: "+call, func(t *testing.T) {
			c := newCluster(t, waitingWorld()...)
			c.fails[call] = errBroken
			if _, err := c.reconcile(); !errors.Is(err, errBroken) {
				t.Errorf("error = %v", err)
			}
			c.wantLog()
		})
	}
	for _, call := range opening[:len(opening)-3] {
		t.Run("closing: "+call, func(t *testing.T) {
			c := newCluster(t, served(result("0.9"))...)
			c.fails[call] = errBroken
			if _, err := c.reconcile(); !errors.Is(err, errBroken) {
				t.Errorf("error = %v", err)
			}
			c.wantLog()
		})
	}
}

// lag is a cache that lags behind the API server, and what comes of it.
type lag struct {
	cache, api []client.Object
	wantLog    []string
	// want is the clearance.
	want string
}

func (l lag) check(t *testing.T) {
	t.Helper()
	c := newCluster(t, l.api...).lagging(l.cache...)
	c.mustReconcile()
	c.wantLog(l.wantLog...)
	if got, _ := c.hasClearance(); got != l.want {
		t.Errorf("clearance = %q, want %q", got, l.want)
	}
}

// What the API server says of policy, release and evidence wins over what the cache says.
func TestReconcileBelievesTheAPIServer(t *testing.T) {
	for sentence, test := range map[string]lag{
		"the evidence is gone, so nothing is opened": {
			cache: waitingWorld(), api: slices.DeleteFunc(waitingWorld(), func(o client.Object) bool { return o.GetName() == "e1" }),
			wantLog: []string{"apply ModelRelease m1", "event EvidenceMissing ModelRelease m1", "note Pod p"},
		},
		"the release is gone, so nothing is opened": {
			cache: waitingWorld(), api: slices.DeleteFunc(waitingWorld(), func(o client.Object) bool { return o.GetName() == "m1" }),
			wantLog: []string{"note Pod p"},
		},
		"the policy is gone, so nothing is opened": {
			cache: waitingWorld(), api: slices.DeleteFunc(waitingWorld(), func(o client.Object) bool { return o.GetName() == "rsp" }),
			wantLog: []string{"apply ModelRelease m1", "event PolicyNotFound ModelRelease m1", "note Pod p"},
		},
		"the evidence is there, so nothing is withdrawn": {
			cache: served(), api: served(result("0.1")), want: standing().String(),
			wantLog: []string{"apply ModelRelease m1", "event Released ModelRelease m1", "event ExposureChanged ModelRelease m1"},
		},
		"the release is there, so nothing is withdrawn": {
			cache: slices.DeleteFunc(served(result("0.1")), func(o client.Object) bool { return o.GetName() == "m1" }),
			api:   served(result("0.1")), want: standing().String(),
			wantLog: []string{"apply ModelRelease m1", "event Released ModelRelease m1", "event ExposureChanged ModelRelease m1"},
		},
		"the result is another, so nothing is removed": {
			cache: served(result("0.9")), api: served(result("0.1")), want: standing().String(),
			wantLog: []string{"apply ModelRelease m1", "event Released ModelRelease m1", "event ExposureChanged ModelRelease m1"},
		},
	} {
		t.Run(sentence, test.check)
	}
}

// So does what it says of workloads.
func TestReconcileExaminesLive(t *testing.T) {
	changed := func(o client.Object) client.Object { o.SetResourceVersion("998"); return o }
	another := func(o client.Object) client.Object { o.SetUID("another"); return o }
	edited := func(o client.Object) client.Object { o.SetGeneration(2); return o }
	counted := standing()
	counted.Mode, counted.Owners = clearance.Counted, nil
	for sentence, test := range map[string]lag{
		"the ReplicaSet runs something else, so it is not cleared": {
			cache: []client.Object{governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"), replicaSet()},
			api:   []client.Object{governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"), replicaSet(otherImage)},
			want:  counted.String(),
			wantLog: []string{
				"patch Namespace serving", "apply ModelRelease m1", "event Released ModelRelease m1", "event ExposureChanged ModelRelease m1",
			},
		},
		"the ReplicaSet is another of that name, so it is not cleared": {
			cache: []client.Object{governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"), replicaSet()},
			api:   []client.Object{governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"), another(replicaSet())},
			want:  counted.String(),
			wantLog: []string{
				"patch Namespace serving", "apply ModelRelease m1", "event Released ModelRelease m1", "event ExposureChanged ModelRelease m1",
			},
		},
		"the ReplicaSet was edited since, so it is not cleared": {
			cache: []client.Object{governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"), replicaSet()},
			api:   []client.Object{governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"), edited(replicaSet())},
			want:  counted.String(),
			wantLog: []string{
				"patch Namespace serving", "apply ModelRelease m1", "event Released ModelRelease m1", "event ExposureChanged ModelRelease m1",
			},
		},
		"Deployment and pod were changed since, so they stay held": {
			cache: []client.Object{
				governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"),
				changed(heldDeployment()), changed(running(waits)),
			},
			api: []client.Object{
				governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"), heldDeployment(), running(waits),
			},
			want: counted.String(),
			wantLog: []string{
				"patch Namespace serving", "apply ModelRelease m1", "event NotLookedAt ModelRelease m1", "event ExposureChanged ModelRelease m1", "note Pod p",
			},
		},
		"the pod that was to be removed is another of that name, and stays": {
			cache: []client.Object{governed(v1alpha1.GateEnforced), demanding(), release(), result("0.9"), running()},
			api:   []client.Object{governed(v1alpha1.GateEnforced), demanding(), release(), result("0.9"), another(running())},
			wantLog: []string{
				"create AdverseFinding " + findingName(t), "apply AdverseFinding " + findingName(t), "delete Pod p",
				"apply ModelRelease m1", "event AdverseFinding ModelRelease m1",
			},
		},
	} {
		t.Run(sentence, test.check)
	}
}

// findingName is the name of the finding that the result "0.9" gives.
func findingName(t *testing.T) string {
	t.Helper()
	findings := gate.Decide(gate.Input{
		Now: now().Time, Release: release(), Policy: demanding(), Evaluations: []v1alpha1.SafetyEvaluation{*result("0.9")},
	}).NewFindings
	if len(findings) != 1 {
		t.Fatalf("%d findings", len(findings))
	}
	return findings[0].Name
}

func TestReconcileOpensNothingBehindAFailedClearance(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	c.fails["patch Namespace serving"] = errBroken
	if _, err := c.reconcile(); !errors.Is(err, errBroken) {
		t.Errorf("error = %v", err)
	}
	c.wantLog("patch Namespace serving", "apply ModelRelease m1",
		"event EnforcementError ModelRelease m1", "event ExposureChanged ModelRelease m1")
	if !read(c, &appsv1.Deployment{ObjectMeta: stored("d")}).Spec.Paused {
		t.Error("the hold was lifted")
	}
	status := read(c, release()).Status
	enforced := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionEnforced)
	if enforced.Reason != v1alpha1.ReasonEnforcementError || strings.Contains(enforced.Message, errBroken.Error()) || status.ClearedUntil != nil {
		t.Errorf("enforced %+v until %v", enforced, status.ClearedUntil)
	}
}

func TestReconcileLeavesWhatChanged(t *testing.T) {
	for sentence, test := range map[string]struct {
		fails   map[string]error
		wantErr error
		wantLog []string
	}{
		"a conflict is no error, and the event of the change brings us back": {
			fails:   map[string]error{"patch Deployment d": conflict(), "patch Pod p": conflict()},
			wantLog: []string{"event Released ModelRelease m1", "event ExposureChanged ModelRelease m1"},
		},
		"what is gone is no error": {
			fails:   map[string]error{"patch Deployment d": missing(), "patch Pod p": missing()},
			wantLog: []string{"event Released ModelRelease m1", "event ExposureChanged ModelRelease m1"},
		},
		"another error is one, and does not keep the rest from being done": {
			fails: map[string]error{"patch Deployment d": errBroken}, wantErr: errBroken,
			wantLog: []string{"event EnforcementError ModelRelease m1", "event ExposureChanged ModelRelease m1"},
		},
		"an error at a pod is one too": {
			fails: map[string]error{"patch Pod p": errBroken}, wantErr: errBroken,
			wantLog: []string{
				"event EnforcementError ModelRelease m1", "event ExposureChanged ModelRelease m1", "event Released Deployment d",
			},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, waitingWorld()...)
			maps.Copy(c.fails, test.fails)
			if _, err := c.reconcile(); !errors.Is(err, test.wantErr) {
				t.Errorf("error = %v", err)
			}
			c.wantLog(append([]string{"patch Namespace serving", "patch Deployment d", "patch Pod p", "apply ModelRelease m1"}, test.wantLog...)...)
		})
	}
}

// Events tell what the status tells, and only after it does.
func TestReconcileTellsAfterTheStatus(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	c.fails["apply ModelRelease m1"] = errBroken
	if _, err := c.reconcile(); !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "reporting on ModelRelease serving/m1") {
		t.Errorf("error = %v", err)
	}
	c.wantLog("patch Namespace serving", "patch Deployment d", "patch Pod p", "apply ModelRelease m1")
}

// Where something that is not trusted may change pods, they are opened one by one.
func TestReconcileBehindAMutator(t *testing.T) {
	hook := &admissionv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "injector"},
		Webhooks: []admissionv1.MutatingWebhook{{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced}},
			Rules: []admissionv1.RuleWithOperations{{
				Operations: []admissionv1.OperationType{admissionv1.Create},
				Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
		}},
	}
	for sentence, test := range map[string]struct {
		trusted []string
		want    clearance.Mode
		reason  string
	}{
		"untrusted": {nil, clearance.Counted, v1alpha1.ReasonUntrustedMutator},
		"trusted":   {[]string{"injector"}, clearance.Free, v1alpha1.ReasonEnforced},
	} {
		t.Run(sentence, func(t *testing.T) {
			objects := waitingWorld()
			objects[1] = demanding(func(p *v1alpha1.SafetyPolicy) { p.Spec.TrustedMutators = test.trusted })
			c := newCluster(t, append(objects, hook)...)
			c.mustReconcile()
			value, _ := c.hasClearance()
			if have, err := clearance.Parse(value); err != nil || have.Mode != test.want {
				t.Errorf("clearance = %s, %v", value, err)
			}
			if !slices.Contains(c.log, "patch Pod p") {
				t.Errorf("the pod is not opened: %q", c.log)
			}
			conditions := read(c, release()).Status.Conditions
			if e := meta.FindStatusCondition(conditions, v1alpha1.ConditionEnforced); e.Reason != test.reason || !meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady) {
				t.Errorf("conditions = %+v", conditions)
			}
		})
	}
}

// What does not match stays held, and the status names the field.
func TestReconcileHoldsAMismatch(t *testing.T) {
	c := newCluster(t, governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"),
		heldDeployment(otherImage), running(waits, func(p *corev1.Pod) { p.Spec.HostNetwork = true }))
	c.mustReconcile()
	c.wantLog("patch Namespace serving", "apply ModelRelease m1",
		"event WorkloadMismatch ModelRelease m1", "event ExposureChanged ModelRelease m1", "note Pod p")
	status := read(c, release()).Status
	if len(status.Workloads) != 2 || status.Workloads[0].Reason != v1alpha1.ReasonWorkloadMismatch ||
		!strings.Contains(status.Workloads[0].Message, "spec.containers[server].image") {
		t.Errorf("workloads = %+v", status.Workloads)
	}
	if stalled := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionStalled); stalled == nil || stalled.Reason != v1alpha1.ReasonWorkloadMismatch {
		t.Errorf("conditions = %+v", status.Conditions)
	}
}
