// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// maxText is how large an input may be when it is not compressed. One that the API server stores compresses from less.
const maxText = 64 << 20

// MissingTextError says that the text of a policy is not there that an input names.
type MissingTextError struct {
	// Policy is the name of the SafetyPolicy, Digest that of the text.
	Policy, Digest string
}

// Error implements error.
func (e *MissingTextError) Error() string {
	return fmt.Sprintf("no text of SafetyPolicy %s has the digest %s: the PolicyRevision of this spec.digest has it", e.Policy, e.Digest)
}

// Decode reads an input that [Encode] wrote and that was compressed. texts are those of the policies, by [TextDigest]. Where
// one is not there the error is a [*MissingTextError].
func Decode(compressed string, texts map[string]string) (gate.Input, error) {
	data, err := decompress(compressed)
	if err != nil {
		return gate.Input{}, err
	}
	d, err := parse(data)
	if err != nil {
		return gate.Input{}, err
	}
	return d.input(texts)
}

func decompress(compressed string) ([]byte, error) {
	r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(compressed)))
	if err != nil {
		return nil, fmt.Errorf("decompressing an input: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err != nil {
		return nil, fmt.Errorf("decompressing an input: %w", err)
	}
	if len(data) > maxText {
		return nil, fmt.Errorf("decompressing an input: it has more than %d bytes", maxText)
	}
	return data, nil
}

func parse(data []byte) (document, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var d document
	if err := decoder.Decode(&d); err != nil {
		return d, fmt.Errorf("reading an input: %w", err)
	}
	if decoder.More() {
		return d, errors.New("reading an input: something follows it")
	}
	if d.Form != form {
		return d, fmt.Errorf("reading an input: it is written in form %d, and this program reads form %d", d.Form, form)
	}
	return d, nil
}

// input is what was written down.
func (d *document) input(texts map[string]string) (gate.Input, error) {
	in := gate.Input{
		Now: d.Now, Release: d.Release, PolicyRevision: d.PolicyRevision, Evaluations: d.Evaluations, Findings: d.Findings,
		Ancestors: d.Ancestors, LostAncestor: d.LostAncestor, Revoked: d.Revoked, Approvals: d.Approvals, Waivers: d.Waivers,
		Determinations: d.Determinations, InForceRevision: d.InForceRevision, PriorRevisions: d.PriorRevisions,
	}
	for _, s := range d.Sightings {
		in.Sightings = append(in.Sightings, gate.Sighting(s))
	}
	for _, f := range d.Safeguards {
		in.Safeguards = append(in.Safeguards, gate.SafeguardFact(f))
	}
	var err error
	if in.Policy, err = d.Policy.read(texts); err != nil {
		return in, err
	}
	in.InForce, err = d.InForce.read(texts)
	return in, err
}

// noText is that of a policy which stands for one that nobody could read. No PolicyRevision has it.
const noText = "{}"

// read finds the text of a policy; nil stays nil.
func (p *policy) read(texts map[string]string) (*v1alpha1.SafetyPolicy, error) {
	if p == nil {
		return nil, nil
	}
	text, known := texts[p.Digest]
	if p.Digest == TextDigest(noText) {
		text, known = noText, true
	}
	if !known {
		return nil, &MissingTextError{Policy: p.Name, Digest: p.Digest}
	}
	if TextDigest(text) != p.Digest {
		return nil, fmt.Errorf("the text that is given for the digest %s of SafetyPolicy %s is another one", p.Digest, p.Name)
	}
	read := &v1alpha1.SafetyPolicy{ObjectMeta: metav1.ObjectMeta{Name: p.Name}}
	if err := json.Unmarshal([]byte(text), &read.Spec); err != nil {
		return nil, fmt.Errorf("reading the text of SafetyPolicy %s: %w", p.Name, err)
	}
	return read, nil
}
