// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// Text is what a policy says, and its digests.
type Text struct {
	// JSON is the spec as JSON with sorted keys: what the digests are of.
	JSON string
	// Digest is the SHA-256 of JSON, in lower-case hexadecimal. Texts are the same when their digests are.
	Digest string
	// Revision is what [gate.Revision] says: sha256: and the first 16 digits of Digest. It names a text, and proves nothing.
	Revision string
}

// TextOf is the text of a policy.
func TextOf(spec *v1alpha1.SafetyPolicySpec) (Text, error) {
	data, err := gate.CanonicalJSON(spec)
	if err != nil {
		return Text{}, fmt.Errorf("encoding a policy: %w", err)
	}
	return digested(string(data)), nil
}

// digested is a text with its digests.
func digested(text string) Text {
	sum := sha256.Sum256([]byte(text))
	digest := hex.EncodeToString(sum[:])
	return Text{JSON: text, Digest: digest, Revision: "sha256:" + digest[:16]}
}

// Parse reads the text of a policy. A field that this version does not know is an error: what it meant would be lost.
func Parse(text string) (*v1alpha1.SafetyPolicySpec, error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	spec := &v1alpha1.SafetyPolicySpec{}
	if err := decoder.Decode(spec); err != nil {
		return nil, fmt.Errorf("reading the text of a policy: %w", err)
	}
	return spec, nil
}

// Read reads the policy of a record, under the policy's name. A text that is not the one that the record's digest is of is an
// error.
func Read(record *v1alpha1.PolicyRevision) (*v1alpha1.SafetyPolicy, error) {
	if digested(record.Spec.Text).Digest != record.Spec.Digest {
		return nil, fmt.Errorf("PolicyRevision %s has another text than its digest says: restore it from a backup", record.Name)
	}
	spec, err := Parse(record.Spec.Text)
	if err != nil {
		return nil, fmt.Errorf("PolicyRevision %s: %w", record.Name, err)
	}
	policy := &v1alpha1.SafetyPolicy{Spec: *spec}
	policy.Name = record.Spec.Policy
	return policy, nil
}
