// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// form is how inputs are written down. Another one is not read.
const form = 1

// document is a [gate.Input] as it is written down: reduced to what a decision depends on, its lists sorted.
type document struct {
	Form            int                             `json:"form"`
	Now             time.Time                       `json:"now"`
	Release         *v1alpha1.ModelRelease          `json:"release,omitempty"`
	Policy          *policy                         `json:"policy,omitempty"`
	PolicyRevision  string                          `json:"policyRevision,omitempty"`
	Evaluations     []v1alpha1.SafetyEvaluation     `json:"evaluations,omitempty"`
	Sightings       []sighting                      `json:"sightings,omitempty"`
	Findings        []v1alpha1.AdverseFinding       `json:"findings,omitempty"`
	Ancestors       []v1alpha1.ModelRelease         `json:"ancestors,omitempty"`
	LostAncestor    string                          `json:"lostAncestor,omitempty"`
	Revoked         []v1alpha1.ModelRelease         `json:"revoked,omitempty"`
	Approvals       []v1alpha1.ReleaseApproval      `json:"approvals,omitempty"`
	Waivers         []v1alpha1.ReleaseWaiver        `json:"waivers,omitempty"`
	Determinations  []v1alpha1.ReleaseDetermination `json:"determinations,omitempty"`
	Safeguards      []safeguard                     `json:"safeguards,omitempty"`
	InForce         *policy                         `json:"inForce,omitempty"`
	InForceRevision string                          `json:"inForceRevision,omitempty"`
	PriorRevisions  []string                        `json:"priorRevisions,omitempty"`
}

// policy stands for a SafetyPolicy.
type policy struct {
	Name string `json:"name"`
	// Digest is what [TextDigest] says of its text.
	Digest string `json:"digest"`
}

// sighting is a [gate.Sighting]. The two convert into each other, so that a field of one that the other lacks does not compile.
type sighting struct {
	SHA256     string                     `json:"sha256,omitempty"`
	RunID      string                     `json:"runID,omitempty"`
	Artifacts  []v1alpha1.SubjectArtifact `json:"artifacts,omitempty"`
	Tested     []v1alpha1.SubjectArtifact `json:"tested,omitempty"`
	Time       time.Time                  `json:"time"`
	UID        types.UID                  `json:"uid,omitempty"`
	Namespace  string                     `json:"namespace,omitempty"`
	Revocation *v1alpha1.Revocation       `json:"revocation,omitempty"`
}

// safeguard is a [gate.SafeguardFact], as sighting is a sighting.
type safeguard struct {
	Requirement string                  `json:"requirement"`
	Type        v1alpha1.SafeguardType  `json:"type"`
	State       v1alpha1.SafeguardState `json:"state"`
	Message     string                  `json:"message,omitempty"`
}

// Encoding is an input as it is written down.
type Encoding struct {
	// JSON has sorted keys and times in UTC.
	JSON []byte
	// Digest is the SHA-256 of JSON, in lower-case hexadecimal.
	Digest string
	// Inputs are the digests of the objects that it was made from, at most [MaxInputs].
	Inputs []v1alpha1.DecisionInput
}

// Encode writes an input down, reduced to what a decision depends on, and changes nothing of it. The order of its lists does
// not matter. It goes wrong only for what no API server stores, such as a year of five digits.
func Encode(in gate.Input) (Encoding, error) {
	d, err := documentOf(in)
	if err != nil {
		return Encoding{}, err
	}
	data, err := gate.CanonicalJSON(d)
	if err != nil {
		return Encoding{}, fmt.Errorf("writing an input down: %w", err)
	}
	inputs, err := d.inputs()
	if err != nil {
		return Encoding{}, err
	}
	return Encoding{JSON: data, Digest: hexSum(data), Inputs: inputs}, nil
}

// Compress is the JSON compressed with gzip, without a name or a time, in base64.
func (e Encoding) Compress() (string, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return "", fmt.Errorf("compressing an input: %w", err)
	}
	if _, err := w.Write(e.JSON); err != nil {
		return "", fmt.Errorf("compressing an input: %w", err)
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("compressing an input: %w", err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

// documentOf reduces and sorts what an input holds.
func documentOf(in gate.Input) (document, error) {
	d := document{
		Form: form, Now: in.Now.UTC().Round(0), PolicyRevision: in.PolicyRevision, LostAncestor: in.LostAncestor,
		InForceRevision: in.InForceRevision, PriorRevisions: in.PriorRevisions,
	}
	var err error
	if d.Policy, err = policyOf(in.Policy); err != nil {
		return d, err
	}
	if d.InForce, err = policyOf(in.InForce); err != nil {
		return d, err
	}
	if in.Release != nil {
		d.Release = new(releaseOf(*in.Release))
	}
	d.Evaluations = sorted(each(in.Evaluations, evaluationOf), func(e *v1alpha1.SafetyEvaluation) *metav1.ObjectMeta { return &e.ObjectMeta })
	d.Findings = sorted(each(mattering(in), findingOf), func(f *v1alpha1.AdverseFinding) *metav1.ObjectMeta { return &f.ObjectMeta })
	d.Ancestors = each(in.Ancestors, releaseOf)
	d.Revoked = sorted(each(in.Revoked, releaseOf), func(r *v1alpha1.ModelRelease) *metav1.ObjectMeta { return &r.ObjectMeta })
	d.Approvals = sorted(each(in.Approvals, approvalOf), func(a *v1alpha1.ReleaseApproval) *metav1.ObjectMeta { return &a.ObjectMeta })
	d.Waivers = sorted(each(in.Waivers, waiverOf), func(w *v1alpha1.ReleaseWaiver) *metav1.ObjectMeta { return &w.ObjectMeta })
	d.Determinations = sorted(each(in.Determinations, determinationOf), func(r *v1alpha1.ReleaseDetermination) *metav1.ObjectMeta { return &r.ObjectMeta })
	for _, s := range traced(in) {
		s.Time = s.Time.UTC().Round(0)
		d.Sightings = append(d.Sightings, sighting(s))
	}
	slices.SortStableFunc(d.Sightings, func(a, b sighting) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.UID, b.UID), cmp.Compare(a.SHA256, b.SHA256), cmp.Compare(a.RunID, b.RunID))
	})
	for _, f := range in.Safeguards {
		d.Safeguards = append(d.Safeguards, safeguard(f))
	}
	slices.SortStableFunc(d.Safeguards, func(a, b safeguard) int {
		return cmp.Or(cmp.Compare(a.Requirement, b.Requirement), cmp.Compare(a.Type, b.Type))
	})
	return d, nil
}

// each reduces every object of a list.
func each[T any](list []T, reduce func(T) T) []T {
	var all []T
	for _, o := range list {
		all = append(all, reduce(o))
	}
	return all
}

// sorted sorts objects by what names them.
func sorted[T any](list []T, meta func(*T) *metav1.ObjectMeta) []T {
	slices.SortStableFunc(list, func(a, b T) int {
		x, y := meta(&a), meta(&b)
		return cmp.Or(cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Name, y.Name), cmp.Compare(x.UID, y.UID))
	})
	return list
}

func policyOf(p *v1alpha1.SafetyPolicy) (*policy, error) {
	if p == nil {
		return nil, nil
	}
	text, err := Text(&p.Spec)
	if err != nil {
		return nil, err
	}
	return &policy{Name: p.Name, Digest: TextDigest(text)}, nil
}

// Text is the spec of a policy as JSON with sorted keys: what PolicyRevisions hold.
func Text(spec *v1alpha1.SafetyPolicySpec) (string, error) {
	data, err := gate.CanonicalJSON(spec)
	if err != nil {
		return "", fmt.Errorf("writing the text of a policy down: %w", err)
	}
	return string(data), nil
}

// TextDigest is the digest of a policy's text, by which PolicyRevisions name it: SHA-256 in lower-case hexadecimal.
func TextDigest(text string) string { return hexSum([]byte(text)) }

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
