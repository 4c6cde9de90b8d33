// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tampering does to copies of records what nobody may do to records: it removes, changes, puts in, exchanges, and
// makes digests anew so that the rest fits.
package tampering

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
)

// Case is one way to tamper with the records of a release.
type Case struct {
	// Do changes the records, in their order, at the place given: neither the first nor one of the last two. It returns them.
	Do func(records []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision
	// Want is the fault that it is found by.
	Want audit.Fault
	// Head: it is found only where the last record, or a later export, is known from elsewhere.
	Head bool
	// Replay: it is found only where decisions are made again.
	Replay bool
}

// Cases are the ways, by a sentence that says what was done.
func Cases() map[string]Case {
	all := map[string]Case{}
	maps.Copy(all, removals())
	maps.Copy(all, changes())
	maps.Copy(all, insertions())
	maps.Copy(all, forgeries())
	return all
}

func removals() map[string]Case {
	return map[string]Case{
		"a record is removed": {Want: audit.FaultRemoved, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			return slices.Delete(r, at, at+1)
		}},
		"two records in a row are removed": {Want: audit.FaultRemoved, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			return slices.Delete(r, at, at+2)
		}},
		"the first record is removed": {Want: audit.FaultRemoved, Do: func(r []v1alpha1.GateDecision, _ int) []v1alpha1.GateDecision { return r[1:] }},
		"the last record is removed": {Want: audit.FaultRemoved, Head: true, Do: func(r []v1alpha1.GateDecision, _ int) []v1alpha1.GateDecision {
			return r[:len(r)-1]
		}},
		"all records from one on are removed": {Want: audit.FaultRemoved, Head: true, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			return r[:at]
		}},
		"all records are removed": {Want: audit.FaultRemoved, Head: true, Do: func([]v1alpha1.GateDecision, int) []v1alpha1.GateDecision { return nil }},
		"a record is removed, and all that follow are numbered and chained anew": {Want: audit.FaultRemoved, Head: true,
			Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
				return chain(slices.Delete(r, at, at+1))
			}},
	}
}

func changes() map[string]Case {
	change := func(do func(*v1alpha1.GateDecisionSpec)) func([]v1alpha1.GateDecision, int) []v1alpha1.GateDecision {
		return func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			do(&r[at].Spec)
			return r
		}
	}
	return map[string]Case{
		"what was granted is changed": {Want: audit.FaultChanged, Do: change(func(s *v1alpha1.GateDecisionSpec) { s.GrantedExposure = "Forged" })},
		"a cause is taken out":        {Want: audit.FaultChanged, Do: change(func(s *v1alpha1.GateDecisionSpec) { s.Causes = s.Causes[1:] })},
		"the time of a decision is changed": {Want: audit.FaultChanged, Do: change(func(s *v1alpha1.GateDecisionSpec) {
			s.DecidedTime = metav1.NewTime(s.DecidedTime.Add(-time.Hour))
		})},
		"the digest of an input object is changed": {Want: audit.FaultChanged, Do: change(func(s *v1alpha1.GateDecisionSpec) { s.Inputs[0].Digest = s.InputDigest })},
		"the digest of the decision is changed":    {Want: audit.FaultChanged, Do: change(func(s *v1alpha1.GateDecisionSpec) { s.DecisionDigest = s.InputDigest })},
		"the digest of the input is changed":       {Want: audit.FaultInput, Do: change(func(s *v1alpha1.GateDecisionSpec) { s.InputDigest = s.DecisionDigest })},
		"the input is exchanged for that of another record": {Want: audit.FaultInput, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			r[at].Spec.Input = r[at+1].Spec.Input
			return r
		}},
		"the input is garbled":   {Want: audit.FaultInput, Do: change(func(s *v1alpha1.GateDecisionSpec) { s.Input = "nonsense" })},
		"the input is taken out": {Want: audit.FaultChanged, Do: change(func(s *v1alpha1.GateDecisionSpec) { s.Input = "" })},
		"when a decision was enforced is changed in the status": {Want: audit.FaultChanged, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			r[at].Status.EnforcedTime = &metav1.Time{Time: r[at].Spec.DecidedTime.Add(-time.Hour)}
			return r
		}},
		"a record is changed, and its digest made anew": {Want: audit.FaultReplaced, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			r[at].Spec.Message = "forged"
			sign(&r[at])
			return r
		}},
		"a record is changed, and all that follow are chained anew": {Want: audit.FaultReplaced, Head: true, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			r[at].Spec.Causes = []string{"forged"}
			return chain(r)
		}},
		"the last record is changed, and its digest made anew": {Want: audit.FaultReplaced, Head: true, Do: func(r []v1alpha1.GateDecision, _ int) []v1alpha1.GateDecision {
			r[len(r)-1].Spec.Causes = []string{"forged"}
			sign(&r[len(r)-1])
			return r
		}},
		"a record is deleted and made again later": {Want: audit.FaultReordered, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			r[at].CreationTimestamp = metav1.NewTime(r[at+1].CreationTimestamp.Add(time.Hour))
			return r
		}},
	}
}

func insertions() map[string]Case {
	return map[string]Case{
		"a record is there twice": {Want: audit.FaultInserted, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			return append(r, *r[at].DeepCopy())
		}},
		"a record is put in beside another of its number": {Want: audit.FaultForeign, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			more := *r[at].DeepCopy()
			more.Name += "-more"
			return append(r, more)
		}},
		"a record is put in between, and all that follow are chained anew": {Want: audit.FaultReplaced, Head: true,
			Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
				return chain(slices.Insert(r, at, *r[at].DeepCopy()))
			}},
		"a record is put behind the last": {Want: audit.FaultAhead, Head: true, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			return chain(append(r, *r[at].DeepCopy()))
		}},
		"two records are exchanged under their names": {Want: audit.FaultForeign, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			r[at].Spec, r[at+1].Spec = r[at+1].Spec, r[at].Spec
			return r
		}},
		"two records are exchanged, and numbered anew": {Want: audit.FaultChanged, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			r[at].Spec, r[at+1].Spec = r[at+1].Spec, r[at].Spec
			r[at].Spec.Sequence, r[at+1].Spec.Sequence = r[at+1].Spec.Sequence, r[at].Spec.Sequence
			return r
		}},
		"two records are exchanged, and all that follow are chained anew": {Want: audit.FaultReplaced, Head: true, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			r[at].Spec, r[at+1].Spec = r[at+1].Spec, r[at].Spec
			return chain(r)
		}},
		"a record of another release is put in the place of one": {Want: audit.FaultForeign, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			r[at].Spec.ReleaseUID = "another"
			sign(&r[at])
			return r
		}},
		"a record is called one of another release": {Want: audit.FaultRemoved, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			r[at].Spec.Release = "another"
			return r
		}},
		"the chain is copied into another namespace": {Want: audit.FaultForeign, Do: func(r []v1alpha1.GateDecision, _ int) []v1alpha1.GateDecision {
			for i := range r {
				r[i].Namespace = "another"
			}
			return r
		}},
		"the chain is begun anew in the middle": {Want: audit.FaultRemoved, Head: true, Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
			return chain(r[at:])
		}},
		"the first record names one before it": {Want: audit.FaultReplaced, Do: func(r []v1alpha1.GateDecision, _ int) []v1alpha1.GateDecision {
			r[0].Spec.Previous = r[0].Spec.InputDigest
			sign(&r[0])
			return r
		}},
	}
}

// forgeries fit together, as whoever may write records could make them.
func forgeries() map[string]Case {
	return map[string]Case{
		"a decision is forged with a digest of its own, and all that follow are chained anew": {Want: audit.FaultDecision, Replay: true,
			Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
				r[at].Spec.DecisionDigest = r[at].Spec.InputDigest
				return chain(r)
			}},
		"a grant is forged, and all that follow are chained anew": {Want: audit.FaultDecision, Replay: true,
			Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
				r[at].Spec.GrantedExposure = "Forged"
				return chain(r)
			}},
		"an input is forged with all its digests, and all that follow are chained anew": {Want: audit.FaultDecision, Replay: true,
			Do: func(r []v1alpha1.GateDecision, at int) []v1alpha1.GateDecision {
				reworked(&r[at].Spec, func(input map[string]any) { input["policyRevision"] = "sha256:feedfeedfeedfeed" })
				return chain(r)
			}},
	}
}

// reworked changes the input of a record, and makes its digest anew.
func reworked(spec *v1alpha1.GateDecisionSpec, do func(map[string]any)) {
	r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(spec.Input)))
	if err != nil {
		return
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return
	}
	var input map[string]any
	if json.Unmarshal(data, &input) != nil {
		return
	}
	do(input)
	if data, err = json.Marshal(input); err != nil {
		return
	}
	e := audit.Encoding{JSON: data}
	if spec.Input, err = e.Compress(); err != nil {
		return
	}
	spec.InputDigest = audit.TextDigest(string(data))
}

// sign makes the digest of a record fit.
func sign(r *v1alpha1.GateDecision) {
	digest, err := audit.Digest(&r.Spec)
	if err != nil {
		digest = fmt.Sprint(err)
	}
	r.Spec.Digest = digest
}

// chain numbers records in their order, and makes names, links and digests fit.
func chain(records []v1alpha1.GateDecision) []v1alpha1.GateDecision {
	previous := ""
	for i := range records {
		r := &records[i]
		r.Spec.Sequence, r.Spec.Previous = int64(i+1), previous
		r.Name = audit.Name(r.Spec.Release, r.Spec.Sequence)
		r.CreationTimestamp = metav1.Time{}
		r.Spec.PreviousEnforcedTime = nil
		if i > 0 {
			r.Spec.PreviousEnforcedTime = records[i-1].Status.EnforcedTime.DeepCopy()
		}
		sign(r)
		previous = r.Spec.Digest
	}
	return records
}
