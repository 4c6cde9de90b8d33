// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ArtifactType says what part of a served model an artifact is.
//
// +kubebuilder:validation:Enum=Weights;Adapter;Tokenizer;Configuration;Server;Safeguard
type ArtifactType string

const (
	// ArtifactWeights are the parameters of the model.
	ArtifactWeights ArtifactType = "Weights"
	// ArtifactAdapter changes the weights, such as a LoRA adapter.
	ArtifactAdapter ArtifactType = "Adapter"
	// ArtifactTokenizer turns text into tokens and back.
	ArtifactTokenizer ArtifactType = "Tokenizer"
	// ArtifactConfiguration shapes behaviour, such as a system prompt.
	ArtifactConfiguration ArtifactType = "Configuration"
	// ArtifactServer is the program that serves the model.
	ArtifactServer ArtifactType = "Server"
	// ArtifactSafeguard watches over inputs and outputs, such as a classifier.
	ArtifactSafeguard ArtifactType = "Safeguard"
)

// Digest is the content digest of an artifact: sha256: and 64 lower-case hexadecimal digits.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=71
// +kubebuilder:validation:Pattern=`^sha256:[a-f0-9]{64}$`
type Digest string

// SubjectArtifact is an artifact by type and content.
type SubjectArtifact struct {
	// type of the artifact.
	// +required
	Type ArtifactType `json:"type,omitempty"`

	// digest of the artifact's content.
	// +required
	Digest Digest `json:"digest,omitempty"`
}
