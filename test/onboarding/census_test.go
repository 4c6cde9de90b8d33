// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package onboarding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/localcluster"
)

// doctor runs `scalegate doctor` as cluster admin, and returns what it prints and its exit code.
func doctor(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	return scalegate(t, shared.Admin(), append([]string{"doctor"}, args...)...)
}

// scalegate runs the command line as somebody, and returns what it prints and its exit code.
func scalegate(t *testing.T, as *rest.Config, args ...string) (out string, code int) {
	t.Helper()
	binary, err := shared.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := localcluster.WriteKubeconfig(kubeconfig, as); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, append(args, "--kubeconfig", kubeconfig)...)
	raw, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(raw), exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), 0
}

// covered waits until the condition Covered of the policy has the reason and says something.
func (s *scenario) covered(reason, say string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		var p v1alpha1.SafetyPolicy
		if err := s.Get(ctx, client.ObjectKey{Name: s.ns}, &p); err != nil {
			return err
		}
		c := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionCovered)
		if c == nil || c.Reason != reason || !strings.Contains(c.Message, say) {
			return fmt.Errorf("Covered is %+v, want %s with %q", c, reason, say)
		}
		return nil
	})
}

// TestCensus runs by itself, since it counts the pods of every test.
func TestCensus(t *testing.T) {
	s := begin(t)
	policy := s.policy(true)
	s.deployment("d", "", 2)
	s.counts("d", 2, 0)
	s.covered(v1alpha1.ReasonUngoverned, s.ns+" (2)")
	s.eventually(func(ctx context.Context) error {
		out, err := shared.Kubectl(ctx, shared.Admin(), "get", "events.events.k8s.io", "-A", "-o", "jsonpath={range .items[*]}{.reason} {.regarding.name}{\"\\n\"}{end}")
		if !strings.Contains(string(out), v1alpha1.ReasonUngoverned+" "+s.ns) {
			return errors.Join(err, fmt.Errorf("no event tells of it: %s", out))
		}
		return nil
	})
	if out, code := doctor(t); code == 1 || !strings.Contains(out, s.ns+": 2 pods") {
		t.Errorf("doctor ends with %d and says:\n%s", code, out)
	}

	// Who writes the rest of the status does not take the condition, nor the other way round.
	s.must(s.Patch(t.Context(), policy, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"clearanceSeconds":3600}}`))))
	s.eventually(func(ctx context.Context) error {
		var p v1alpha1.SafetyPolicy
		if err := s.Get(ctx, client.ObjectKey{Name: s.ns}, &p); err != nil {
			return err
		}
		if p.Status.ObservedGeneration == nil || *p.Status.ObservedGeneration != p.Generation || p.Status.Revision == "" {
			return fmt.Errorf("the policy was not looked at: %+v", p.Status)
		}
		ready := meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionReady)
		covered := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionCovered)
		if !ready || covered == nil || covered.ObservedGeneration != p.Generation {
			return fmt.Errorf("conditions: %+v", p.Status.Conditions)
		}
		return owners(&p)
	})

	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}
	s.must(s.Patch(t.Context(), ns, client.RawPatch(types.MergePatchType,
		[]byte(`{"metadata":{"annotations":{"`+v1alpha1.AnnotationExempt+`":"notebooks, which serve nobody"}}}`))))
	s.covered(v1alpha1.ReasonAllGoverned, "governed, audited or exempt")
}

// owners fails unless the census alone owns the condition Covered.
func owners(p *v1alpha1.SafetyPolicy) error {
	for _, entry := range p.ManagedFields {
		if entry.FieldsV1 == nil || entry.Subresource != "status" {
			continue
		}
		if owns := strings.Contains(string(entry.FieldsV1.GetRawBytes()), `"type\":\"Covered\"`); owns != (entry.Manager == "scalegate-census") {
			return fmt.Errorf("%s owns the condition Covered: %v", entry.Manager, owns)
		}
	}
	return nil
}

// TestDoctorOnANewInstallation looks at the rights that Kubernetes and Scalegate give by themselves.
func TestDoctorOnANewInstallation(t *testing.T) {
	if shared.External() {
		t.Skip("the rights of an existing cluster are its own")
	}
	out, _ := doctor(t, "-o", "json")
	var report struct {
		Checks []struct{ Part, Name, Status, What string }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, c := range report.Checks {
		switch {
		case c.Name == "kinds" && c.Status != "OK", c.Name == "guards" && c.Status != "OK":
			t.Errorf("%s: %s: %s", c.Name, c.Status, c.What)
		case c.Part == "Rights" && c.Status == "FAIL":
			t.Errorf("%s: %s", c.Name, c.What)
		}
	}
}
