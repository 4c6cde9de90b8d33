// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package failures

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
)

// Releases with many images fill the space for clearances. What is cleared already serves and heals on. What comes later
// says what is missing, and its pods are opened one by one: none is born free. As soon as there is room again, they are.
func TestWhatFindsNoRoomForItsClearanceIsOpenedOneByOne(t *testing.T) {
	s := begin(t, managed.shared(t), func(p *v1alpha1.SafetyPolicy) {
		for i := range p.Spec.Exposures {
			p.Spec.Exposures[i].WithoutEvidence = v1alpha1.WithoutEvidenceAllowed
		}
		p.Spec.Levels[0].Requires = nil
		for i := range 16 {
			p.Spec.Companions = append(p.Spec.Companions, v1alpha1.Companion{
				Name: fmt.Sprintf("companion-%d", i), Image: "registry.example/companion@" + string(digest(fmt.Sprint("companion ", i))),
			})
		}
	})
	s.release("first")
	s.deployment("web", "first", 2)
	s.counts("web", 2, 0)
	full := s.fill()
	s.release("last")
	s.deployment("late", "last", 1)
	bare := s.pod("bare", "last")
	s.must(s.Create(t.Context(), bare))

	saw := s.watch()
	enforced := s.is("last", v1alpha1.ConditionEnforced, v1alpha1.ReasonClearanceSpaceExhausted)
	if !strings.Contains(enforced.Message, "revisionHistoryLimit") {
		t.Errorf("the message names no remedy: %s", enforced.Message)
	}
	s.is("last", v1alpha1.ConditionReady, v1alpha1.ReasonClearanceSpaceExhausted)
	s.counts("bare", 1, 0)
	s.counts("late", 1, 0)
	s.deleteAll("late")
	s.counts("late", 1, 0)
	if born := saw.freeOf("last"); len(born) > 0 {
		t.Errorf("without a clearance pods were born free: %v", born)
	}
	s.scale("web", 3)
	s.counts("web", 3, 0)
	s.deleteAll("web")
	s.counts("web", 3, 0)
	if _, ok, err := s.cleared(t.Context(), "last"); err != nil || ok {
		t.Errorf("cleared %v, %v", ok, err)
	}

	s.must(s.Delete(t.Context(), &v1alpha1.ModelRelease{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: full}}))
	s.is("last", v1alpha1.ConditionReady, v1alpha1.ReasonReleased)
	s.eventually(func(context.Context) error {
		s.deleteAll("late")
		if len(saw.freeOf("last")) == 0 {
			return errors.New("no pod is born free yet")
		}
		return nil
	})
	s.counts("late", 1, 0)
}

// fill makes releases, each with as many images as there may be, until the next one finds no room, and takes that one
// away again. It returns the last that found room.
func (s *scenario) fill() string {
	s.t.Helper()
	last := ""
	for i := range 100 {
		name := fmt.Sprintf("filler-%d", i)
		s.release(name, func(r *v1alpha1.ModelRelease) {
			for len(r.Spec.Artifacts) < 16 {
				label := fmt.Sprintf("guard-%d", len(r.Spec.Artifacts))
				r.Spec.Artifacts = append(r.Spec.Artifacts, v1alpha1.Artifact{
					Name: label, Type: v1alpha1.ArtifactSafeguard, Digest: digest(s.ns + name + label),
				})
			}
		})
		fits := false
		s.eventually(func(ctx context.Context) error {
			r := &v1alpha1.ModelRelease{}
			if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: name}, r); err != nil {
				return err
			}
			for _, c := range r.Status.Conditions {
				if c.Type == v1alpha1.ConditionEnforced && (c.Reason == v1alpha1.ReasonEnforced || c.Reason == v1alpha1.ReasonClearanceSpaceExhausted) {
					fits = c.Reason == v1alpha1.ReasonEnforced
					return nil
				}
			}
			return errors.New("nobody said yet whether there is room")
		})
		if fits {
			last = name
			continue
		}
		s.must(s.Delete(s.t.Context(), &v1alpha1.ModelRelease{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name}}))
		s.room(last)
		return last
	}
	s.t.Fatal("a hundred releases did not fill the space")
	return ""
}

// room checks that the space is full: less is left than a clearance of those that fill it takes.
func (s *scenario) room(filler string) {
	s.t.Helper()
	ns := &corev1.Namespace{}
	s.must(s.Get(s.t.Context(), client.ObjectKey{Name: s.ns}, ns))
	size := clearance.Size(ns.Annotations)
	one := len(clearance.Key(filler)) + len(ns.Annotations[clearance.Key(filler)])
	if size > clearance.NamespaceBudget || size+one <= clearance.NamespaceBudget {
		s.t.Fatalf("the clearances take %d bytes, one more would take %d, and there are %d", size, one, clearance.NamespaceBudget)
	}
}
