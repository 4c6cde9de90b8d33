// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"slices"
	"strings"
)

// Watched tells whether a served resource, given as its group version and its name, belongs to the kinds that the catalogue answers
// for: everything in the groups that make pods, what opens a pod or a Namespace, and our own.
func Watched(door string) bool {
	groupVersion, resource, _ := strings.Cut(door, " ")
	group, _, found := strings.Cut(groupVersion, "/")
	if !found {
		group = ""
	}
	switch group {
	case "apps", "batch", ownGroup:
		return true
	case "":
		root, _, _ := strings.Cut(resource, "/")
		return slices.Contains([]string{"pods", "namespaces", "replicationcontrollers", "podtemplates", "bindings", "services"}, root)
	case "apiextensions.k8s.io":
		return true
	default:
		return false
	}
}

// Doors are the watched resources that the catalogue knows, as group version and name.
func Doors() []string {
	doors := []string{
		"v1 bindings", "v1 podtemplates", "v1 services", "v1 services/proxy", "v1 services/status",
		"v1 namespaces", "v1 namespaces/finalize", "v1 namespaces/status",
	}
	for _, sub := range []string{
		"", "/attach", "/binding", "/ephemeralcontainers", "/eviction", "/exec", "/log", "/portforward", "/proxy", "/resize", "/status",
	} {
		doors = append(doors, "v1 pods"+sub)
	}
	for resource, subs := range map[string][]string{
		"v1 replicationcontrollers": {"", "/scale", "/status"}, "apps/v1 controllerrevisions": {""},
		"apps/v1 deployments": {"", "/scale", "/status"}, "apps/v1 replicasets": {"", "/scale", "/status"},
		"apps/v1 statefulsets": {"", "/scale", "/status"}, "apps/v1 daemonsets": {"", "/status"},
		"batch/v1 jobs": {"", "/status"}, "batch/v1 cronjobs": {"", "/status"},
		"apiextensions.k8s.io/v1 customresourcedefinitions": {"", "/status"},
		ownGroup + "/v1alpha1 safetypolicies":               {"", "/status"}, ownGroup + "/v1alpha1 modelreleases": {"", "/status"},
		ownGroup + "/v1alpha1 safetyevaluations": {"", "/status"}, ownGroup + "/v1alpha1 adversefindings": {"", "/status"},
		ownGroup + "/v1alpha1 evaluationsuites": {"", "/status"}, ownGroup + "/v1alpha1 releaseapprovals": {"", "/status"},
		ownGroup + "/v1alpha1 releasewaivers": {"", "/status"}, ownGroup + "/v1alpha1 releasedeterminations": {"", "/status"},
		ownGroup + "/v1alpha1 policyapprovals": {"", "/status"}, ownGroup + "/v1alpha1 policyrevisions": {"", "/status"},
		ownGroup + "/v1alpha1 gatedecisions": {"", "/status"},
	} {
		for _, sub := range subs {
			doors = append(doors, resource+sub)
		}
	}
	slices.Sort(doors)
	return doors
}
