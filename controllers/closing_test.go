// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
)

// What failed is recorded before anything is removed, and the clearance ends before a pod is deleted.
func TestReconcileRemoves(t *testing.T) {
	name := findingName(t)
	finding := &v1alpha1.AdverseFinding{ObjectMeta: metav1.ObjectMeta{Name: name}}
	removal := []string{
		"create AdverseFinding " + name, "apply AdverseFinding " + name, "patch Namespace serving", "delete Pod p", "apply ModelRelease m1",
		"event AdverseFinding ModelRelease m1", "event Removing ModelRelease m1", "event AdverseFinding Pod p",
	}
	t.Run("in this order", func(t *testing.T) {
		c := newCluster(t, served(result("0.9"))...)
		c.mustReconcile()
		c.wantLog(removal...)
		if _, ok := c.hasClearance(); ok || c.exists(&corev1.Pod{ObjectMeta: stored("p")}) {
			t.Error("the clearance or the pod stays")
		}
		stands := meta.FindStatusCondition(read(c, finding).Status.Conditions, v1alpha1.ConditionResolved)
		if stands == nil || stands.Status != metav1.ConditionFalse || stands.Reason != v1alpha1.ReasonStands {
			t.Errorf("the finding's condition = %+v", stands)
		}
		c.log = nil
		c.mustReconcile()
		c.wantLog("apply ModelRelease m1", "event WithdrawalEnforced ModelRelease m1")
		c.log = nil
		c.mustReconcile()
		c.wantLog()
	})
	t.Run("also when somebody else recorded the finding meanwhile", func(t *testing.T) {
		c := newCluster(t, served(result("0.9"))...)
		c.fails["create AdverseFinding "+name] = apierrors.NewAlreadyExists(schema.GroupResource{}, name)
		c.mustReconcile()
		c.wantLog(slices.DeleteFunc(slices.Clone(removal), func(s string) bool { return s == "apply AdverseFinding "+name })...)
	})
	t.Run("and also when the finding cannot be recorded, which is tried again", func(t *testing.T) {
		c := newCluster(t, served(result("0.9"))...)
		c.fails["create AdverseFinding "+name] = errBroken
		if _, err := c.reconcile(); !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "recording finding "+name) {
			t.Errorf("error = %v", err)
		}
		if _, ok := c.hasClearance(); ok || c.exists(&corev1.Pod{ObjectMeta: stored("p")}) {
			t.Error("the clearance or the pod stays")
		}
	})
	t.Run("and also when the clearance cannot be withdrawn, which is tried again", func(t *testing.T) {
		c := newCluster(t, served(result("0.9"))...)
		c.fails["patch Namespace serving"] = errBroken
		if _, err := c.reconcile(); !errors.Is(err, errBroken) {
			t.Errorf("error = %v", err)
		}
		if c.exists(&corev1.Pod{ObjectMeta: stored("p")}) || !c.exists(finding) {
			t.Error("the pod stays, or the finding is not there")
		}
	})
	t.Run("and a pod that is gone already is no error and no news", func(t *testing.T) {
		c := newCluster(t, served(result("0.9"))...)
		c.fails["delete Pod p"] = missing()
		c.mustReconcile()
		c.wantLog(removal[:len(removal)-1]...)
	})
}

// Absence takes the clearance back and leaves what runs.
func TestReconcileOnAbsence(t *testing.T) {
	without := func(names ...string) []client.Object {
		return slices.DeleteFunc(served(result("0.1")), func(o client.Object) bool { return slices.Contains(names, o.GetName()) })
	}
	audited := without("serving")
	audited = append(audited, governed(v1alpha1.GateAudited, clearance.Key("m1"), standing().String()))
	for sentence, test := range map[string]struct {
		objects []client.Object
		wantLog []string
	}{
		"the release is gone": {without("m1"), []string{"patch Namespace serving"}},
		"the policy is gone": {without("rsp"), []string{
			"patch Namespace serving", "apply ModelRelease m1", "event PolicyNotFound ModelRelease m1", "event Frozen ModelRelease m1",
		}},
		"the evidence is gone": {without("e1"), []string{
			"patch Namespace serving", "apply ModelRelease m1", "event EvidenceMissing ModelRelease m1", "event Frozen ModelRelease m1",
		}},
		"everything is gone": {without("m1", "rsp", "e1"), []string{"patch Namespace serving"}},
		"the gate is only audited": {audited, []string{
			"patch Namespace serving", "apply ModelRelease m1", "event Audited ModelRelease m1", "event ExposureChanged ModelRelease m1",
		}},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, test.objects...)
			c.mustReconcile()
			c.wantLog(test.wantLog...)
			if _, ok := c.hasClearance(); ok || !c.exists(&corev1.Pod{ObjectMeta: stored("p")}) {
				t.Error("the clearance stays, or the pod is gone")
			}
		})
	}
	t.Run("the namespace is gone", func(t *testing.T) {
		c := newCluster(t, demanding(), release(), result("0.1"))
		c.mustReconcile()
		c.wantLog("apply ModelRelease m1", "event NotGoverned ModelRelease m1", "event ExposureChanged ModelRelease m1")
	})
}

// A pod that was changed on its way from its cleared owner is removed, and the next is born held: the clearance
// that no longer names the owner is written first.
func TestReconcileRemovesWhatWasTamperedWith(t *testing.T) {
	objects := served(result("0.1"))
	objects[4] = running(func(p *corev1.Pod) {
		p.CreationTimestamp, p.Spec.Containers[0].Command = metav1.NewTime(fixture.Day(1)), []string{"sh"}
	})
	c := newCluster(t, objects...)
	c.mustReconcile()
	c.wantLog("patch Namespace serving", "delete Pod p", "apply ModelRelease m1", "event Released ModelRelease m1", "event ExposureChanged ModelRelease m1",
		"event WorkloadMismatch Pod p")
	want := standing()
	want.Mode, want.Owners = clearance.Counted, nil
	if got, _ := c.hasClearance(); got != want.String() {
		t.Errorf("clearance = %s, want %s", got, want)
	}
}

func TestReconcileResolvesAFinding(t *testing.T) {
	finding := &v1alpha1.AdverseFinding{ObjectMeta: metav1.ObjectMeta{Name: findingName(t)}}
	resolved := func(c *cluster) (v1alpha1.AdverseFindingStatus, metav1.Condition) {
		f := read(c, finding)
		return f.Status, *meta.FindStatusCondition(f.Status.Conditions, v1alpha1.ConditionResolved)
	}
	c := newCluster(t, served(result("0.9"))...)
	c.mustReconcile()

	resolve := func(evaluation string) {
		f := read(c, finding)
		f.Spec.Resolution = &v1alpha1.FindingResolution{
			Namespace: fixture.Namespace, Evaluation: evaluation, Reason: "the judge was wrong", ResolvedBy: "rso@example.com",
		}
		if err := c.api.Update(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		c.mustReconcile()
	}
	resolve("e1")
	if status, condition := resolved(c); status.ResolvedTime != nil || condition.Status != metav1.ConditionFalse ||
		condition.Reason != v1alpha1.ReasonResolutionIneffective || !strings.Contains(condition.Message, "e1") {
		t.Errorf("resolved by the result that failed: %+v", status)
	}
	c.log = nil
	c.mustReconcile()
	c.wantLog()

	later := fixture.Evaluation("e2", "attack", "0.1", fixture.At(fixture.Day(0).Add(time.Hour)))
	measured := later.Status
	if err := errors.Join(c.api.Create(t.Context(), &later), func() error {
		later.Status = measured
		return c.api.Status().Update(t.Context(), &later)
	}()); err != nil {
		t.Fatal(err)
	}
	resolve("e2")
	status, condition := resolved(c)
	if !status.ResolvedTime.Time.Equal(fixture.Day(0).Add(time.Hour)) || condition.Status != metav1.ConditionTrue || condition.Reason != v1alpha1.ReasonResolved {
		t.Errorf("resolved: %+v", status)
	}
	if r := read(c, release()); r.Status.GrantedExposure != "General" {
		t.Errorf("granted %q", r.Status.GrantedExposure)
	}
	c.mustReconcile()
	c.log = nil
	c.mustReconcile()
	c.wantLog()
}
