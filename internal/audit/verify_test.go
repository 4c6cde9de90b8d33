// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/test/audit/tampering"
	"github.com/scalegate/scalegate/test/audit/walk"
)

// chronicle are 12 records of a walk, each second of which was enforced, as an API server stores them, with the texts of
// the policies and the last of them as the status of the release names it.
func chronicle(t *testing.T) ([]v1alpha1.GateDecision, map[string]string, audit.Head) {
	t.Helper()
	w := walk.New(7, fixture.Namespace, "m1")
	var records []v1alpha1.GateDecision
	err := w.Chronicle(12, "v1", func(r *v1alpha1.GateDecision) (*v1alpha1.GateDecision, error) {
		r.CreationTimestamp = r.Spec.DecidedTime
		if r.Spec.Sequence%2 == 0 {
			r.Status.EnforcedTime = &metav1.Time{Time: r.Spec.DecidedTime.Add(time.Minute)}
		}
		records = append(records, *r)
		return r, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	texts, err := w.Texts()
	if err != nil {
		t.Fatal(err)
	}
	last := records[len(records)-1]
	return records, texts, audit.Head{
		Namespace: last.Namespace, Release: "m1", Sequence: last.Spec.Sequence, Digest: last.Spec.Digest, Source: "the status of the release", Last: true,
	}
}

// faults are what verifying and replaying all chains finds.
func faults(records []v1alpha1.GateDecision, heads []audit.Head, texts map[string]string) (verified, replayed []audit.Problem) {
	for _, c := range audit.Chains(records, heads) {
		verified = append(verified, audit.Verify(c)...)
		replayed = append(replayed, audit.Replay(c, texts, "v1").Problems...)
	}
	return verified, replayed
}

func found(problems []audit.Problem, want audit.Fault) bool {
	return slices.ContainsFunc(problems, func(p audit.Problem) bool { return p.Fault == want && p.Message != "" })
}

func TestWhatWasNotTamperedWithIsFine(t *testing.T) {
	records, texts, head := chronicle(t)
	slices.Reverse(records)
	verified, replayed := faults(records, []audit.Head{head}, texts)
	if len(verified)+len(replayed) > 0 {
		t.Errorf("problems: %v, %v", verified, replayed)
	}
	for _, c := range audit.Chains(records, nil) {
		if r := audit.Replay(c, texts, "v1"); r.Same != len(records) || len(r.Omitted) > 0 {
			t.Errorf("replayed %d of %d, %v omitted", r.Same, len(records), r.Omitted)
		}
		if last, ok := c.Last(); !ok || last.Digest != head.Digest {
			t.Errorf("the last is %v, want %v", last, head)
		}
	}
}

func TestTamperingIsFound(t *testing.T) {
	for name, test := range tampering.Cases() {
		t.Run(name, func(t *testing.T) {
			records, texts, head := chronicle(t)
			records = test.Do(records, 5)
			verified, replayed := faults(records, []audit.Head{head}, texts)
			without, _ := faults(records, nil, texts)
			if test.Replay {
				if !found(replayed, test.Want) {
					t.Errorf("replaying found %v, want %s", replayed, test.Want)
				}
				return
			}
			if !found(verified, test.Want) {
				t.Errorf("found %v, want %s", verified, test.Want)
			}
			if test.Head == found(without, test.Want) {
				t.Errorf("without the last record known, found %v", without)
			}
		})
	}
}

func TestReplaySaysWhatItCouldNotDo(t *testing.T) {
	for name, test := range map[string]struct {
		do     func(r *v1alpha1.GateDecisionSpec, texts map[string]string)
		engine string
		want   audit.Omission
	}{
		"the input was too large": {do: func(r *v1alpha1.GateDecisionSpec, _ map[string]string) { r.Input = "" }, engine: "v1", want: audit.OmissionInput},
		"no policy has a text":    {do: func(_ *v1alpha1.GateDecisionSpec, texts map[string]string) { clear(texts) }, engine: "v1", want: audit.OmissionText},
		"another version decided otherwise": {
			do: func(r *v1alpha1.GateDecisionSpec, _ map[string]string) { r.DecisionDigest = r.InputDigest }, engine: "v2", want: audit.OmissionEngine,
		},
	} {
		t.Run(name, func(t *testing.T) {
			records, texts, _ := chronicle(t)
			test.do(&records[3].Spec, texts)
			got := audit.Replay(audit.Chains(records, nil)[0], texts, test.engine)
			if len(got.Problems) > 0 || !slices.ContainsFunc(got.Omitted, func(o audit.Omitted) bool { return o.Omission == test.want && o.Sequence == 4 }) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// A decision of another version that comes out the same is fine.
func TestReplayOfAnotherVersion(t *testing.T) {
	records, texts, _ := chronicle(t)
	if got := audit.Replay(audit.Chains(records, nil)[0], texts, "v2"); got.Same != len(records) {
		t.Errorf("got %+v", got)
	}
}

func TestProblemsAreSentences(t *testing.T) {
	records, texts, head := chronicle(t)
	records[2].Spec.Reason = "Forged"
	verified, _ := faults(slices.Delete(records, 5, 6), []audit.Head{head}, texts)
	var got []string
	for _, p := range verified {
		got = append(got, string(p.Fault)+": "+p.Message)
	}
	want := []string{
		"Changed: record m1-00000003 was changed after it was made: its content has not the digest " + records[2].Spec.Digest + " that it names",
		"Removed: record m1-00000006 is missing",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if strings.Contains(strings.Join(got, ""), "%!") {
		t.Error("a sentence lacks a word")
	}
}
