// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/test/audit/tampering"
	"github.com/scalegate/scalegate/test/audit/walk"
)

const (
	// engine is the version that the records of the walks name.
	engine = "v0-walk"
	// walks are the releases, each with its chain; together they have decisions records.
	walks     = 8
	decisions = 1000
)

// A thousand decisions are stored, read back, verified and made again byte for byte; and whatever is done to copies of the
// records is found.
func TestAThousandDecisions(t *testing.T) {
	const namespace = "walked"
	must(t, shared.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}))
	all := make([]*walk.Walk, walks)
	errs := make([]error, walks)
	var group sync.WaitGroup
	for i := range walks {
		all[i] = walk.New(uint64(i), namespace, "m"+strconv.Itoa(i))
		group.Go(func() {
			errs[i] = all[i].Chronicle(decisions/walks, engine, func(r *v1alpha1.GateDecision) (*v1alpha1.GateDecision, error) {
				return store(t.Context(), r)
			})
		})
	}
	group.Wait()
	for _, err := range errs {
		must(t, err)
	}
	storePolicies(t, all)

	chains, texts := read(t, namespace)
	if len(chains) != walks {
		t.Fatalf("%d chains, want %d", len(chains), walks)
	}
	same, bytes := 0, 0
	for _, c := range chains {
		for _, p := range audit.Verify(c) {
			t.Errorf("verifying: %+v", p)
		}
		again := audit.Replay(c, texts, engine)
		if len(again.Problems)+len(again.Omitted) > 0 {
			t.Errorf("replaying %s: %+v, %+v", c.Release, again.Problems, again.Omitted)
		}
		same += again.Same
		for i := range c.Records {
			data, err := json.Marshal(&c.Records[i])
			must(t, err)
			bytes += len(data)
		}
	}
	if same != decisions {
		t.Fatalf("%d decisions came out the same, want %d", same, decisions)
	}
	t.Logf("a record has %d bytes as JSON, on average", bytes/decisions)
	found := tamper(t, chains, texts)
	if !t.Failed() {
		_, _ = fmt.Fprintf(os.Stdout, "audit: %d decisions verified and replayed, %d tamperings found\n", same, found)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// store makes a record as the manager does; each third is said to be enforced.
func store(ctx context.Context, r *v1alpha1.GateDecision) (*v1alpha1.GateDecision, error) {
	if err := shared.controller.Create(ctx, r); err != nil {
		return nil, err
	}
	if r.Spec.Sequence%3 != 0 {
		return r, nil
	}
	patch := client.MergeFrom(r.DeepCopy())
	r.Status.EnforcedTime = new(metav1.Now().Rfc3339Copy())
	return r, shared.controller.Status().Patch(ctx, r, patch)
}

// storePolicies makes a revision of each text.
func storePolicies(t *testing.T, all []*walk.Walk) {
	t.Helper()
	made := map[string]bool{}
	for _, w := range all {
		for _, p := range w.Policies() {
			text, err := audit.Text(&p.Spec)
			must(t, err)
			digest := audit.TextDigest(text)
			if made[digest] {
				continue
			}
			made[digest] = true
			must(t, shared.controller.Create(t.Context(), &v1alpha1.PolicyRevision{
				ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("walked-%08d", len(made))},
				Spec: v1alpha1.PolicyRevisionSpec{
					Policy: "walked", Sequence: int64(len(made)), Revision: gate.Revision(&p.Spec), Digest: digest,
					Effect: v1alpha1.EffectNeutral, Text: text,
				},
			}))
		}
	}
}

// read reads what is on record in a namespace, with the last record of each chain as a head, and the texts of policies.
func read(t *testing.T, namespace string) ([]audit.Chain, map[string]string) {
	t.Helper()
	records, revisions := &v1alpha1.GateDecisionList{}, &v1alpha1.PolicyRevisionList{}
	must(t, shared.Client.List(t.Context(), records, client.InNamespace(namespace)))
	must(t, shared.Client.List(t.Context(), revisions))
	chains := audit.Chains(records.Items, nil)
	for i := range chains {
		if last, ok := chains[i].Last(); ok {
			last.Last = true
			chains[i].Heads = []audit.Head{last}
		}
	}
	return chains, audit.TextsOf(revisions.Items)
}

// tamper does each thing to copies of the first records of each chain, at several places, and counts what was found.
func tamper(t *testing.T, chains []audit.Chain, texts map[string]string) int {
	t.Helper()
	const length = 9
	found := 0
	for name, test := range tampering.Cases() {
		for i := range chains {
			for at := 2; at < length-3; at += 3 {
				records := copied(chains[i].Records[:length])
				last := records[length-1].Spec
				head := audit.Head{Namespace: chains[i].Namespace, Release: chains[i].Release, Sequence: last.Sequence, Digest: last.Digest, Last: true}
				if finds(test, test.Do(records, at), head, texts) {
					found++
				} else {
					t.Errorf("%s, number %d of %s: not found by %s", name, at+1, chains[i].Release, test.Want)
				}
			}
		}
	}
	return found
}

func copied(records []v1alpha1.GateDecision) []v1alpha1.GateDecision {
	var all []v1alpha1.GateDecision
	for i := range records {
		all = append(all, *records[i].DeepCopy())
	}
	return all
}

// finds tells whether what was done is found, by the fault that it should be.
func finds(test tampering.Case, records []v1alpha1.GateDecision, head audit.Head, texts map[string]string) bool {
	for _, c := range audit.Chains(records, []audit.Head{head}) {
		problems := audit.Verify(c)
		if test.Replay {
			problems = audit.Replay(c, texts, engine).Problems
		}
		if slices.ContainsFunc(problems, func(p audit.Problem) bool { return p.Fault == test.Want }) {
			return true
		}
	}
	return false
}
