// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

const (
	// reportKey is the key of the result file in its ConfigMap.
	reportKey = "report"
	// annotationFile keeps the name that the result file had.
	annotationFile = "scalegate.dev/file"
	labelManagedBy = "app.kubernetes.io/managed-by"
	managedBy      = "scalegate"
)

// importOptions are the flags of the import command.
type importOptions struct {
	release, requirement, name string
	relation                   choice
	tested, elicitation        []string
	dryRun, format             choice
}

func newImportOptions() importOptions {
	return importOptions{
		relation: choice{value: string(v1alpha1.RelationExact), allowed: []string{
			string(v1alpha1.RelationExact), string(v1alpha1.RelationHelpfulOnlyVariant),
			string(v1alpha1.RelationEarlierSnapshot), string(v1alpha1.RelationSimilarlySafe),
		}},
		dryRun: choice{value: dryRunNone, allowed: []string{dryRunNone, dryRunClient, dryRunServer}},
		format: choice{value: formatText, allowed: []string{formatText, formatJSON, formatYAML, formatName}},
	}
}

// Values of --dry-run.
const (
	dryRunNone   = "none"
	dryRunClient = "client"
	dryRunServer = "server"
)

// subject is what the evidence is about.
func (o *importOptions) subject(release *v1alpha1.ModelRelease) (v1alpha1.EvaluationSubject, error) {
	subject := v1alpha1.EvaluationSubject{
		Release: release.Name, Artifacts: gate.Artifacts(release), Relation: v1alpha1.SubjectRelation(o.relation.value),
	}
	tested, err := parseTested(o.tested)
	switch {
	case err != nil:
		return subject, err
	case subject.Relation == v1alpha1.RelationExact && len(tested) > 0:
		return subject, fmt.Errorf("--tested is for another --relation than Exact: with Exact, what was run is the release itself")
	case subject.Relation != v1alpha1.RelationExact && len(tested) == 0:
		return subject, fmt.Errorf("--relation %s needs --tested: name each artifact that was run, as in --tested Weights=sha256:DIGEST", subject.Relation)
	}
	subject.Tested = tested
	return subject, nil
}

func parseTested(list []string) ([]v1alpha1.SubjectArtifact, error) {
	types := []string{
		string(v1alpha1.ArtifactWeights), string(v1alpha1.ArtifactAdapter), string(v1alpha1.ArtifactTokenizer),
		string(v1alpha1.ArtifactConfiguration), string(v1alpha1.ArtifactServer), string(v1alpha1.ArtifactSafeguard),
	}
	digest := regexp.MustCompile(`^sha256:[a-f0-9]{64}$`)
	var tested []v1alpha1.SubjectArtifact
	for _, text := range list {
		kind, content, _ := strings.Cut(text, "=")
		switch {
		case !slices.Contains(types, kind):
			return nil, fmt.Errorf("--tested %q must be TYPE=DIGEST with one of the types %s", text, strings.Join(types, ", "))
		case !digest.MatchString(content):
			return nil, fmt.Errorf("--tested %q must be TYPE=DIGEST with a digest of sha256: and 64 lower-case hexadecimal digits", text)
		}
		tested = append(tested, v1alpha1.SubjectArtifact{Type: v1alpha1.ArtifactType(kind), Digest: v1alpha1.Digest(content)})
	}
	return tested, nil
}

// imported are the two objects that an import makes. They have the same name.
type imported struct {
	evaluation *v1alpha1.SafetyEvaluation
	file       *corev1.ConfigMap
	// metric that the requirement asks for.
	metric string
}

// objects makes the objects. The name follows from what is imported, so that importing it again finds it there.
func (o *importOptions) objects(release *v1alpha1.ModelRelease, r *resultFile) (imported, error) {
	subject, err := o.subject(release)
	if err != nil {
		return imported{}, err
	}
	tried, err := parseElicitation(o.elicitation)
	if err != nil {
		return imported{}, err
	}
	name := o.name
	if name == "" {
		name = release.Name + "-" + o.requirement + "-" + r.measurement.SHA256[:10]
	}
	if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
		return imported{}, fmt.Errorf("--name %q cannot name an object: %s", name, strings.Join(problems, "; "))
	}
	meta := func() metav1.ObjectMeta {
		return metav1.ObjectMeta{
			Name: name, Namespace: release.Namespace,
			Labels:      map[string]string{labelManagedBy: managedBy},
			Annotations: map[string]string{annotationFile: r.name()},
		}
	}
	return imported{
		evaluation: &v1alpha1.SafetyEvaluation{
			ObjectMeta: meta(),
			Spec: v1alpha1.SafetyEvaluationSpec{
				Subject:     subject,
				Requirement: o.requirement,
				Elicitation: tried,
				Report: &v1alpha1.Report{
					ConfigMap: &v1alpha1.ConfigMapKey{Name: name, Key: reportKey},
					SHA256:    r.measurement.SHA256,
				},
			},
		},
		file: &corev1.ConfigMap{
			ObjectMeta: meta(),
			Immutable:  new(true),
			BinaryData: map[string][]byte{reportKey: r.stored},
		},
	}, nil
}
