// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// accelerated is a pod that asks for an accelerator.
func accelerated(namespace, name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{
			Limits: corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("1")},
		}}}},
	}
}

// place is a namespace, with its gate and the reason of its exemption.
func place(name, gate, exempt string) *corev1.Namespace {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, UID: fixture.UID(name)}}
	if gate != "" {
		ns.Labels = map[string]string{v1alpha1.LabelGate: gate}
	}
	if exempt != "" {
		ns.Annotations = map[string]string{v1alpha1.AnnotationExempt: exempt}
	}
	return ns
}

// taker is a census of the cluster that was not taken yet.
func taker(c *cluster) *Census {
	live := c.live()
	census := &Census{Client: cached{live, c}, Live: paged{Reader: live}, Events: c, Now: now}
	census.measure()
	return census
}

// series are the values of the census's metrics by state; nil before they are set.
func series(t *testing.T, c *Census) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(c.pods); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]float64
	for _, family := range families {
		for _, metric := range family.Metric {
			if all == nil {
				all = map[string]float64{}
			}
			all[metric.Label[0].GetValue()] = metric.Gauge.GetValue()
		}
	}
	return all
}

func covered(c *cluster) metav1.Condition {
	c.t.Helper()
	policy := read(c, fixture.Policy("rsp"))
	is := meta.FindStatusCondition(policy.Status.Conditions, v1alpha1.ConditionCovered)
	if is == nil {
		c.t.Fatalf("the policy has no condition Covered: %+v", policy.Status.Conditions)
	}
	return *is
}

// paged gives lists in the pages that are asked for, as an API server does and the fake client does not.
type paged struct {
	client.Reader
	// largest is the most objects that a page had.
	largest *int
}

func (p paged) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	options := (&client.ListOptions{}).ApplyOptions(opts)
	if _, few := list.(*v1alpha1.ModelReleaseList); few {
		return p.Reader.List(ctx, list, opts...)
	}
	if options.Limit == 0 {
		return fmt.Errorf("%T was asked for without a limit", list)
	}
	if options.Raw != nil && options.Raw.ResourceVersion != "" {
		return fmt.Errorf("%T was asked for with a resourceVersion, with which an API server ignores the limit", list)
	}
	start, err := strconv.Atoi("0" + options.Continue)
	if err != nil {
		return err
	}
	options.Limit, options.Continue = 0, ""
	if err := p.Reader.List(ctx, list, options); err != nil {
		return err
	}
	objects, err := meta.ExtractList(list)
	if err != nil {
		return err
	}
	end := min(start+censusPage, len(objects))
	list.SetContinue("")
	if end < len(objects) {
		list.SetContinue(strconv.Itoa(end))
	}
	if p.largest != nil {
		*p.largest = max(*p.largest, end-start)
	}
	return meta.SetList(list, objects[start:end])
}

func TestCensusCountsAndReports(t *testing.T) {
	c := newCluster(t, fixture.Policy("rsp"),
		place("serving", v1alpha1.GateEnforced, ""), place("trial", v1alpha1.GateAudited, ""),
		place("gpu-operator", "", "device plug-ins of the nodes"), place("lab", "", ""),
		accelerated("serving", "a"), accelerated("serving", "b"), accelerated("trial", "a"), accelerated("gpu-operator", "a"),
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "lab", Name: "web"}},
	)
	census := taker(c)
	if got := series(t, census); got != nil {
		t.Errorf("counts before anything was counted: %v", got)
	}
	if err := census.once(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"governed": 2, "audited": 1, "exempt": 1, "ungoverned": 0}
	if diff := cmp.Diff(want, series(t, census)); diff != "" {
		t.Error(diff)
	}
	if is := covered(c); is.Status != metav1.ConditionTrue || is.Reason != v1alpha1.ReasonAllGoverned || is.ObservedGeneration != 1 {
		t.Errorf("Covered is %+v", is)
	}
	c.wantLog("apply SafetyPolicy rsp")

	if err := c.api.Create(t.Context(), accelerated("lab", "notebook")); err != nil {
		t.Fatal(err)
	}
	c.log = nil
	for range 2 {
		if err := census.once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := series(t, census)["ungoverned"]; got != 1 {
		t.Errorf("%v pods are ungoverned, want 1", got)
	}
	is := covered(c)
	if is.Status != metav1.ConditionFalse || is.Reason != v1alpha1.ReasonUngoverned || !strings.Contains(is.Message, "lab (1)") {
		t.Errorf("Covered is %+v", is)
	}
	// The second census saw the same, and wrote and told nothing.
	c.wantLog("apply SafetyPolicy rsp", "event Ungoverned SafetyPolicy rsp")
}

func TestCensusThatGoesWrongKnowsNothing(t *testing.T) {
	broken := &admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "scalegate-admit-pods"}}
	broken.Spec.Variables = []admissionv1.Variable{{Name: "accelerators", Expression: "params.accelerators"}}
	for name, tc := range map[string]struct {
		fail        string
		objects     []client.Object
		wantMessage string
	}{
		"pods cannot be listed":        {"list PodList", nil, "the manager's log has the error"},
		"namespaces cannot be listed":  {"list PartialObjectMetadataList", nil, "the manager's log has the error"},
		"the policy cannot be read":    {"get ValidatingAdmissionPolicy scalegate-admit-pods", nil, "the manager's log has the error"},
		"the accelerators are unclear": {"", []client.Object{broken}, "write it as a list of prefixes"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, append(tc.objects, fixture.Policy("rsp"), place("lab", "", ""), accelerated("lab", "a"))...)
			if tc.fail != "" {
				c.fails[tc.fail] = errBroken
				c.fails[strings.ReplaceAll(tc.fail, "PartialObjectMetadataList", "NamespaceList")] = errBroken
			}
			census := taker(c)
			if err := census.once(t.Context()); err == nil {
				t.Error("no error")
			}
			is := covered(c)
			if is.Status != metav1.ConditionUnknown || is.Reason != v1alpha1.ReasonCensusFailed || !strings.Contains(is.Message, tc.wantMessage) {
				t.Errorf("Covered is %+v", is)
			}
			if got := series(t, census); got != nil {
				t.Errorf("it counted %v", got)
			}
		})
	}
}

func TestCensusTellsOfUngovernedPodsAfterItWasBlind(t *testing.T) {
	c := newCluster(t, fixture.Policy("rsp"), place("lab", "", ""), accelerated("lab", "a"))
	census := taker(c)
	c.fails["list PodList"] = errBroken
	_ = census.once(t.Context())
	delete(c.fails, "list PodList")
	if err := census.once(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.wantLog("apply SafetyPolicy rsp", "apply SafetyPolicy rsp", "event Ungoverned SafetyPolicy rsp")
}

func TestPolicyReconcilerLeavesWhatTheCensusWrote(t *testing.T) {
	policy := fixture.Policy("rsp")
	c := newCluster(t, policy)
	reconciler := &SafetyPolicyReconciler{Client: c.live(), Live: c.live(), Events: c, Now: now}
	reconcile := func() {
		t.Helper()
		if _, err := reconciler.Reconcile(t.Context(), read(c, fixture.Policy("rsp"))); err != nil {
			t.Fatal(err)
		}
	}
	reconcile()
	c.log = nil
	stored := read(c, fixture.Policy("rsp"))
	stored.Status.Conditions = append(stored.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionCovered, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonAllGoverned,
	})
	if err := c.api.Status().Update(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	reconcile()
	c.wantLog()
}

func TestCensusIsTakenInPages(t *testing.T) {
	objects := []client.Object{fixture.Policy("rsp"), place("lab", "", "")}
	for i := range 2*censusPage + 1 {
		objects = append(objects, accelerated("lab", fmt.Sprintf("p-%d", i)), place(fmt.Sprintf("n-%d", i), "", ""))
	}
	c := newCluster(t, objects...)
	census, largest := taker(c), 0
	census.Live = paged{Reader: c.live(), largest: &largest}
	if err := census.once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := series(t, census)["ungoverned"]; got != 2*censusPage+1 {
		t.Errorf("counted %v of %d", got, 2*censusPage+1)
	}
	if largest != censusPage {
		t.Errorf("a page had %d objects, want %d", largest, censusPage)
	}
}

// BenchmarkCensus counts 10,000 pods in 100 namespaces. Reported is what it takes beside the decoding of the pages.
func BenchmarkCensus(b *testing.B) {
	page := corev1.PodList{}
	for i := range censusPage {
		page.Items = append(page.Items, *accelerated(fmt.Sprintf("n-%d", i%100), fmt.Sprintf("p-%d", i)))
	}
	c := &Census{Live: pages{page: page, count: 10_000 / censusPage}, Now: now}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.take(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// pages gives the same page of pods again and again.
type pages struct {
	client.Reader
	page  corev1.PodList
	count int
}

func (p pages) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return nil
}

func (p pages) List(_ context.Context, list client.ObjectList, opts ...client.ListOption) error {
	pods, ok := list.(*corev1.PodList)
	if !ok {
		return nil
	}
	n, err := strconv.Atoi("0" + (&client.ListOptions{}).ApplyOptions(opts).Continue)
	if err != nil {
		return err
	}
	*pods = p.page
	pods.Continue = ""
	if n+1 < p.count {
		pods.Continue = strconv.Itoa(n + 1)
	}
	return nil
}
