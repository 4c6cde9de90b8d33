// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	labelEnforce        = "pod-security.kubernetes.io/enforce"
	labelEnforceVersion = "pod-security.kubernetes.io/enforce-version"
	levelRestricted     = "restricted"
	versionLatest       = "latest"
	// leastMinor is the minor version 1 of which has the standard restricted as it is since: older ones ask for less.
	leastMinor = 25
)

func podSecurityRestricted(_ v1alpha1.SafeguardCheck, s Scene) fault {
	if s.Labels == nil {
		return unread("the labels of the namespace")
	}
	if level := s.Labels[labelEnforce]; level != levelRestricted {
		return broken("namespace %s: its label %s is %s: set it to %s", s.Namespace, labelEnforce, cmp.Or(level, "not set"), levelRestricted)
	}
	version := cmp.Or(s.Labels[labelEnforceVersion], versionLatest)
	text, ofOne := strings.CutPrefix(version, "v1.")
	minor, err := strconv.ParseUint(text, 10, 16)
	if version == versionLatest || ofOne && err == nil && minor >= leastMinor {
		return fault{}
	}
	return broken("namespace %s: its label %s is %s, and restricted asks for less there: set it to %s, or take it away",
		s.Namespace, labelEnforceVersion, version, versionLatest)
}

func dedicatedNamespace(_ v1alpha1.SafeguardCheck, s Scene) fault {
	if s.Labels == nil {
		return unread("the labels of the namespace")
	}
	if s.Labels[v1alpha1.LabelClaims] != v1alpha1.ClaimsAll {
		return broken("namespace %s: its label %s is not %s, so that pods may come that claim no release: set it",
			s.Namespace, v1alpha1.LabelClaims, v1alpha1.ClaimsAll)
	}
	if s.Inhabitants == nil || s.Release == nil {
		return unread("the pods of the namespace")
	}
	others := slices.DeleteFunc(slices.Sorted(maps.Keys(*s.Inhabitants)), func(pod string) bool { return (*s.Inhabitants)[pod] == s.Release.Name })
	if len(others) == 0 {
		return fault{}
	}
	whose := "claims no release"
	if release := (*s.Inhabitants)[others[0]]; release != "" {
		whose = "claims release " + release
	}
	more := ""
	if len(others) > 1 {
		more = " (and " + strconv.Itoa(len(others)-1) + " more)"
	}
	return broken("pod %s in namespace %s %s%s: move what is not of release %s to another namespace", others[0], s.Namespace, whose, more, s.Release.Name)
}
