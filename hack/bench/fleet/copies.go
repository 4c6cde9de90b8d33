// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/bench/objects"
	"github.com/scalegate/scalegate/test/installation"
)

// evidence is one evaluation as it is stored, and the file that it was read from.
type evidence struct {
	evaluation v1alpha1.SafetyEvaluation
	file       corev1.ConfigMap
}

// storageKey is where the API server keeps one of our kinds.
func storageKey(plural, namespace, name string) string {
	return strings.Join([]string{"/registry", v1alpha1.SchemeGroupVersion.Group, plural, namespace, name}, "/")
}

func fileKey(namespace, name string) string {
	return "/registry/configmaps/" + namespace + "/" + name
}

// load reads an object of one of our kinds as it is stored, which is JSON.
func (s *seed) load(ctx context.Context, plural, namespace, name string, into client.Object) error {
	content, err := s.store.get(ctx, storageKey(plural, namespace, name))
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}

func (s *seed) loadEvidence(ctx context.Context, e *evidence, namespace, name string) error {
	if err := s.load(ctx, "safetyevaluations", namespace, name, &e.evaluation); err != nil {
		return err
	}
	content, err := s.store.get(ctx, fileKey(namespace, name))
	if err != nil {
		return err
	}
	_, _, err = storedAsProtobuf().Decode(content, nil, &e.file)
	return err
}

// storedAsProtobuf is how the API server stores the kinds of Kubernetes.
func storedAsProtobuf() *protobuf.Serializer {
	scheme := installation.Scheme()
	return protobuf.NewSerializer(scheme, scheme)
}

// copyAll writes every release but the first with its evidence. Evidence comes first, as a release without it would be held
// if somebody looked.
func (s *seed) copyAll(ctx context.Context) error {
	serializer := storedAsProtobuf()
	var pending []pair
	for number := 1; number < s.Releases; number++ {
		for n := range s.evidence {
			pairs, err := s.evidence[n].copy(serializer, number, n)
			if err != nil {
				return err
			}
			pending = append(pending, pairs...)
		}
		release, err := s.copyRelease(number)
		if err != nil {
			return err
		}
		if pending = append(pending, release); len(pending) < batch && number < s.Releases-1 {
			continue
		}
		if err := s.store.put(ctx, pending); err != nil {
			return err
		}
		pending = nil
	}
	return nil
}

func (s *seed) copyRelease(number int) (pair, error) {
	namespace, name := Namespace(number), Release(number)
	release := s.release.DeepCopy()
	release.Namespace, release.Name, release.UID = namespace, name, uuid.NewUUID()
	release.Spec.Model.Name = name
	release.Spec.Artifacts = objects.Release(namespace, name).Spec.Artifacts
	content, err := json.Marshal(release)
	return pair{Key: []byte(storageKey("modelreleases", namespace, name)), Value: content}, err
}

// copy is the evidence of another release: it was read from a file of its own, of another run.
func (e *evidence) copy(serializer *protobuf.Serializer, release, number int) ([]pair, error) {
	namespace, about := Namespace(release), Release(release)
	name := Evaluation(about, number)
	old, id := e.evaluation.Namespace+"/"+e.evaluation.Name, namespace+"/"+name

	file := e.file.DeepCopy()
	file.Namespace, file.Name, file.UID = namespace, name, uuid.NewUUID()
	var sum [sha256.Size]byte
	for key, text := range file.Data {
		file.Data[key] = strings.ReplaceAll(text, old, id)
		sum = sha256.Sum256([]byte(file.Data[key]))
	}
	var stored bytes.Buffer
	if err := serializer.Encode(file, &stored); err != nil {
		return nil, fmt.Errorf("encoding a ConfigMap: %w", err)
	}

	evaluation := e.evaluation.DeepCopy()
	evaluation.Namespace, evaluation.Name, evaluation.UID = namespace, name, uuid.NewUUID()
	evaluation.Spec.Subject = objects.Evaluation(namespace, about).Spec.Subject
	evaluation.Spec.Report.ConfigMap.Name = name
	measured := evaluation.Status.Measurement
	measured.RunID, measured.SHA256 = strings.ReplaceAll(measured.RunID, old, id), hex.EncodeToString(sum[:])
	content, err := json.Marshal(evaluation)
	if err != nil {
		return nil, err
	}
	return []pair{
		{Key: []byte(fileKey(namespace, name)), Value: stored.Bytes()},
		{Key: []byte(storageKey("safetyevaluations", namespace, name)), Value: content},
	}, nil
}
