// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import "strings"

// lmEvalJob reads LMEvalJob objects of TrustyAI, as YAML or JSON: of a file, or the live object. The
// results in its status are a file of lm-evaluation-harness.
type lmEvalJob struct{}

func (lmEvalJob) name() Format { return LMEvalJob }

func (lmEvalJob) sections() []string {
	return []string{"apiVersion", "kind", "metadata", "spec", "status"}
}

func (lmEvalJob) claims(f *file) bool {
	if f.document == nil || !f.document.is("apiVersion", '"') || !f.document.is("kind", '"') {
		return false
	}
	var version, kind string
	if err := f.document.decodeAll(field{"apiVersion", &version}, field{"kind", &kind}); err != nil {
		return false
	}
	return strings.HasPrefix(version, "trustyai.opendatahub.io/") && kind == "LMEvalJob"
}

type lmEvalJobMeta struct {
	UID string `json:"uid"`
}

type lmEvalJobSpec struct {
	Limit     word `json:"limit"`
	ModelArgs []struct {
		Name  string `json:"name"`
		Value word   `json:"value"`
	} `json:"modelArgs"`
}

type lmEvalJobStatus struct {
	State        string `json:"state"`
	Reason       string `json:"reason"`
	CompleteTime string `json:"completeTime"`
	Results      string `json:"results"`
}

func (lmEvalJob) measure(f *file) (Measurement, error) {
	var meta lmEvalJobMeta
	var spec lmEvalJobSpec
	var status lmEvalJobStatus
	if err := f.document.decodeAll(field{"metadata", &meta}, field{"spec", &spec}, field{"status", &status}); err != nil {
		return Measurement{}, err
	}
	m, err := lmEvalJobResults(status.Results, f.document.limits)
	if err != nil {
		return Measurement{}, err
	}
	m.RunID = meta.UID
	if model := spec.model(); model != "" {
		if m.Model != "" && m.Model != model {
			m.Warnings = append(m.Warnings, "spec.modelArgs and status.results name different models; that of spec.modelArgs is taken")
		}
		m.Model = model
	}
	if m.Limit == "" && spec.Limit != "" {
		m.Limit = string(spec.Limit)
		m.Warnings = append(m.Warnings, "only a part of each data set was run (spec.limit "+cut(m.Limit)+")")
	}
	for _, field := range []struct{ path, value string }{
		{"metadata.uid", m.RunID}, {"spec.modelArgs", m.Model}, {"spec.limit", m.Limit},
	} {
		if err := checkName(field.path, field.value); err != nil {
			return Measurement{}, err
		}
	}
	ended, local, err := claimedTime("status.completeTime", status.CompleteTime)
	switch {
	case err != nil:
		return Measurement{}, err
	case local:
		return Measurement{}, unreadable("\"status.completeTime\" is not an RFC 3339 time")
	case ended != nil:
		m.Ended = ended
	}
	m.Finished, m.EndMarker = true, `state is "Complete" and reason is "Succeeded"`
	if m.Unfinished = status.unfinished(); m.Unfinished != "" {
		m.Finished, m.EndMarker = false, ""
	}
	return m, nil
}

// lmEvalJobResults reads the results in the status, which a job has only at its end.
func lmEvalJobResults(results string, limits Limits) (Measurement, error) {
	if strings.TrimSpace(results) == "" {
		return Measurement{Tool: "lm-evaluation-harness"}, nil
	}
	nested, err := nestedDocument(results, wanted([]format{lmEval{}}), limits)
	if err != nil {
		return Measurement{}, inMember("status.results", err)
	}
	// What it is, the job says; the operator may have cut the members down that tell the versions apart.
	if !nested.is("results", '{') || !nested.is("versions", '{') {
		return Measurement{}, unreadable("\"status.results\" is no result file of lm-evaluation-harness")
	}
	m, err := measureLMEval(nested)
	return m, inMember("status.results", err)
}

// model is the model the job was told to load.
func (s lmEvalJobSpec) model() string {
	for _, name := range []string{"pretrained", "model"} {
		for _, arg := range s.ModelArgs {
			if arg.Name == name {
				return string(arg.Value)
			}
		}
	}
	return ""
}

// unfinished says why the job is not one that ended well, or nothing.
func (s lmEvalJobStatus) unfinished() string {
	switch {
	case s.State == "Complete" && s.Reason == "Succeeded" && strings.TrimSpace(s.Results) == "":
		return "the job succeeded, but status.results is empty"
	case s.State == "Complete" && s.Reason == "Succeeded":
		return ""
	case s.State == "Complete":
		return "status.state is Complete, but status.reason is not Succeeded: the job failed or was cancelled"
	case s.State == "Cancelled":
		return "status.state is Cancelled: somebody stopped the job"
	case s.State == "New", s.State == "Scheduled", s.State == "Running", s.State == "Suspended":
		return "status.state is " + s.State + ": the job has not ended"
	}
	return "status.state is none of New, Scheduled, Running, Complete, Cancelled and Suspended"
}
