// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package watcher

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func TestRemovalsForACause(t *testing.T) {
	judged(t, map[string]chapter{
		"Scalegate removes what is approved": {want: []string{ApprovedTaken}, tell: func(s *story) {
			s.pass("good")
			s.open("a")
			s.wait(10 * time.Second)
			s.remove(scalegate, "a")
		}},
		"Scalegate removes what failed": {tell: func(s *story) {
			s.pass("good")
			s.open("a")
			s.fail()
			s.wait(10 * time.Second)
			s.remove(scalegate, "a")
		}},
		"Scalegate removes what was revoked as Critical": {tell: func(s *story) {
			s.pass("good")
			s.open("a")
			s.revoke("good", v1alpha1.RevocationCritical)
			s.wait(10 * time.Second)
			s.remove(scalegate, "a")
		}},
		"Scalegate removes what was revoked as Advisory, before its grace is over": {want: []string{ApprovedTaken}, tell: func(s *story) {
			s.pass("good")
			s.open("a")
			s.revoke("good", v1alpha1.RevocationAdvisory)
			s.wait(10 * time.Second)
			s.remove(scalegate, "a")
		}},
		"Scalegate removes what was revoked as Advisory, after its grace": {tell: func(s *story) {
			s.change(func(p *v1alpha1.SafetyPolicySpec) { p.Lapse = &v1alpha1.Lapse{AdvisoryGraceSeconds: new(int32(5))} })
			s.pass("good")
			s.open("a")
			s.revoke("good", v1alpha1.RevocationAdvisory)
			s.wait(10 * time.Second)
			s.remove(scalegate, "a")
		}},
		"Scalegate removes what was revoked as Advisory, in the second in which its grace ends": {tell: func(s *story) {
			s.change(func(p *v1alpha1.SafetyPolicySpec) { p.Lapse = &v1alpha1.Lapse{AdvisoryGraceSeconds: new(int32(5))} })
			s.pass("good")
			s.open("a")
			s.revoke("good", v1alpha1.RevocationAdvisory)
			s.wait(3100 * time.Millisecond)
			s.remove(scalegate, "a")
		}},
		"Scalegate removes what was revoked as Advisory, more than a second before its grace ends": {
			want: []string{ApprovedTaken}, tell: func(s *story) {
				s.change(func(p *v1alpha1.SafetyPolicySpec) { p.Lapse = &v1alpha1.Lapse{AdvisoryGraceSeconds: new(int32(5))} })
				s.pass("good")
				s.open("a")
				s.revoke("good", v1alpha1.RevocationAdvisory)
				s.wait(2900 * time.Millisecond)
				s.remove(scalegate, "a")
			},
		},
		"Scalegate removes what lapsed, within its grace": {want: []string{ApprovedTaken}, tell: func(s *story) {
			s.brief(10 * time.Second)
			s.open("a")
			s.wait(30 * time.Second)
			s.remove(scalegate, "a")
		}},
		"Scalegate removes what lapsed and is to be kept": {want: []string{ApprovedTaken}, tell: func(s *story) {
			s.change(func(p *v1alpha1.SafetyPolicySpec) {
				p.Lapse = &v1alpha1.Lapse{GraceDays: new(int32(0)), Then: v1alpha1.LapseKeep}
			})
			s.brief(10 * time.Second)
			s.open("a")
			s.wait(30 * time.Second)
			s.remove(scalegate, "a")
		}},
	})
}

func TestRemovalsOfWhatIsTooMuch(t *testing.T) {
	judged(t, map[string]chapter{
		"Scalegate evicts what is approved": {want: []string{ApprovedTaken}, tell: func(s *story) {
			s.pass("good")
			s.open("a")
			s.wait(10 * time.Second)
			s.write(scalegate, "create", "pods", s.pods["a"])
			e := &s.events[len(s.events)-1]
			e.Subresource, e.Object, e.RV = "eviction", nil, 0
		}},
		"Scalegate removes what is above a ceiling, and no more": {tell: func(s *story) {
			s.pass("good")
			s.open("a", "b", "c")
			s.ceiling(2)
			s.wait(10 * time.Second)
			s.remove(scalegate, "c")
		}},
		"Scalegate removes more than what is above a ceiling": {want: []string{ApprovedTaken}, tell: func(s *story) {
			s.pass("good")
			s.open("a", "b", "c")
			s.ceiling(2)
			s.wait(10 * time.Second)
			s.remove(scalegate, "c")
			s.remove(scalegate, "b")
		}},
		"Scalegate removes a pod that is held": {tell: func(s *story) {
			s.born("a", true)
			s.remove(scalegate, "a")
		}},
	})
}

func TestTheUngovernedNamespace(t *testing.T) {
	judged(t, map[string]chapter{
		"Scalegate writes into the ungoverned namespace": {want: []string{UngovernedTouched}, tell: func(s *story) {
			e := s.write(scalegate, "patch", "deployments", &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "wild", Name: "web"}})
			e.Object = nil
		}},
		"Scalegate writes to the ungoverned namespace itself": {want: []string{UngovernedTouched}, tell: func(s *story) {
			s.write(scalegate, "patch", "namespaces", &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "wild"}})
		}},
		"the ungoverned namespace has a clearance": {want: []string{UngovernedTouched}, tell: func(s *story) {
			s.write(person, "patch", "namespaces", &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
				Name: "wild", Annotations: map[string]string{"clearance.scalegate.dev/m1": "v1"},
			}})
		}},
		"a pod of the ungoverned namespace is held": {want: []string{UngovernedTouched}, tell: func(s *story) {
			p := s.born("a", true).DeepCopy()
			p.Namespace = "wild"
			s.write(replicas, "create", "pods", p)
		}},
		"a pod of the ungoverned namespace starts": {tell: func(s *story) {
			s.write(replicas, "create", "pods", &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
				Namespace: "wild", Name: "a", Labels: map[string]string{v1alpha1.LabelRelease: "m1"},
			}})
		}},
	})
}
