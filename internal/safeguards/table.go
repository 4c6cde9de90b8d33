// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import "github.com/scalegate/scalegate/api/v1alpha1"

// row is a type of check.
type row struct {
	kind v1alpha1.SafeguardType
	// workload judges one pod or template, and place where it serves; nil where the check is not about that.
	workload func(v1alpha1.SafeguardCheck, Workload, Scene) fault
	place    func(v1alpha1.SafeguardCheck, Scene) fault
	// inPlace, lookedAt and cannotSee are told of the check, at most 512 bytes each.
	inPlace, lookedAt, cannotSee string
}

// of judges one workload, and names it.
func (r row) of(check v1alpha1.SafeguardCheck, w Workload, s Scene) fault {
	if w.Spec == nil {
		return unknown("%s %s could not be read: see the log of the manager", w.Kind, w.Name)
	}
	f := r.workload(check, w, s)
	if !f.none() {
		f.text = w.Kind + " " + w.Name + ": " + f.text
	}
	return f
}

func rowOf(kind v1alpha1.SafeguardType) (row, bool) {
	for _, r := range rows() {
		if r.kind == kind {
			return r, true
		}
	}
	return row{}, false
}

func rows() []row {
	return append(podRows(), placeRows()...)
}

func podRows() []row {
	return []row{
		{
			kind: v1alpha1.SafeguardImagesPinned, workload: imagesPinned,
			inPlace:   "every image is named by digest",
			lookedAt:  "the images of all containers, init containers and ephemeral containers of the pods that serve, and their image volumes",
			cannotSee: "what a node has under that name already, where its runtime was filled by hand; what a container loads once it runs",
		},
		{
			kind: v1alpha1.SafeguardEgressBandwidthLimited, workload: egressBandwidthLimited,
			inPlace:  "every pod has an egress bandwidth within the limit",
			lookedAt: "the annotation kubernetes.io/egress-bandwidth of the pods that serve, and whether they use the network of the node",
			cannotSee: "whether the network plug-in of the node reads the annotation; an annotation that was changed after the pod started, " +
				"which takes no effect; how much all pods send together",
		},
		{
			kind: v1alpha1.SafeguardRuntimeClass, workload: runtimeClass,
			inPlace:   "every pod has one of the runtime classes",
			lookedAt:  "spec.runtimeClassName of the pods that serve",
			cannotSee: "how the runtime on the node that the class names is configured, and how strongly it isolates",
		},
		{
			kind: v1alpha1.SafeguardReadOnlyWeights, workload: readOnlyWeights,
			inPlace:  "no volume that was not made for its pod can be written to",
			lookedAt: "the volumes, mounts, devices and security contexts of all containers of the pods that serve",
			cannotSee: "weights that a container copies into its own file system or into a volume that was made for the pod; " +
				"who else writes to a volume that others mount too",
		},
		{
			kind: v1alpha1.SafeguardSafeguardContainer, workload: safeguardContainer, place: safeguardDeclared,
			inPlace:   "every pod runs each artifact of type Safeguard by its digest",
			lookedAt:  "spec.artifacts of the release, and the images of the containers that stay and the image volumes they mount, of the pods that serve",
			cannotSee: "whether the traffic goes through the container, and whether it refuses what it should",
		},
		{
			kind: v1alpha1.SafeguardNoServiceAccountToken, workload: noServiceAccountToken,
			inPlace:   "no pod is given a token",
			lookedAt:  "the projected volumes of the pods that serve, and spec.automountServiceAccountToken of templates",
			cannotSee: "a token in a Secret, in an image or from a CSI driver; credentials that the node or its metadata service give to whoever asks",
		},
		{
			kind: v1alpha1.SafeguardEgressDenied, workload: egressDenied,
			inPlace:  "a NetworkPolicy denies by default what every pod sends, and none allows every destination",
			lookedAt: "the NetworkPolicies of the namespace that select the pods that serve, and whether these use the network of the node",
			cannotSee: "whether the network plug-in enforces NetworkPolicies; policies of other kinds, which may allow more; " +
				"how many namespaces a selector matches; what an allowed destination passes on; name lookups as a way out",
		},
		{
			kind: v1alpha1.SafeguardEncryptedStorage, workload: encryptedStorage,
			inPlace:  "every claim is of one of the storage classes",
			lookedAt: "the claims that the pods that serve mount, claim templates, and which StorageClasses exist",
			cannotSee: "whether a class does encrypt, which the list is trusted for; a PersistentVolume that was made by hand and " +
				"says the class; the disk of the node, which emptyDir, images and logs are on; volumes that are no claim",
		},
	}
}

func placeRows() []row {
	return []row{
		{
			kind: v1alpha1.SafeguardDedicatedNamespace, place: dedicatedNamespace,
			inPlace:   "nothing but this release is in the namespace, and every pod in it must claim a release",
			lookedAt:  "the label scalegate.dev/claims of the namespace, and its pods that have not ended",
			cannotSee: "what shares the nodes with it; static pods that a node runs without the API server",
		},
		{
			kind: v1alpha1.SafeguardPodSecurityRestricted, place: podSecurityRestricted,
			inPlace:  "the namespace enforces the Pod Security Standard restricted",
			lookedAt: "the labels pod-security.kubernetes.io/enforce and enforce-version of the namespace",
			cannotSee: "pods from before the label, which stay; users, runtime classes and namespaces that the API server's configuration " +
				"exempts, and its default version; whether the admission plug-in PodSecurity is on",
		},
		{
			kind: v1alpha1.SafeguardNoTenantExec, place: noTenantExec,
			inPlace:  "nobody who is not exempt may exec into pods here, attach, forward ports or proxy to them",
			lookedAt: "the Roles, ClusterRoles and their bindings that reach into the namespace: who has the right to do it and, where the gate is enforced, the verb connect that Scalegate wants as well",
			cannotSee: "who is in a group; other authorizers than RBAC; who may impersonate, or give himself rights; " +
				"rights on nodes/proxy, the node itself, and the sockets of its runtime",
		},
	}
}
