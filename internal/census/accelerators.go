// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package census

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
)

// Accelerators are the prefixes that make the name of a resource one of an accelerator, as the installation's
// admission policies have them.
type Accelerators []string

// DefaultAccelerators are those of config/admission/parameters.yaml as it is shipped. They count where the cluster has
// no admission policy that says which it uses.
func DefaultAccelerators() Accelerators {
	return Accelerators{
		"nvidia.com/", "amd.com/gpu", "google.com/tpu", "aws.amazon.com/neuron", "gpu.intel.com/", "habana.ai/",
		"deviceclass.resource.kubernetes.io/",
	}
}

// Where an installation says what an accelerator is: a variable of an admission policy, whose expression is a CEL list
// of texts.
const (
	// AcceleratorPolicy is the name of the ValidatingAdmissionPolicy.
	AcceleratorPolicy = "scalegate-admit-pods"
	// AcceleratorVariable is the name of its variable.
	AcceleratorVariable = "accelerators"
)

// ExpressionError says that an installation's accelerators cannot be read.
type ExpressionError struct {
	// Expression is what stands where a list should.
	Expression string
}

// Error names the variable and the remedy.
func (e *ExpressionError) Error() string {
	return fmt.Sprintf("variable %s of ValidatingAdmissionPolicy %s is %q: write it as a list of prefixes, such as ['nvidia.com/', 'amd.com/gpu']",
		AcceleratorVariable, AcceleratorPolicy, e.Expression)
}

// AcceleratorsOf are those that the admission policy names. One without the variable, or nil, which stands for a policy
// that does not exist, leaves those of DefaultAccelerators.
func AcceleratorsOf(policy *admissionv1.ValidatingAdmissionPolicy) (Accelerators, error) {
	if policy != nil {
		for _, v := range policy.Spec.Variables {
			if v.Name == AcceleratorVariable {
				return ParseAccelerators(v.Expression)
			}
		}
	}
	return DefaultAccelerators(), nil
}

// ParseAccelerators reads the expression of AcceleratorVariable: a CEL list of texts in quotes, without escapes, which
// may be empty: then no resource is an accelerator. An
// ExpressionError means that it is anything else, and then nobody can say here what an accelerator is.
func ParseAccelerators(expression string) (Accelerators, error) {
	if regexp.MustCompile(`^\s*\[\s*\]\s*$`).MatchString(expression) {
		return Accelerators{}, nil
	}
	list := regexp.MustCompile(`^\s*\[\s*(.*?)\s*,?\s*\]\s*$`).FindStringSubmatch(strings.ReplaceAll(expression, "\n", " "))
	if list == nil {
		return nil, &ExpressionError{Expression: expression}
	}
	text := regexp.MustCompile(`^\s*(?:'([^'"\\]+)'|"([^'"\\]+)")\s*$`)
	var all Accelerators
	for item := range strings.SplitSeq(list[1], ",") {
		words := text.FindStringSubmatch(item)
		if words == nil {
			return nil, &ExpressionError{Expression: expression}
		}
		all = append(all, words[1]+words[2])
	}
	return all, nil
}

// Asked says how a pod asks for an accelerator, such as "resource nvidia.com/gpu"; empty when it does not. That a pod
// is privileged, or mounts a path of the node, is no asking here: device plug-ins and network add-ons do.
func (a Accelerators) Asked(spec *corev1.PodSpec) string {
	if len(spec.ResourceClaims) > 0 {
		return "resource claim " + spec.ResourceClaims[0].Name
	}
	if name := spec.RuntimeClassName; name != nil && strings.HasPrefix(*name, "nvidia") {
		return "runtime class " + *name
	}
	for _, list := range [][]corev1.Container{spec.Containers, spec.InitContainers} {
		for i := range list {
			if how := a.askedBy(&list[i]); how != "" {
				return how
			}
		}
	}
	for i := range spec.EphemeralContainers {
		if name := visibleDevices(spec.EphemeralContainers[i].Env); name != "" {
			return "variable " + name
		}
	}
	return ""
}

func (a Accelerators) askedBy(c *corev1.Container) string {
	if len(c.Resources.Claims) > 0 {
		return "resource claim " + c.Resources.Claims[0].Name
	}
	for _, list := range []corev1.ResourceList{c.Resources.Limits, c.Resources.Requests} {
		var named []string
		for name := range list {
			if slices.ContainsFunc(a, func(prefix string) bool { return strings.HasPrefix(string(name), prefix) }) {
				named = append(named, string(name))
			}
		}
		if len(named) > 0 {
			return "resource " + slices.Min(named)
		}
	}
	if name := visibleDevices(c.Env); name != "" {
		return "variable " + name
	}
	return ""
}

// visibleDevices is the variable by which a container runtime hands devices out without a resource; empty for none.
// Those of the libraries only choose among the devices that the container has.
func visibleDevices(env []corev1.EnvVar) string {
	const suffix = "_VISIBLE_DEVICES"
	for i := range env {
		e := &env[i]
		chooses := slices.Contains([]string{"CUDA", "ROCR", "HIP", "ASCEND_RT"}, strings.TrimSuffix(e.Name, suffix))
		void := e.ValueFrom == nil && slices.Contains([]string{"", "void", "none"}, e.Value)
		if strings.HasSuffix(e.Name, suffix) && !chooses && !void {
			return e.Name
		}
	}
	return ""
}
