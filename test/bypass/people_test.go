// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const signedDigest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

// approval is about a release that is nowhere, so that the controller decides nothing by it.
func approval(ns, name string, decision v1alpha1.ApprovalDecision) *v1alpha1.ReleaseApproval {
	return &v1alpha1.ReleaseApproval{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec: v1alpha1.ReleaseApprovalSpec{
			Release: "nowhere", Role: "officer", Decision: decision, SubjectDigest: signedDigest, PolicyRevision: "none", Exposure: "General",
			Rationale: "The report was read.",
		},
	}
}

func waiver(ns, name string) *v1alpha1.ReleaseWaiver {
	return &v1alpha1.ReleaseWaiver{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec: v1alpha1.ReleaseWaiverSpec{
			Release: "nowhere", Requirements: []string{"proof"}, SubjectDigest: signedDigest, PolicyRevision: "none", Exposure: "General",
			Reason: "The range is rebuilt.", CompensatingControls: []string{"Every answer is read."}, Disclosure: "record 7",
			EndTime: metav1.NewTime(time.Now().Add(time.Hour)),
		},
	}
}

func determination(ns, name string, conclusion v1alpha1.Conclusion) *v1alpha1.ReleaseDetermination {
	return &v1alpha1.ReleaseDetermination{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec: v1alpha1.ReleaseDeterminationSpec{
			Release: "nowhere", Thresholds: []v1alpha1.DeterminedThreshold{{Name: "T", Conclusion: conclusion}}, SubjectDigest: signedDigest,
			PolicyRevision: "none", Rationale: "Two of three trials.", Disclosure: "record 8",
		},
	}
}

func decided(ns, name string) *v1alpha1.GateDecision {
	digest := strings.Repeat("0", 64)
	return &v1alpha1.GateDecision{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec: v1alpha1.GateDecisionSpec{
			Release: "nowhere", ReleaseUID: "none", Sequence: 1, DecidedTime: metav1.Now(), Policy: "nowhere", Reason: "EvidenceMissing",
			InputDigest: digest, DecisionDigest: digest, Digest: digest,
		},
	}
}

// signedThings makes one of each kind that nobody takes away.
func signedThings(t *testing.T, ns string) []client.Object {
	t.Helper()
	all := []client.Object{
		approval(ns, "approves", v1alpha1.DecisionApprove), approval(ns, "objects", v1alpha1.DecisionObject), waiver(ns, "waives"),
		determination(ns, "judges", v1alpha1.ConclusionReached),
	}
	for _, o := range all {
		must(t, shared.Client.Create(t.Context(), o))
	}
	record := decided(ns, "nowhere-1")
	must(t, ours(t).Create(t.Context(), record))
	return append(all, record)
}

// An owner that is gone makes the garbage collector delete what people signed: it is refused, and what it may delete beside
// it goes.
func TestAForgedOwnerTakesNoSignatureAway(t *testing.T) {
	t.Parallel()
	ns := leaveAlone(t)
	all := signedThings(t, ns)
	free := determination(ns, "free", v1alpha1.ConclusionRuledOut)
	must(t, shared.Client.Create(t.Context(), free))
	gone := []byte(`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"00000000-0000-0000-0000-000000000000"}]}}`)
	for _, o := range append(all, client.Object(free)) {
		must(t, shared.Client.Patch(t.Context(), o, client.RawPatch(types.MergePatchType, gone)))
	}
	eventually(t, func(ctx context.Context) error {
		if err := shared.Client.Get(ctx, client.ObjectKeyFromObject(free), free); !apierrors.IsNotFound(err) {
			return errors.Join(errors.New("what anybody may delete is still there"), err)
		}
		return nil
	})
	for _, o := range all {
		must(t, shared.Client.Get(t.Context(), client.ObjectKeyFromObject(o), o))
		if o.GetDeletionTimestamp() != nil {
			t.Errorf("%T %s is going", o, o.GetName())
		}
	}
}

// A namespace takes what was signed and recorded in it along.
func TestANamespaceTakesItsSignaturesAlong(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	all := signedThings(t, ns)
	must(t, shared.Client.Delete(t.Context(), namespace(ns, nil)))
	eventually(t, func(ctx context.Context) error {
		for _, o := range all {
			if err := shared.Client.Get(ctx, client.ObjectKeyFromObject(o), o); !apierrors.IsNotFound(err) {
				return errors.Join(fmt.Errorf("%T %s is still there", o, o.GetName()), err)
			}
		}
		return nil
	})
}

// Another mutator, policy or webhook, before or after ours, signs in nobody's name.
func TestAnotherMutatorSignsForNobody(t *testing.T) {
	t.Parallel()
	for name, meddle := range map[string]func(t *testing.T, ns string){
		"a policy": func(t *testing.T, ns string) {
			t.Helper()
			mutate(t, ns, v1alpha1.Group, "releaseapprovals", `[JSONPatch{op: "add", path: "/spec/approver", value: "somebody"}, JSONPatch{op: "add", path: "/metadata/labels", value: {"seen": "yes"}}]`)
		},
		"a webhook": func(t *testing.T, ns string) {
			t.Helper()
			serveWebhook(t, ns, v1alpha1.Group, "releaseapprovals", patched("add", "/spec/approver", "somebody"), patched("add", "/metadata/labels", map[string]string{"seen": "yes"}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := leaveAlone(t)
			meddle(t, ns)
			eventually(t, func(ctx context.Context) error {
				a := approval(ns, "approves", v1alpha1.DecisionApprove)
				err := shared.Client.Create(ctx, a, client.DryRunAll)
				switch {
				case err != nil:
					return refusal(err, "spec.approver must be scalegate-admin")
				case a.Spec.Approver != "scalegate-admin":
					t.Fatalf("it is signed by %q", a.Spec.Approver)
				case a.Labels["seen"] == "":
					return errors.New("the mutator does not act yet")
				}
				return nil
			})
		})
	}
}
