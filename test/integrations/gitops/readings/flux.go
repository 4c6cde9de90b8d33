// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package readings

import (
	"fmt"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// KStatus is what Flux, Helm and Kargo read of an object.
func KStatus(o *unstructured.Unstructured) (status.Status, error) {
	result, err := status.Compute(o)
	if err != nil {
		return status.UnknownStatus, err
	}
	return result.Status, nil
}

// HealthCheck are the healthCheckExprs of a Flux Kustomization for one kind. Current is required.
type HealthCheck struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	InProgress string `json:"inProgress,omitempty"`
	Failed     string `json:"failed,omitempty"`
	Current    string `json:"current"`
}

// Read evaluates the expressions as Flux does: an object that was not observed in its last generation is in progress; then
// inProgress, failed and current are asked in this order; where none is true it is in progress. They are parsed and not
// checked against a schema, so that a field that is not there is an error when it is read, by which Flux waits on.
func (h HealthCheck) Read(o *unstructured.Unstructured) (status.Status, error) {
	observed, found, err := unstructured.NestedInt64(o.Object, "status", "observedGeneration")
	if err != nil {
		return status.UnknownStatus, err
	}
	if found && observed != o.GetGeneration() {
		return status.InProgressStatus, nil
	}
	for _, step := range []struct {
		expression string
		is         status.Status
	}{{h.InProgress, status.InProgressStatus}, {h.Failed, status.FailedStatus}, {h.Current, status.CurrentStatus}} {
		if step.expression == "" {
			continue
		}
		yes, err := holds(step.expression, o.Object)
		if err != nil {
			return status.UnknownStatus, err
		}
		if yes {
			return step.is, nil
		}
	}
	return status.InProgressStatus, nil
}

// holds evaluates an expression over an object in the environment that Flux gives it.
func holds(expression string, object map[string]any) (bool, error) {
	env, err := cel.NewEnv(
		cel.HomogeneousAggregateLiterals(), cel.EagerlyValidateDeclarations(true), cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true), cel.OptionalTypes(), ext.Strings(), ext.Sets(), ext.Encoders(),
	)
	if err != nil {
		return false, err
	}
	parsed, issues := env.Parse(expression)
	if issues.Err() != nil {
		return false, fmt.Errorf("parsing %q: %w", expression, issues.Err())
	}
	program, err := env.Program(parsed, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return false, fmt.Errorf("planning %q: %w", expression, err)
	}
	value, _, err := program.Eval(object)
	if err != nil {
		return false, fmt.Errorf("evaluating %q: %w", expression, err)
	}
	yes, ok := value.(types.Bool)
	if !ok {
		return false, fmt.Errorf("%q is a %s, and must be a bool", expression, value.Type().TypeName())
	}
	return bool(yes), nil
}
