// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"fmt"
	"regexp"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
)

// ParametersName is the name of the ConfigMap that holds the parameters.
const ParametersName = "scalegate-admission-parameters"

// parametersGuard is the name of the policy that guards that ConfigMap, and of its binding, which says where.
const parametersGuard = Prefix + "guard-parameters"

// ParametersIn lets the binding of the policy that guards the ConfigMap with the parameters guard it in that namespace: the
// manifests hold the one of a default installation. The objects of the set are changed.
func (s Set) ParametersIn(namespace string) {
	binding, ok := s[ID{KindValidatingBinding, parametersGuard}].(*admissionv1.ValidatingAdmissionPolicyBinding)
	if ok && binding.Spec.MatchResources != nil && binding.Spec.MatchResources.NamespaceSelector != nil {
		binding.Spec.MatchResources.NamespaceSelector.MatchLabels[corev1.LabelMetadataName] = namespace
	}
}

// ControllerParameter names the one identity that may clear and lift holds.
const ControllerParameter = "controller"

// Parameters are the values that an installation gives to variables of its policies, by the
// variable's name. Each is a CEL literal: a string, or a list of strings.
type Parameters map[string]string

// literal is what a parameter may be. An expression would let whoever writes the ConfigMap decide
// what a policy does.
const text = `'[^'"\\\x00-\x1f]*'`

// Controller is the user name of the one identity that may clear, without quotes; empty when the
// parameter is not a string.
func (p Parameters) Controller() string {
	value := strings.TrimSpace(p[ControllerParameter])
	if len(value) < 2 || value[0] != '\'' {
		return ""
	}
	return value[1 : len(value)-1]
}

// check returns an error that names the first parameter which is missing or no literal.
func (p Parameters) check(names []string) error {
	literal := regexp.MustCompile(`^\s*(` + text + `|\[\s*(` + text + `(\s*,\s*` + text + `)*)?\s*\])\s*$`)
	for _, name := range names {
		value, ok := p[name]
		switch {
		case !ok:
			return fmt.Errorf("ConfigMap %s: data.%s is missing: apply config/admission, which has a default for it", ParametersName, name)
		case !literal.MatchString(value):
			return fmt.Errorf("ConfigMap %s: data.%s is neither a string in single quotes, such as 'a', nor a list of them, such as ['a', 'b']", ParametersName, name)
		}
	}
	return nil
}
