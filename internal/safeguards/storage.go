// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// encryptedStorage wants each claim, and each that will be made for a pod, to be of a class of the list. A claim that waits
// to be bound is judged by its class, since some are bound only when a pod is opened.
func encryptedStorage(check v1alpha1.SafeguardCheck, w Workload, s Scene) fault {
	if s.Storage == nil {
		return unread("the claims and StorageClasses")
	}
	var worst fault
	for _, t := range w.ClaimTemplates {
		worst = worst.worse(s.Storage.class(check, "spec.volumeClaimTemplates["+t.Name+"]", classOf(t.Annotations, t.Spec.StorageClassName)))
	}
	for _, v := range w.Spec.Volumes {
		switch {
		case v.Ephemeral != nil:
			var name *string
			if v.Ephemeral.VolumeClaimTemplate != nil {
				name = classOf(v.Ephemeral.VolumeClaimTemplate.Annotations, v.Ephemeral.VolumeClaimTemplate.Spec.StorageClassName)
			}
			worst = worst.worse(s.Storage.class(check, "spec.volumes["+v.Name+"].ephemeral.volumeClaimTemplate", name))
		case v.PersistentVolumeClaim != nil:
			worst = worst.worse(s.Storage.claim(check, v.PersistentVolumeClaim.ClaimName))
		}
	}
	return worst
}

// claim judges one that exists already.
func (s Storage) claim(check v1alpha1.SafeguardCheck, name string) fault {
	claim, exists := s.Claims[name]
	class := classOf(claim.Annotations, claim.Spec.StorageClassName)
	switch {
	case !exists:
		return unknown("its claim %s does not exist: create it with storageClassName %s", name, list(check.StorageClasses))
	case claim.Status.Phase == corev1.ClaimLost:
		return broken("its claim %s has lost its volume: make another", name)
	case class == nil:
		return unknown("its claim %s has no storageClassName yet, so that nobody knows where it will be: set it to %s", name, list(check.StorageClasses))
	}
	return s.class(check, "its claim "+name, class)
}

// classOf is the class of a claim, as Kubernetes reads it: an annotation of old comes before the field.
func classOf(annotations map[string]string, field *string) *string {
	if class, found := annotations[corev1.BetaStorageClassAnnotation]; found {
		return &class
	}
	return field
}

func (s Storage) class(check v1alpha1.SafeguardCheck, where string, name *string) fault {
	remedy := list(check.StorageClasses)
	switch {
	case name == nil:
		return broken("%s has no storageClassName, and the default class may be any: set it to %s", where, remedy)
	case !slices.Contains(check.StorageClasses, *name):
		return broken("%s has storageClassName %q: make it anew with %s", where, *name, remedy)
	case !s.Classes.Has(*name):
		return unknown("%s has storageClassName %s, and no StorageClass of that name exists: create it, or take another", where, *name)
	}
	return fault{}
}

// unread says of what was not read that nothing is known about it.
func unread(what string) fault {
	return unknown("%s could not be read, and are read again: see the log of the manager", what)
}
