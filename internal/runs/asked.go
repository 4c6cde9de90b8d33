// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"strings"

	batchv1 "k8s.io/api/batch/v1"
)

const metricFlag = "--metric="

// Metric is the selector that the Job was made to look for: the template of a Job does not change, and the policy may have
// meanwhile. Empty for nil, and for a Job that Render did not make.
func Metric(job *batchv1.Job) string {
	if job == nil {
		return ""
	}
	for i := range job.Spec.Template.Spec.Containers {
		c := &job.Spec.Template.Spec.Containers[i]
		if c.Name != CollectContainer {
			continue
		}
		for _, arg := range c.Args {
			if metric, ok := strings.CutPrefix(arg, metricFlag); ok {
				return strings.ReplaceAll(metric, "$$", "$")
			}
		}
	}
	return ""
}
