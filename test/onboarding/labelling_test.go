// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package onboarding

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
)

// lives are the pods of an app that run, by what would change if they were made anew or restarted.
func (s *scenario) lives(app string) []string {
	s.t.Helper()
	pods, err := s.pods(s.t.Context(), app)
	s.must(err)
	var all []string
	for i := range pods {
		if p := &pods[i]; p.Status.Phase == corev1.PodRunning {
			restarts := int32(0)
			for _, c := range p.Status.ContainerStatuses {
				restarts += c.RestartCount
			}
			all = append(all, fmt.Sprintf("%s %s %d", p.Name, p.UID, restarts))
		}
	}
	slices.Sort(all)
	return all
}

func (s *scenario) scale(d *appsv1.Deployment, replicas int32) {
	s.t.Helper()
	s.must(s.Patch(s.t.Context(), d, client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas))))
}

// clearedSince waits for a clearance of m1, and returns when it was first written, in whole seconds.
func (s *scenario) clearedSince() time.Time {
	s.t.Helper()
	var since time.Time
	s.eventually(func(ctx context.Context) error {
		var ns corev1.Namespace
		if err := s.Get(ctx, client.ObjectKey{Name: s.ns}, &ns); err != nil {
			return err
		}
		c, err := clearance.Parse(ns.Annotations[clearance.Key("m1")])
		since = c.Since
		return err
	})
	return since
}

// TestLabellingEvictsNothing labels a namespace in which an uncleared model runs, and a workload that claims nothing.
func TestLabellingEvictsNothing(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.policy(false)
	s.release()
	claimed, unclaimed := s.deployment("claimed", "m1", 2), s.deployment("unclaimed", "", 2)
	s.counts("claimed", 2, 0)
	s.counts("unclaimed", 2, 0)
	before := append(s.lives("claimed"), s.lives("unclaimed")...)

	s.label(v1alpha1.GateAudited)
	s.enforced(v1alpha1.ReasonAudited, "1 would be held")
	s.label(v1alpha1.GateEnforced)
	s.gated()
	s.enforced(v1alpha1.ReasonEnforced, "")

	// What grows is held, or refused, and what runs is not touched by that either.
	s.scale(claimed, 3)
	s.counts("claimed", 2, 1)
	s.scale(unclaimed, 3)
	s.eventually(func(ctx context.Context) error {
		var d appsv1.Deployment
		if err := s.Get(ctx, client.ObjectKeyFromObject(unclaimed), &d); err != nil {
			return err
		}
		for _, c := range d.Status.Conditions {
			if c.Type == appsv1.DeploymentReplicaFailure && strings.Contains(c.Message, "claims no release") {
				return nil
			}
		}
		return fmt.Errorf("the Deployment is not told: %+v", d.Status.Conditions)
	})
	if after := append(s.lives("claimed"), s.lives("unclaimed")...); !slices.Equal(before, after) {
		t.Errorf("pods ran before and after:\n%q\n%q", before, after)
	}

	out, _ := s.doctor("-n", s.ns)
	for _, want := range []string{
		"2 pods run without a clearance", "1 workload asks for an accelerator and claims no release",
		s.ns + ": Deployment unclaimed (resource nvidia.com/gpu, 2 pods)", "of release m1: there is none",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("doctor does not say %q:\n%s", want, out)
		}
	}
}

// TestAuditSaysWhatWouldBeHeld is about a template that no mark makes anybody look at.
func TestAuditSaysWhatWouldBeHeld(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.policy(true)
	s.label(v1alpha1.GateAudited)
	s.release()
	d := s.deployment("other", "m1", 1, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Args = []string{"--lora=evil"} })
	s.counts("other", 1, 0)
	s.eventually(func(ctx context.Context) error {
		var r v1alpha1.ModelRelease
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "m1"}, &r); err != nil {
			return err
		}
		for _, w := range r.Status.Workloads {
			if w.Kind == "Deployment" && w.Name == "other" && w.Reason == v1alpha1.ReasonWorkloadMismatch && strings.Contains(w.Message, "args") {
				return nil
			}
		}
		return fmt.Errorf("workloads: %+v", r.Status.Workloads)
	})
	var now appsv1.Deployment
	s.must(s.Get(t.Context(), client.ObjectKeyFromObject(d), &now))
	if now.Generation != 1 || len(now.Annotations) != 1 || now.Annotations["deployment.kubernetes.io/revision"] == "" {
		t.Errorf("something was written to the Deployment: generation %d, %v", now.Generation, now.Annotations)
	}
	var ns corev1.Namespace
	s.must(s.Get(t.Context(), client.ObjectKey{Name: s.ns}, &ns))
	for key := range ns.Annotations {
		t.Errorf("something was written to the namespace: %s", key)
	}
	if out, _ := s.doctor("-n", s.ns); !strings.Contains(out, "1 workload would be held") || !strings.Contains(out, "Deployment other of release m1 (WorkloadMismatch)") {
		t.Errorf("doctor says:\n%s", out)
	}
}

// TestEnforcementBeginsOnTheDay has two audited namespaces, of which one has a release under the policy.
func TestEnforcementBeginsOnTheDay(t *testing.T) {
	t.Parallel()
	s := begin(t)
	const bystander = "enforcementbeginsnot"
	other := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: bystander, Labels: map[string]string{v1alpha1.LabelGate: v1alpha1.GateAudited}}}
	s.must(s.Create(t.Context(), other))
	policy := s.policy(true, func(p *v1alpha1.SafetyPolicy) { p.Spec.EnforceAfter = new(metav1.NewTime(time.Now().Add(time.Hour))) })
	s.label(v1alpha1.GateAudited)
	s.release()
	s.deployment("d", "m1", 2)
	s.counts("d", 2, 0)
	before := s.lives("d")
	day := policy.Spec.EnforceAfter.UTC().Format(time.RFC3339)
	s.enforced(v1alpha1.ReasonAudited, "will be enforced from "+day)

	// The day is moved to one that comes while we look.
	soon := time.Now().Add(2 * time.Second).Truncate(time.Second).Add(time.Second)
	s.must(s.Patch(t.Context(), policy, client.RawPatch(types.MergePatchType,
		fmt.Appendf(nil, `{"spec":{"enforceAfter":%q}}`, soon.UTC().Format(time.RFC3339)))))
	s.eventually(func(ctx context.Context) error {
		var ns corev1.Namespace
		err := s.Get(ctx, client.ObjectKey{Name: s.ns}, &ns)
		if ns.Labels[v1alpha1.LabelGate] != v1alpha1.GateEnforced {
			return errors.Join(err, errors.New("the namespace is not enforced"))
		}
		if time.Now().Before(soon) {
			t.Fatal("the namespace was enforced before its day")
		}
		return nil
	})
	s.eventually(func(ctx context.Context) error {
		out, err := shared.Kubectl(ctx, shared.Admin(), "get", "events.events.k8s.io", "-n", s.ns, "-o", "jsonpath={range .items[*]}{.reason} {.regarding.name}{\"\\n\"}{end}")
		if !strings.Contains(string(out), v1alpha1.ReasonEnforcementBegan+" m1") {
			return errors.Join(err, fmt.Errorf("no event tells of it: %s", out))
		}
		return nil
	})
	// What ran before goes on. The release is cleared once every API server can be taken to enforce the namespace.
	s.enforced(v1alpha1.ReasonEnforced, "")
	if since := s.clearedSince(); since.Before(soon.Add(4 * time.Second)) {
		t.Errorf("the namespace is enforced since %s and the release was cleared at %s", soon, since)
	}
	if after := s.lives("d"); !slices.Equal(before, after) {
		t.Errorf("pods ran before and after:\n%q\n%q", before, after)
	}
	s.must(s.Get(t.Context(), client.ObjectKeyFromObject(other), other))
	if gate := other.Labels[v1alpha1.LabelGate]; gate != v1alpha1.GateAudited {
		t.Errorf("a namespace without a release under the policy is %s", gate)
	}
}
