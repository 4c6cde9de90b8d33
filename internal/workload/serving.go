// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// checkServing compares command, args and env with the declaration, and keeps what they
// say after expansion.
func checkServing(c *container) *Mismatch {
	free, found := parseFreeValues(c.serving)
	if found != nil {
		return found
	}
	env, found := matchEnv(c, free)
	if found != nil {
		return found
	}
	c.env = literals(env)
	for _, list := range []struct {
		name           string
		declared, live []string
	}{{"command", c.serving.Command, c.Command}, {"args", c.serving.Args, c.Args}} {
		texts, found := matchList(c.path+"."+list.name, list.declared, list.live, free)
		if found != nil {
			return found
		}
		for _, t := range texts {
			if t, found = expand(t, env); found != nil {
				return found
			}
			c.argv = append(c.argv, t)
		}
	}
	if found := checkProgram(c); found != nil {
		return found
	}
	return checkTerminationMessage(c)
}

// matchList compares a command or argument list with the declared one, item by item.
func matchList(field string, declared, live []string, free freeValues) ([]text, *Mismatch) {
	var texts []text
	for i, want := range declared {
		at := index(field, i)
		if i >= len(live) {
			return nil, mismatch(at, "write the list as the release declares it", "is missing, and the release declares %s", quote(want))
		}
		t, found := free.match(at, want, live[i])
		if found != nil {
			return nil, found
		}
		texts = append(texts, t)
	}
	if len(live) > len(declared) {
		return nil, mismatch(index(field, len(declared)), "remove it, or add it to the release's serving",
			"is %s, and the release declares %s items", quote(live[len(declared)]), strconv.Itoa(len(declared)))
	}
	return texts, nil
}

// variable is a matched environment variable after expansion.
type variable struct {
	text
	// literal says that the value stands in the pod.
	literal bool
}

func literals(env map[string]variable) map[string]text {
	texts := make(map[string]text, len(env))
	for name, v := range env {
		if v.literal {
			texts[name] = v.text
		}
	}
	return texts
}

// matchEnv compares the variables with the declared ones as a set. The pod's order counts
// where one value refers to another: Kubernetes expands from the variables before it.
func matchEnv(c *container, free freeValues) (map[string]variable, *Mismatch) {
	env := make(map[string]variable, len(c.Env))
	for _, live := range c.Env {
		field := item(c.path+".env", live.Name)
		if _, twice := env[live.Name]; twice {
			return nil, mismatch(field, "set it once", "is set twice, and the last one counts")
		}
		i := slices.IndexFunc(c.serving.Env, func(e v1alpha1.ServingEnvVar) bool { return e.Name == live.Name })
		if i < 0 {
			return nil, mismatch(field, "remove it, or add it to env of the release's serving", "is a variable that the release does not declare")
		}
		v, found := matchVariable(field, &c.serving.Env[i], live, free)
		if found != nil {
			return nil, found
		}
		if v.literal {
			if v.text, found = expand(v.text, env); found != nil {
				return nil, found
			}
		}
		env[live.Name] = v
	}
	for _, want := range c.serving.Env {
		if _, ok := env[want.Name]; !ok {
			return nil, mismatch(item(c.path+".env", want.Name), "set it as the release declares it", "is missing, and the release declares it")
		}
	}
	return env, nil
}

func matchVariable(field string, want *v1alpha1.ServingEnvVar, live corev1.EnvVar, free freeValues) (variable, *Mismatch) {
	if want.Source == v1alpha1.EnvSecret {
		return variable{}, matchSecret(field, live)
	}
	if live.ValueFrom != nil {
		return variable{}, matchAddress(field, want, live)
	}
	declared := ""
	if want.Value != nil {
		declared = *want.Value
	}
	t, found := free.match(field+".value", declared, live.Value)
	return variable{text: t, literal: true}, found
}

// matchSecret accepts a key of any Secret, unless the variable steers the program.
func matchSecret(field string, live corev1.EnvVar) *Mismatch {
	from := live.ValueFrom
	if from == nil || from.SecretKeyRef == nil || countSources(from) != 1 {
		return mismatch(field+".valueFrom.secretKeyRef", "take the value from a key of a Secret",
			"is missing, and the release declares the variable with source Secret")
	}
	if steersProgram(live.Name) {
		return mismatch(field+".valueFrom.secretKeyRef", "declare the variable with its value in the release's serving",
			"hides a value that decides what is served, and a Secret identifies nothing")
	}
	return nil
}

// matchAddress accepts the addresses and the UID of the pod for a variable that is declared
// as a literal without a value: servers need them to find each other, and nobody chooses
// them. Names, labels, annotations and everything else that people choose are refused.
func matchAddress(field string, want *v1alpha1.ServingEnvVar, live corev1.EnvVar) *Mismatch {
	from := live.ValueFrom
	field += ".valueFrom"
	switch {
	case countSources(from) != 1:
		return mismatch(field, "write the value itself", "names no source, or several")
	case from.ConfigMapKeyRef != nil:
		return mismatch(field+".configMapKeyRef", "write the value itself in env, and declare it in the release's serving",
			"takes the value from a ConfigMap, which can change while the template stays")
	case from.SecretKeyRef != nil:
		return mismatch(field+".secretKeyRef", "declare the variable with source Secret in the release's serving, or write the value",
			"takes the value from a Secret, and the release declares a literal")
	case from.FieldRef == nil:
		return mismatch(field, "write the value itself in env, and declare it in the release's serving",
			"takes the value from a file or from resource sizes, which the template does not show")
	}
	address := slices.Contains([]string{"status.podIP", "status.podIPs", "status.hostIP", "status.hostIPs", "metadata.uid"}, from.FieldRef.FieldPath)
	_, namesContent := contentOf(variables(), live.Name)
	switch {
	case !address:
		return mismatch(field+".fieldRef.fieldPath", "write the value itself; only the pod's addresses and metadata.uid may be taken from the pod",
			"is %s, which people choose", quote(from.FieldRef.FieldPath))
	case want.Value != nil || namesContent:
		return mismatch(field+".fieldRef", "set the declared value, or declare the variable without a value",
			"takes the value from the pod, and the release declares one")
	}
	return nil
}

func countSources(from *corev1.EnvVarSource) int {
	n := 0
	for _, set := range []bool{from.FieldRef != nil, from.ResourceFieldRef != nil, from.ConfigMapKeyRef != nil,
		from.SecretKeyRef != nil, from.FileKeyRef != nil} {
		if set {
			n++
		}
	}
	return n
}
