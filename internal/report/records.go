// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
)

// records are the decisions on record, verified.
func (b *builder) records() {
	b.out.Records.Read = b.RecordsRead
	if !b.RecordsRead {
		return
	}
	release := b.Input.Release
	chain := audit.Chain{Namespace: release.Namespace, Release: release.Name, Records: slices.Clone(b.Records)}
	if d := release.Status.Decision; d != nil {
		chain.Heads = []audit.Head{{
			Namespace: release.Namespace, Release: release.Name, Sequence: d.Sequence, Digest: d.Digest, Source: "the status of the release", Last: true,
		}}
	}
	for _, c := range audit.Chains(chain.Records, chain.Heads) {
		chain.Records = c.Records
	}
	for _, p := range audit.Verify(chain) {
		b.out.Records.Problems = append(b.out.Records.Problems, string(p.Fault)+": "+p.Message)
	}
	b.out.Records.Intact = len(b.out.Records.Problems) == 0
	if last, ok := chain.Last(); ok {
		b.out.Records.HeadSequence, b.out.Records.HeadDigest = last.Sequence, last.Digest
	}
	var before *v1alpha1.GateDecisionSpec
	for i := range chain.Records {
		r := &chain.Records[i]
		b.out.Records.Entries = append(b.out.Records.Entries, entry(before, r))
		before = &r.Spec
	}
	b.since = since(chain.Records, release.UID, b.Decision.GrantedExposure)
}

func entry(before *v1alpha1.GateDecisionSpec, r *v1alpha1.GateDecision) Entry {
	s := &r.Spec
	changed := changes(before, s)
	return Entry{
		Sequence: s.Sequence, Time: whole(s.DecidedTime.Time), Changes: changed, Causes: s.Causes, told: told(changed, s.Causes), Granted: s.GrantedExposure,
		Ceiling: s.ReplicaCeiling, RequiredLevel: s.RequiredLevel, Reason: s.Reason, Message: s.Message, PolicyRevision: s.PolicyRevision,
		EnforcedTime: timeOf(r.Status.EnforcedTime), Engine: s.Engine, Digest: s.Digest,
	}
}

// changes are what a record says otherwise than the one before.
func changes(before, is *v1alpha1.GateDecisionSpec) []string {
	if before == nil {
		before = &v1alpha1.GateDecisionSpec{PolicyRevision: is.PolicyRevision, SubjectDigest: is.SubjectDigest, ReleaseUID: is.ReleaseUID}
	}
	var all []string
	differ := func(what, was, now string) {
		if was != now {
			all = append(all, what+": "+orNone(was)+" → "+orNone(now))
		}
	}
	differ("granted", before.GrantedExposure, is.GrantedExposure)
	differ("ceiling", ceiling(before.ReplicaCeiling), ceiling(is.ReplicaCeiling))
	differ("level", before.RequiredLevel, is.RequiredLevel)
	differ("reason", before.Reason, is.Reason)
	differ("policy revision", before.PolicyRevision, is.PolicyRevision)
	differ("artifacts", before.SubjectDigest, is.SubjectDigest)
	if before.ReleaseUID != is.ReleaseUID {
		all = append(all, "the release was made anew")
	}
	return all
}

// told says of each cause whether the changes tell it already.
func told(changes, causes []string) []bool {
	all := make([]bool, len(causes))
	for i, cause := range causes {
		all[i] = slices.ContainsFunc(changes, func(change string) bool {
			what, _, _ := strings.Cut(change, ":")
			return strings.HasPrefix(cause, what+": ")
		})
	}
	return all
}

// Untold are the causes that the changes do not tell already.
func (e Entry) Untold() []string {
	var all []string
	for i, cause := range e.Causes {
		if i >= len(e.told) || !e.told[i] {
			all = append(all, cause)
		}
	}
	return all
}

func ceiling(n *int32) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// since is when the last records began to grant an exposure; nil where the last one does not grant it. Those of a release of
// the same name that was deleted since are about another one.
func since(records []v1alpha1.GateDecision, uid types.UID, granted string) *time.Time {
	var first *time.Time
	for i := len(records) - 1; i >= 0; i-- {
		if s := &records[i].Spec; s.ReleaseUID != string(uid) || s.GrantedExposure != granted {
			break
		}
		first = timeOf(&records[i].Spec.DecidedTime)
	}
	return first
}

// compareTimes orders nil first.
func compareTimes(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return a.Compare(*b)
}
