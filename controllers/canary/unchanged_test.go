// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/guards"
)

// reading counts what is read whole. Once it is upgraded it reads another policy from the same version of what is stored.
type reading struct {
	client.Reader
	whole    int
	upgraded bool
}

func (r *reading) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	err := r.Reader.List(ctx, list, opts...)
	if policies, ok := list.(*admissionv1.ValidatingAdmissionPolicyList); ok {
		r.whole++
		for i := range policies.Items {
			if r.upgraded {
				policies.Items[i].Spec.Validations = nil
			}
		}
	}
	return err
}

// What nobody wrote is not read whole again; whatever is written is, and is looked at in the same round.
func TestWhatNobodyWroteIsNotComparedAgain(t *testing.T) {
	foreign := &admissionv1.ValidatingAdmissionPolicyBinding{}
	foreign.Name = "others"
	for sentence, test := range map[string]struct {
		change func(n *nest, server *reading)
		later  time.Duration
		whole  int
		want   string
	}{
		"nothing changes": {func(*nest, *reading) {}, time.Second, 0, "True GuardsInPlace"},
		"a policy is changed": {func(n *nest, _ *reading) {
			p := policy()
			p.Spec.Validations[0].Expression = "1 == 1"
			n.update(p)
		}, time.Second, 1, "False GuardChanged"},
		"a policy is gone": {func(n *nest, _ *reading) {
			if err := n.Delete(n.t.Context(), policy()); err != nil {
				n.t.Fatal(err)
			}
		}, time.Second, 1, "False GuardMissing"},
		"another binding comes": {func(n *nest, _ *reading) {
			if err := n.Create(n.t.Context(), foreign); err != nil {
				n.t.Fatal(err)
			}
		}, time.Second, 1, "True GuardsInPlace"},
		"something more is wanted": {func(n *nest, _ *reading) {
			n.rendered.set[guards.ID{Kind: guards.KindValidatingPolicy, Name: "scalegate-b"}] = policy()
		}, time.Second, 1, "False GuardMissing"},
		"the versions cannot be listed":   {func(n *nest, _ *reading) { n.fails["list PartialObjectMetadataList"] = errBroken }, time.Second, 1, "True GuardsInPlace"},
		"it is read otherwise":            {func(_ *nest, server *reading) { server.upgraded = true }, goodFor + time.Second, 1, "False GuardChanged"},
		"some time has passed":            {func(*nest, *reading) {}, goodFor + time.Second, 1, "True GuardsInPlace"},
		"what differed is compared again": {func(n *nest, server *reading) { server.upgraded = true; n.after(goodFor + time.Second) }, time.Second, 2, "False GuardChanged"},
	} {
		t.Run(sentence, func(t *testing.T) {
			n := newNest(t, Report, parameters(), policy(), binding())
			server := &reading{Reader: n.Live}
			n.Live = server
			n.after(0)
			n.want("True GuardsInPlace", "", true)
			server.whole = 0
			test.change(n, server)
			n.after(test.later)
			if got, _ := n.condition(); got != test.want || server.whole != test.whole {
				t.Errorf("%s, and the policies were read whole %d times; want %s and %d", got, server.whole, test.want, test.whole)
			}
		})
	}
}

// Parameters that cannot be used yet hold the objects to what they were before. Once they can, these are compared.
func TestWhatIsWantedNowIsWhatIsCompared(t *testing.T) {
	n := newNest(t, Report, parameters(), policy(), binding())
	n.after(0)
	n.want("True GuardsInPlace", "", true)
	const another = "system:serviceaccount:s:another"
	cm := parameters()
	cm.Data["controller"] = "'" + another + "'"
	if err := n.Update(t.Context(), cm); err != nil {
		t.Fatal(err)
	}
	n.Identity = func(context.Context) (string, error) { return another, n.fails["identity"] }
	n.fails["identity"] = errBroken
	n.after(time.Second)
	delete(n.fails, "identity")
	n.after(time.Second)
	n.want("False GuardChanged", "spec.variables", false)
}

// update writes an object over the one of its name.
func (n *nest) update(p *admissionv1.ValidatingAdmissionPolicy) {
	n.t.Helper()
	there := &admissionv1.ValidatingAdmissionPolicy{}
	if err := n.Get(n.t.Context(), client.ObjectKeyFromObject(p), there); err != nil {
		n.t.Fatal(err)
	}
	there.Spec = p.Spec
	if err := n.Update(n.t.Context(), there); err != nil {
		n.t.Fatal(err)
	}
}
