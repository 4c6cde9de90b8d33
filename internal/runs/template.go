// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	strictjson "sigs.k8s.io/json"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// templates are those of a suite, decoded.
type templates struct {
	job batchv1.JobTemplateSpec
	// server is nil where the suite has none.
	server *corev1.PodTemplateSpec
}

func jobPath() *field.Path { return field.NewPath("spec", "jobTemplate") }

func serverPath() *field.Path { return field.NewPath("spec", "server", "podTemplate") }

// decodeTemplates decodes the templates of a suite strictly: the API server stores them as they are written, so a
// misspelt field would be lost without a word.
func decodeTemplates(suite *v1alpha1.EvaluationSuite) (templates, field.ErrorList) {
	var t templates
	problems := decodeStrictly(jobPath(), suite.Spec.JobTemplate, &t.job)
	if suite.Spec.Server != nil {
		t.server = &corev1.PodTemplateSpec{}
		problems = append(problems, decodeStrictly(serverPath(), suite.Spec.Server.PodTemplate, t.server)...)
	}
	return t, problems
}

func decodeStrictly(path *field.Path, template runtime.RawExtension, into any) field.ErrorList {
	raw := bytes.TrimSpace(template.Raw)
	if len(raw) == 0 && template.Object != nil {
		var err error
		if raw, err = json.Marshal(template.Object); err != nil {
			return field.ErrorList{field.Invalid(path, "", "it cannot be written as JSON")}
		}
	}
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return field.ErrorList{field.Required(path, "write the template that is to be run")}
	}
	strict, err := strictjson.UnmarshalStrict(raw, into)
	if err != nil {
		return field.ErrorList{undecodable(path, err)}
	}
	var problems field.ErrorList
	for _, err := range strict {
		problems = append(problems, strictProblem(path, err))
	}
	return problems
}

// undecodable names the member whose type is wrong, where the decoder knows it.
func undecodable(path *field.Path, err error) *field.Error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return field.TypeInvalid(below(path, wrong.Field), wrong.Value, "the field is not of this type: see kubectl explain job.spec")
	}
	return field.TypeInvalid(path, field.OmitValueType{}, tidy(shorten(err.Error(), 200))+": correct the value")
}

// strictProblem is about a member that is unknown or there twice.
func strictProblem(path *field.Path, err error) *field.Error {
	named, ok := errors.AsType[strictjson.FieldError](err)
	if !ok {
		return field.Invalid(path, field.OmitValueType{}, tidy(shorten(err.Error(), 200)))
	}
	at := below(path, named.FieldPath())
	if strings.HasPrefix(err.Error(), "duplicate") {
		return field.Invalid(at, field.OmitValueType{}, "the field is there twice: remove one")
	}
	return field.Invalid(at, field.OmitValueType{}, "there is no such field: correct its name, case and indentation, or remove it")
}

// below is a path that a decoder wrote, below path.
func below(path *field.Path, written string) *field.Path {
	if written == "" {
		return path
	}
	return field.NewPath(path.String() + "." + shorten(tidy(written), 200))
}
