// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers is what Scalegate does in a cluster: it gathers what the decision needs,
// lets package gate decide, acts on the decision and reports it. Nothing here judges evidence.
//
// The order of acting is part of the safety of it. What opens reads the API server, not a cache,
// and writes the clearance before it lifts a hold. What closes withdraws the clearance before it
// deletes a pod. A read that failed decides nothing: what was enforced stays as it was.
package controllers

// The rights of the manager, from which config/rbac/role.yaml is generated.
//
// +kubebuilder:rbac:groups=scalegate.dev,resources=safetypolicies;modelreleases;safetyevaluations;adversefindings,verbs=get;list;watch
// +kubebuilder:rbac:groups=scalegate.dev,resources=safetypolicies/status;modelreleases/status;safetyevaluations/status;adversefindings/status,verbs=get;update;patch
// +kubebuilder:rbac:groups=scalegate.dev,resources=adversefindings,verbs=create
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch;patch;delete
// +kubebuilder:rbac:groups="",resources=pods/eviction,verbs=create
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=apps,resources=replicasets,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=apiextensions.k8s.io,resources=customresourcedefinitions,verbs=get;list;watch
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=mutatingwebhookconfigurations;mutatingadmissionpolicies;mutatingadmissionpolicybindings,verbs=get;list;watch
// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
