// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package judging

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/cli/doctor"
	"github.com/scalegate/scalegate/test/installation"
)

// checkOf finds a check of a report.
func checkOf(r *doctor.Report, name string) (*doctor.Check, error) {
	for i := range r.Checks {
		if r.Checks[i].Name == name {
			return &r.Checks[i], nil
		}
	}
	return nil, errors.New("there is no check " + name)
}

// is says how a check of the report differs from what it must be.
func is(r *doctor.Report, name string, status doctor.Status, say string) error {
	c, err := checkOf(r, name)
	if err != nil {
		return err
	}
	if text := c.What + "\n" + strings.Join(c.Items, "\n"); c.Status != status || !strings.Contains(text, say) {
		return fmt.Errorf("%s is %s, %s; want %s with %q", name, c.Status, text, status, say)
	}
	return nil
}

// TestDoctorFindsEachGuardThatIsGone takes one guard of each ring away while no manager puts it back.
func TestDoctorFindsEachGuardThatIsGone(t *testing.T) {
	if shared.External() {
		t.Skip("it stops the manager, which only a cluster of its own lets it do")
	}
	rings := []string{"ring 0", "ring 1", "ring 2", "own kinds"}
	whole := func(context.Context) error {
		r, _ := decoded[doctor.Report](t, shared.Admin(), "doctor")
		var wrong []error
		for _, name := range rings {
			wrong = append(wrong, is(&r, name, doctor.OK, ""))
		}
		return errors.Join(append(wrong, is(&r, "guards", doctor.OK, ""), is(&r, "schemas", doctor.OK, ""), is(&r, "clock", doctor.OK, ""))...)
	}
	// What stands in the canary's namespace was made by the manager.
	eventually(t, whole)
	if err := shared.Kill(installation.Manager); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.Restart(context.WithoutCancel(t.Context()), installation.Manager); err != nil {
			t.Error(err)
		}
	})
	for _, test := range []struct {
		ring, name, say string
		object          client.Object
		// alter changes the object; nil deletes it.
		alter func(client.Object)
	}{
		{"ring 0", "scalegate-guard-namespaces", "a clearance that Scalegate did not write is refused: it was let through", &admissionv1.ValidatingAdmissionPolicy{}, nil},
		{"ring 1", "scalegate-hold-deployments", "a Deployment that claims a release is paused and marked: it came back as it was sent", &admissionv1.MutatingAdmissionPolicy{}, nil},
		{"ring 2", "scalegate-hold-pods", "a pod that claims a release is held", &admissionv1.MutatingAdmissionPolicy{}, nil},
		{"own kinds", "scalegate-stamp-identities", "evidence carries who brought it", &admissionv1.MutatingAdmissionPolicy{}, nil},
		{"ring 2", "scalegate-guard-pods", "lifting the hold of a pod is refused: it was let through", &admissionv1.ValidatingAdmissionPolicy{}, func(o client.Object) {
			policy, ok := o.(*admissionv1.ValidatingAdmissionPolicy)
			if !ok {
				t.Fatalf("%T", o)
			}
			for i := range policy.Spec.Validations {
				policy.Spec.Validations[i].Expression = "true"
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			putBack := takeAway(t, test.object, test.name, test.alter)
			eventually(t, func(context.Context) error {
				r, code := decoded[doctor.Report](t, shared.Admin(), "doctor")
				if code != 2 {
					return fmt.Errorf("code %d", code)
				}
				return errors.Join(is(&r, test.ring, doctor.Fail, test.say), is(&r, "guards", doctor.Fail, test.name))
			})
			putBack()
			eventually(t, whole)
		})
	}
	t.Run("whoever may do nothing knows nothing", func(t *testing.T) {
		nobody, err := shared.User("nobody@lab.example")
		if err != nil {
			t.Fatal(err)
		}
		r, code := decoded[doctor.Report](t, nobody, "doctor")
		if code != 0 {
			t.Errorf("code %d", code)
		}
		for _, name := range append(rings, "guards", "kinds", "webhook call") {
			if err := is(&r, name, doctor.Warn, ""); err != nil {
				t.Error(err)
			}
		}
	})
}

// takeAway deletes or alters an admission object, and returns what puts it back.
func takeAway(t *testing.T, object client.Object, name string, alter func(client.Object)) func() {
	t.Helper()
	ctx := t.Context()
	if err := shared.Client.Get(ctx, client.ObjectKey{Name: name}, object); err != nil {
		t.Fatal(err)
	}
	before, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		t.Fatalf("%T", object)
	}
	if alter != nil {
		change := func(how func()) {
			// Its status is written meanwhile, by whoever checks its types.
			eventually(t, func(ctx context.Context) error {
				if err := shared.Client.Get(ctx, client.ObjectKey{Name: name}, object); err != nil {
					return err
				}
				how()
				return shared.Client.Update(ctx, object)
			})
		}
		change(func() { alter(object) })
		return func() {
			change(func() {
				version := object.GetResourceVersion()
				object, ok = before.DeepCopyObject().(client.Object)
				if ok {
					object.SetResourceVersion(version)
				}
			})
		}
	}
	if err := shared.Client.Delete(ctx, object); err != nil {
		t.Fatal(err)
	}
	return func() {
		before.SetResourceVersion("")
		before.SetUID("")
		if err := shared.Client.Create(ctx, before); err != nil {
			t.Fatal(err)
		}
	}
}
