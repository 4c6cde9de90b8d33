// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"strings"
)

const (
	// maxWarning is the length in bytes at which the API server cuts a warning.
	maxWarning = 256
	// maxRequirements is how many requirements are named one by one.
	maxRequirements = 5
	// maxReason is how many bytes of a requirement's own message a rejection repeats.
	maxReason = 300
)

// warnings say what is missing, one thing a warning, none longer than the API server shows.
func (j *judgement) warnings() []string {
	lines := []string{j.headline() + "; " + j.command()}
	lines = append(lines, j.obstacles(false)...)
	return clipped(lines)
}

// denial says in full sentences why a workload is rejected.
func (j *judgement) denial(because string) string {
	sentences := []string{j.headline(), because}
	sentences = append(sentences, j.obstacles(true)...)
	sentences = append(sentences, "To see all of it, "+j.command())
	for i, s := range sentences {
		sentences[i] = sentence(s)
	}
	return strings.Join(sentences, " ")
}

// headline names the workload, the release and what is the matter.
func (j *judgement) headline() string {
	switch {
	case !j.found:
		return fmt.Sprintf("%s claims ModelRelease %s, which does not exist in namespace %s", j.subject(), j.release, j.namespace)
	case !j.granted:
		return fmt.Sprintf("%s is not cleared: ModelRelease %s is not granted the exposure %s", j.subject(), j.release, j.exposure)
	default:
		return fmt.Sprintf("%s is not cleared: it does not match ModelRelease %s", j.subject(), j.release)
	}
}

func (j *judgement) subject() string {
	if j.name == "" {
		return j.kind
	}
	return j.kind + " " + j.name
}

func (j *judgement) command() string {
	return fmt.Sprintf("run: scalegate explain modelrelease %s -n %s", j.release, j.namespace)
}

// obstacles are what stands between the template and a clearance, each in words of its own.
func (j *judgement) obstacles(full bool) []string {
	if !j.found {
		return []string{"create the release, or correct the label scalegate.dev/release of the pod template"}
	}
	var lines []string
	if !j.granted {
		lines = j.evidence(full)
	}
	if j.mismatch != nil {
		lines = append(lines, "in the pod template, "+j.mismatch.String())
	}
	return lines
}

// evidence says which requirements are missing, or what else refuses the exposure.
func (j *judgement) evidence(full bool) []string {
	missing := j.missing()
	if len(missing) == 0 {
		return []string{j.refusal()}
	}
	var lines []string
	for i, r := range missing {
		if i == maxRequirements {
			lines = append(lines, fmt.Sprintf("and %d more requirements", len(missing)-i))
			break
		}
		line := fmt.Sprintf("requirement %s is %s", r.Name, r.State)
		if full && r.Message != "" {
			line += ": " + clip(r.Message, maxReason)
		}
		lines = append(lines, line)
	}
	return lines
}

// refusal is why an exposure is refused that no requirement blocks.
func (j *judgement) refusal() string {
	if x := j.exposureResult(); x != nil && x.Message != "" {
		return x.Message
	}
	if j.decision.Message != "" && len(j.decision.Exposures) == 0 {
		return j.decision.Message
	}
	return fmt.Sprintf("SafetyPolicy %s has no exposure %s: correct the label scalegate.dev/exposure of the pod template", j.policy, j.exposure)
}

func clipped(lines []string) []string {
	for i, line := range lines {
		lines[i] = clip(line, maxWarning)
	}
	return lines
}

// clip cuts a text to at most so many bytes, between characters.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const mark = "..."
	return strings.ToValidUTF8(text[:most-len(mark)], "") + mark
}

// sentence begins a text with a capital letter and ends it with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}
