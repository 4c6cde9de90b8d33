// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/guards"
)

// told are the samples of what a cluster of the objects shows, as NAME{label=value,...} VALUE, without those of the names.
func told(t *testing.T, reader client.Reader) []string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(NewState(reader, logr.Discard())); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var labels []string
			for _, label := range m.GetLabel() {
				labels = append(labels, label.GetName()+"="+label.GetValue())
			}
			all = append(all, fmt.Sprintf("%s{%s} %v", strings.TrimPrefix(family.GetName(), "scalegate_"), strings.Join(labels, ","), m.GetGauge().GetValue()))
		}
	}
	return all
}

func clusterOf(t *testing.T, objects ...client.Object) client.WithWatch {
	t.Helper()
	s := runtime.NewScheme()
	if err := errors.Join(scheme.AddToScheme(s), v1alpha1.AddToScheme(s)); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(s).WithObjects(objects...).Build()
}

func at(day int) metav1.Time { return metav1.NewTime(fixture.Day(day)) }

// unix is a day as a metric tells it.
func unix(day int) string { return fmt.Sprint(float64(fixture.Day(day).Unix())) }

// standingOf gives a release its conditions: what Ready says, and Stalled or Reconciling beside it.
func standingOf(day int, status metav1.ConditionStatus, reason, beside string) func(*v1alpha1.ModelRelease) {
	return func(r *v1alpha1.ModelRelease) {
		r.CreationTimestamp = at(1)
		r.Status.ObservedGeneration = new(r.Generation)
		r.Status.Conditions = []metav1.Condition{
			{Type: v1alpha1.ConditionReady, Status: status, Reason: reason, LastTransitionTime: at(day)},
			{Type: v1alpha1.ConditionEnforced, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonEnforced, LastTransitionTime: at(day)},
		}
		if beside != "" {
			r.Status.Conditions = append(r.Status.Conditions, metav1.Condition{Type: beside, Status: metav1.ConditionTrue, Reason: reason, LastTransitionTime: at(day)})
		}
	}
}

func TestReleases(t *testing.T) {
	tests := map[string]struct {
		release *v1alpha1.ModelRelease
		want    []string
	}{
		"a release that is Ready tells what it is granted and when that ends": {
			fixture.Release("m1", standingOf(2, metav1.ConditionTrue, v1alpha1.ReasonReleased, ""), func(r *v1alpha1.ModelRelease) {
				r.Status.GrantedExposure, r.Status.RequiredLevel, r.Status.EvidenceEndTime = "General", "ASL-3", new(at(9))
				r.Status.Requirements = []v1alpha1.RequirementStatus{{Name: "a", State: v1alpha1.RequirementMet}, {Name: "b", State: v1alpha1.RequirementMet}}
			}),
			[]string{
				"evidence_end_timestamp_seconds{namespace=serving,policy=rsp,release=m1} " + unix(9),
				"release_info{exposure=General,granted=General,level=ASL-3,namespace=serving,policy=rsp,release=m1} 1",
				"release_requirements{namespace=serving,release=m1,state=Met} 2",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Ready} 1",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Stalled} 0",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Unseen} 0",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Waiting} 0",
			},
		},
		"one that waits tells since when and why": {
			fixture.Release("m1", standingOf(3, metav1.ConditionFalse, v1alpha1.ReasonEvidenceMissing, v1alpha1.ConditionReconciling)),
			[]string{
				"release_info{exposure=General,granted=none,level=ASL-2,namespace=serving,policy=rsp,release=m1} 1",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Ready} 0",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Stalled} 0",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Unseen} 0",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Waiting} 1",
				"release_waiting_since_timestamp_seconds{level=ASL-2,namespace=serving,policy=rsp,reason=EvidenceMissing,release=m1,state=Waiting} " + unix(3),
			},
		},
		"one that is stalled for a reason that nobody documented says Other": {
			fixture.Release("m1", standingOf(3, metav1.ConditionFalse, "Whatever", v1alpha1.ConditionStalled)),
			[]string{
				"release_info{exposure=General,granted=none,level=ASL-2,namespace=serving,policy=rsp,release=m1} 1",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Ready} 0",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Stalled} 1",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Unseen} 0",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Waiting} 0",
				"release_waiting_since_timestamp_seconds{level=ASL-2,namespace=serving,policy=rsp,reason=Other,release=m1,state=Stalled} " + unix(3),
			},
		},
		"one that nobody looked at waits since it was made": {
			fixture.Release("m1", func(r *v1alpha1.ModelRelease) { r.CreationTimestamp = at(1) }),
			[]string{
				"release_info{exposure=General,granted=none,level=ASL-2,namespace=serving,policy=rsp,release=m1} 1",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Ready} 0",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Stalled} 0",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Unseen} 1",
				"release_state{namespace=serving,policy=rsp,release=m1,state=Waiting} 0",
				"release_waiting_since_timestamp_seconds{level=ASL-2,namespace=serving,policy=rsp,reason=NotLookedAt,release=m1,state=Unseen} " + unix(1),
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := slices.DeleteFunc(told(t, clusterOf(t, tt.release)), func(line string) bool {
				return !strings.HasPrefix(line, "release_") && !strings.HasPrefix(line, "evidence_")
			})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("metrics (-want +got):\n%s", diff)
			}
		})
	}
}

// pod is a held pod that an owner of a kind made.
func pod(name, owner, reason string, day int) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "serving", Name: name, CreationTimestamp: at(day), Labels: map[string]string{v1alpha1.LabelRelease: "m1"}},
		Spec:       corev1.PodSpec{SchedulingGates: []corev1.PodSchedulingGate{{Name: v1alpha1.SchedulingGate}}},
	}
	if reason != "" {
		p.Annotations = map[string]string{v1alpha1.AnnotationHoldReason: reason}
	}
	if owner != "" {
		p.OwnerReferences = []metav1.OwnerReference{{Kind: owner, Name: "owner", Controller: new(true)}}
	}
	return p
}

func TestHolds(t *testing.T) {
	held := map[string]string{v1alpha1.AnnotationHeld: v1alpha1.HeldResume}
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: "serving", Name: name, Annotations: held}
	}
	running := pod("e", "ReplicaSet", "", 1)
	running.Spec.SchedulingGates = nil
	workloads := func(r *v1alpha1.ModelRelease) {
		for _, w := range [][3]string{
			{"Deployment", "paused", "EvidenceMissing"}, {"StatefulSet", "db", "EvidenceMissing"}, {"Job", "batch", "EvidenceMissing"},
			{"DaemonSet", "each", "AboveCeiling"}, {"Deployment", "ceiling", "AboveCeiling"}, {"Deployment", "free", ""}, {"Imaginary", "x", "AboveCeiling"},
			{"LeaderWorkerSet", "group", "EvidenceMissing"},
		} {
			r.Status.Workloads = append(r.Status.Workloads, v1alpha1.WorkloadStatus{Kind: w[0], Name: w[1], Reason: w[2]})
		}
	}
	audited := fixture.Release("m2", standingOf(5, metav1.ConditionFalse, v1alpha1.ReasonAudited, v1alpha1.ConditionReconciling), workloads)
	audited.Status.Conditions[1].Reason = v1alpha1.ReasonAudited
	canary := pod("canary", "", "InvalidSpec: see the release", 2)
	canary.Namespace = guards.Canary
	stray := fixture.Release("m1", standingOf(5, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec, v1alpha1.ConditionStalled), workloads)
	stray.Namespace = guards.Canary
	got := told(t, clusterOf(t, canary, stray,
		fixture.Release("m1", standingOf(5, metav1.ConditionFalse, v1alpha1.ReasonEvidenceMissing, v1alpha1.ConditionReconciling), workloads), audited,
		pod("a", "ReplicaSet", "EvidenceMissing: see modelrelease m1", 6), pod("b", "ReplicaSet", "EvidenceMissing: see modelrelease m1", 7),
		pod("c", "", "", 8), pod("d", "Surprise", "my own words: x", 9), running,
		&appsv1.Deployment{ObjectMeta: meta("paused"), Status: appsv1.DeploymentStatus{Conditions: []appsv1.DeploymentCondition{
			{Type: appsv1.DeploymentProgressing, Reason: "DeploymentPaused", LastTransitionTime: at(4)},
		}}},
		&appsv1.StatefulSet{ObjectMeta: meta("db")},
		&batchv1.Job{ObjectMeta: meta("batch"), Status: batchv1.JobStatus{Conditions: []batchv1.JobCondition{
			{Type: batchv1.JobSuspended, Status: corev1.ConditionTrue, LastTransitionTime: at(3)},
		}}},
		&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "serving", Name: "ceiling"}},
	))
	got = slices.DeleteFunc(got, func(line string) bool { return !strings.Contains(line, "held") })
	want := []string{
		"held_pods{kind=Other,namespace=serving,reason=Other} 1",
		"held_pods{kind=Pod,namespace=serving,reason=NotLookedAt} 1",
		"held_pods{kind=ReplicaSet,namespace=serving,reason=EvidenceMissing} 2",
		"pod_held_since_timestamp_seconds{kind=Other,namespace=serving,pod=d,reason=Other,release=m1} " + unix(9),
		"pod_held_since_timestamp_seconds{kind=Pod,namespace=scalegate-canary,pod=canary,reason=Canary,release=m1} " + unix(2),
		"pod_held_since_timestamp_seconds{kind=Pod,namespace=serving,pod=c,reason=NotLookedAt,release=m1} " + unix(8),
		"pod_held_since_timestamp_seconds{kind=ReplicaSet,namespace=serving,pod=a,reason=EvidenceMissing,release=m1} " + unix(6),
		"pod_held_since_timestamp_seconds{kind=ReplicaSet,namespace=serving,pod=b,reason=EvidenceMissing,release=m1} " + unix(7),
		"workload_held_since_timestamp_seconds{kind=DaemonSet,mechanism=SchedulingGate,namespace=serving,reason=AboveCeiling,release=m1,workload=each} " + unix(5),
		"workload_held_since_timestamp_seconds{kind=Deployment,mechanism=Pause,namespace=serving,reason=EvidenceMissing,release=m1,workload=paused} " + unix(4),
		"workload_held_since_timestamp_seconds{kind=Deployment,mechanism=SchedulingGate,namespace=serving,reason=AboveCeiling,release=m1,workload=ceiling} " + unix(5),
		"workload_held_since_timestamp_seconds{kind=Job,mechanism=Suspend,namespace=serving,reason=EvidenceMissing,release=m1,workload=batch} " + unix(3),
		"workload_held_since_timestamp_seconds{kind=LeaderWorkerSet,mechanism=Partition,namespace=serving,reason=EvidenceMissing,release=m1,workload=group} " + unix(5),
		"workload_held_since_timestamp_seconds{kind=StatefulSet,mechanism=Partition,namespace=serving,reason=EvidenceMissing,release=m1,workload=db} " + unix(5),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func TestWithdrawals(t *testing.T) {
	lost := func(cause v1alpha1.WithdrawalCause, severity v1alpha1.RevocationSeverity) *v1alpha1.Withdrawal {
		return &v1alpha1.Withdrawal{Cause: cause, Severity: severity, Exposure: "General", Time: at(2)}
	}
	until := func(w *v1alpha1.Withdrawal, day int) *v1alpha1.Withdrawal {
		w.GraceEndTime = new(at(day))
		return w
	}
	gone := lost(v1alpha1.WithdrawalAdverse, "")
	gone.EnforcedTime = new(at(3))
	tests := map[string]struct {
		status v1alpha1.ModelReleaseStatus
		want   *metav1.Time
	}{
		"nothing was lost":                               {},
		"a finding has it go at once":                    {v1alpha1.ModelReleaseStatus{Withdrawal: lost(v1alpha1.WithdrawalAdverse, "")}, new(at(2))},
		"so does a critical revocation":                  {v1alpha1.ModelReleaseStatus{Withdrawal: lost(v1alpha1.WithdrawalRevoked, v1alpha1.RevocationCritical)}, new(at(2))},
		"what lapsed goes after its grace":               {v1alpha1.ModelReleaseStatus{Withdrawal: until(lost(v1alpha1.WithdrawalLapsed, ""), 9)}, new(at(9))},
		"what is kept is not due":                        {v1alpha1.ModelReleaseStatus{Withdrawal: lost(v1alpha1.WithdrawalAbsent, "")}, nil},
		"what is being removed was due when it was lost": {v1alpha1.ModelReleaseStatus{Withdrawal: lost(v1alpha1.WithdrawalLapsed, ""), Removal: &v1alpha1.RemovalStatus{}}, new(at(2))},
		"what is gone is not due any more":               {v1alpha1.ModelReleaseStatus{Withdrawal: gone}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, dueOf(&tt.status)); diff != "" {
				t.Errorf("due (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWaiversFindingsAndSpace(t *testing.T) {
	waiver := func(name, release, ready string) *v1alpha1.ReleaseWaiver {
		w := &v1alpha1.ReleaseWaiver{ObjectMeta: metav1.ObjectMeta{Namespace: "serving", Name: name}}
		w.Spec.Release, w.Spec.EndTime = release, at(7)
		w.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionStatus(ready)}}
		return w
	}
	late := waiver("late", "m1", "False")
	late.Spec.Path = v1alpha1.WaiverBreakGlass
	late.Status.Conditions = append(late.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionReviewed, Reason: v1alpha1.ReasonReviewOverdue})
	resolved := &v1alpha1.AdverseFinding{ObjectMeta: metav1.ObjectMeta{Name: "f2"}}
	resolved.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionResolved, Status: metav1.ConditionTrue}}
	got := told(t, clusterOf(t, fixture.Release("m1"), waiver("w", "m1", "True"), waiver("stray", "another", "True"), late,
		&v1alpha1.AdverseFinding{ObjectMeta: metav1.ObjectMeta{Name: "f1"}}, resolved,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: "serving", Labels: map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced}, Annotations: map[string]string{clearance.Key("m1"): "0123456789", "other": "x"},
		}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "web"}},
	))
	got = slices.DeleteFunc(got, func(line string) bool { return strings.HasPrefix(line, "release_") })
	want := []string{
		"adverse_findings{state=Resolved} 1",
		"adverse_findings{state=Standing} 1",
		fmt.Sprintf("clearance_bytes{namespace=serving} %d", len(clearance.Key("m1"))+10),
		"clearance_limit_bytes{} 32768",
		"collection_success{} 1",
		"namespaces{gate=audited} 0",
		"namespaces{gate=enforced} 1",
		"waiver_end_timestamp_seconds{namespace=serving,path=Standard,policy=rsp,release=m1,waiver=w} " + unix(7),
		"waiver_reviews_overdue{policy=rsp} 1",
		"waivers_active{path=Standard,policy=rsp} 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// What cannot be read is told as such, and leaves the metrics of others alone.
func TestAFailedReadLeavesTheRestOut(t *testing.T) {
	broken := interceptor.NewClient(clusterOf(t, fixture.Release("m1")), interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			if _, pods := list.(*corev1.PodList); pods {
				return errors.New("the cache has not synced")
			}
			return c.List(ctx, list, options...)
		},
	})
	if diff := cmp.Diff([]string{"collection_success{} 0"}, told(t, broken)); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// However many pods are held, and whatever people write on them, the number of series stays bounded.
func TestTheNumberOfSeriesIsBounded(t *testing.T) {
	var objects []client.Object
	for i := range podsNamed + 500 {
		p := pod(fmt.Sprintf("p%05d", i), fmt.Sprintf("Kind%d", i), fmt.Sprintf("Reason%d: x", i), 2)
		objects = append(objects, p)
	}
	lines := told(t, clusterOf(t, objects...))
	named := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !strings.HasPrefix(line, "pod_held") })
	if len(named) != podsNamed {
		t.Errorf("%d pods are told by name, want %d", len(named), podsNamed)
	}
	if !slices.Contains(lines, fmt.Sprintf("held_pods{kind=Other,namespace=serving,reason=Other} %d", podsNamed+500)) {
		t.Errorf("not all held pods are counted, or what people wrote became a label")
	}
	for i := range 50 {
		objects = append(objects, fixture.Release(fmt.Sprintf("m%d", i), standingOf(2, metav1.ConditionFalse, v1alpha1.ReasonEvidenceMissing, v1alpha1.ConditionReconciling)))
	}
	before := len(lines)
	// Of a release there are four states, what it asks for, and since when it waits.
	if more := len(told(t, clusterOf(t, objects...))) - before; more != 50*6 {
		t.Errorf("50 releases make %d series, want %d", more, 50*6)
	}
}

// Every reason of a release or a workload that the documentation lists is a word of the metrics, but those that are only True.
// Of ten thousand held workloads each is told at every scrape.
func TestAHeldWorkloadCostsAScrapeLittle(t *testing.T) {
	const many, most = 64, 40
	r := fixture.Release("m1", standingOf(2, metav1.ConditionFalse, v1alpha1.ReasonEvidenceMissing, v1alpha1.ConditionReconciling))
	r.Status.Conditions = append(r.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionEnforced, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonEnforced})
	for i := range many {
		r.Status.Workloads = append(r.Status.Workloads, v1alpha1.WorkloadStatus{Kind: "LeaderWorkerSet", Name: fmt.Sprint("w", i), Reason: v1alpha1.ReasonExposureNotGranted})
	}
	all, told := &snapshot{releases: v1alpha1.ModelReleaseList{Items: []v1alpha1.ModelRelease{*r}}}, make(chan prometheus.Metric, many)
	held := newHolds()
	took := testing.AllocsPerRun(10, func() {
		held.collect(all, told)
		if len(told) != many {
			t.Errorf("%d workloads are told, want %d", len(told), many)
		}
		for range len(told) {
			<-told
		}
	})
	if took > many*most {
		t.Errorf("%v pieces of memory for each held workload, want %d at most", took/many, most)
	}
}

func TestReasonsAreThoseOfTheDocumentation(t *testing.T) {
	f, err := os.Open("../../docs/reference/reasons.md")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	listed := map[string]bool{}
	section := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = title
		}
		if cells := strings.Split(line, "|"); section == "ModelRelease" && len(cells) > 3 && strings.HasPrefix(cells[1], " `") {
			reason := strings.Trim(cells[1], " `")
			listed[reason] = strings.Contains(cells[2], "Ready")
			if listed[reason] && !slices.Contains(Reasons(), reason) {
				t.Errorf("%s may be the reason of Ready, and metrics call it Other", reason)
			}
		}
	}
	if len(listed) < 30 {
		t.Fatalf("the table has %d reasons", len(listed))
	}
	for _, reason := range Reasons() {
		if _, ok := listed[reason]; !ok {
			t.Errorf("%s is not in the table of reasons", reason)
		}
	}
}
