// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import "slices"

// harmless makes rows for harmless fields, from pairs of path and reason.
func harmless(prefix string, pairs ...[2]string) []Field {
	fields := make([]Field, 0, len(pairs))
	for _, p := range pairs {
		fields = append(fields, Field{Path: prefix + p[0], Class: Harmless, Reason: p[1]})
	}
	return fields
}

// matched makes rows for fields that are compared or judged, from pairs of path and reason.
func matched(prefix string, pairs ...[2]string) []Field {
	fields := make([]Field, 0, len(pairs))
	for _, p := range pairs {
		fields = append(fields, Field{Path: prefix + p[0], Class: Matched, Reason: p[1]})
	}
	return fields
}

// refused makes rows for refused fields, from triples of path, reason and remedy.
func refused(prefix string, triples ...[3]string) []Field {
	fields := make([]Field, 0, len(triples))
	for _, p := range triples {
		fields = append(fields, Field{Path: prefix + p[0], Class: Refused, Reason: p[1], Remedy: p[2]})
	}
	return fields
}

func metadataFields() []Field {
	const server = "written by the API server or for bookkeeping"
	return slices.Concat(
		matched("metadata.", [2]string{"annotations", "most only inform; those that make a container runtime add mounts, devices or code are refused by their prefix"}),
		harmless("metadata.",
			[2]string{"name", "a name, which no container is allowed to read"},
			[2]string{"generateName", "a name, which no container is allowed to read"},
			[2]string{"namespace", server},
			[2]string{"selfLink", server},
			[2]string{"uid", server},
			[2]string{"resourceVersion", server},
			[2]string{"generation", server},
			[2]string{"creationTimestamp", server},
			[2]string{"deletionTimestamp", server},
			[2]string{"deletionGracePeriodSeconds", server},
			[2]string{"labels", "select and claim; no container is allowed to read them"},
			[2]string{"ownerReferences", "who made the pod is judged where clearances are"},
			[2]string{"finalizers", server},
			[2]string{"managedFields", server}))
}

func podFields() []Field {
	const schedule = "when and where the pod runs, not what"
	return slices.Concat(
		refused("spec.",
			[3]string{"ephemeralContainers", "a debugging container can start another server or change this one", "delete the pod and debug a copy in a namespace that is not governed"},
			[3]string{"hostNetwork", "the pod would share the node's network with what else runs there", "remove it"},
			[3]string{"hostPID", "the pod would see and could change other processes of the node", "remove it"},
			[3]string{"hostIPC", "other processes of the node could share memory with the server", "remove it, and mount an emptyDir with medium Memory at /dev/shm"},
			[3]string{"shareProcessNamespace", "one container could change the processes of another", "remove it"},
			[3]string{"hostAliases", "names of hosts would be redirected", "remove it, and let the cluster's DNS answer"},
			[3]string{"dnsConfig.nameservers", "names of hosts would be answered by somebody else", "remove it; dnsConfig.options may stay"},
			[3]string{"dnsConfig.searches", "short names of hosts would mean something else", "remove it, and write full names; dnsConfig.options may stay"}),
		matched("spec.",
			[2]string{"enableServiceLinks", "must be false: otherwise every Service of the namespace adds environment variables"},
			[2]string{"dnsPolicy", "None is refused: it takes name servers from the pod"},
			[2]string{"os.name", "only linux: paths and mounts are judged by its rules"}),
		harmless("spec.",
			[2]string{"restartPolicy", schedule},
			[2]string{"terminationGracePeriodSeconds", schedule},
			[2]string{"activeDeadlineSeconds", schedule},
			[2]string{"nodeSelector", schedule},
			[2]string{"nodeName", schedule},
			[2]string{"affinity", schedule},
			[2]string{"tolerations", schedule},
			[2]string{"topologySpreadConstraints", schedule},
			[2]string{"schedulerName", schedule},
			[2]string{"schedulingGates", schedule},
			[2]string{"schedulingGroup", schedule},
			[2]string{"priorityClassName", schedule},
			[2]string{"priority", schedule},
			[2]string{"preemptionPolicy", schedule},
			[2]string{"readinessGates", schedule},
			[2]string{"evictionResponders", schedule},
			[2]string{"runtimeClassName", "how strongly the pod is isolated; a class is installed by whoever runs the nodes"},
			[2]string{"overhead", "accounting of the runtime class"},
			[2]string{"resources", "sizes"},
			[2]string{"resourceClaims", "accelerators; their drivers are installed by whoever runs the nodes"},
			[2]string{"serviceAccountName", "access to the API and to registries, which identifies no model"},
			[2]string{"serviceAccount", "older name of serviceAccountName"},
			[2]string{"automountServiceAccountToken", "the token's volume and mount are recognised exactly"},
			[2]string{"imagePullSecrets", "access to registries; images are pinned by digest"},
			[2]string{"dnsConfig.options", "timing and retries of name look-ups"},
			[2]string{"hostname", "the pod's own name in the network"},
			[2]string{"subdomain", "the pod's own name in the network"},
			[2]string{"hostnameOverride", "the pod's own name in the network"},
			[2]string{"setHostnameAsFQDN", "the pod's own name in the network"},
			[2]string{"hostUsers", "a user namespace isolates more; without it the node's default holds"}))
}

func securityFields() []Field {
	const identity = "which user and label the processes run under, not what they run"
	return slices.Concat(
		refused("spec.securityContext.", [3]string{"windowsOptions", "host processes would leave the container", "remove it: governed pods run on Linux"}),
		harmless("spec.securityContext.",
			[2]string{"seLinuxOptions", identity},
			[2]string{"seLinuxChangePolicy", identity},
			[2]string{"runAsUser", identity},
			[2]string{"runAsGroup", identity},
			[2]string{"runAsNonRoot", identity},
			[2]string{"supplementalGroups", identity},
			[2]string{"supplementalGroupsPolicy", identity},
			[2]string{"fsGroup", identity},
			[2]string{"fsGroupChangePolicy", identity},
			[2]string{"sysctls", "kernel settings of the pod's own namespaces"},
			[2]string{"seccompProfile", "system calls that are forbidden"},
			[2]string{"appArmorProfile", "accesses that are forbidden"}))
}

// volumeFields are the kinds of volume: two identify their content or have none, four may
// serve companions alone, the rest bring in content that nobody can pin.
func volumeFields() []Field {
	const (
		legacy   = "its content lies outside the cluster and no digest names it"
		toImage  = "package the files as an image, add it to the release's artifacts and mount it as an image volume by digest"
		fromPod  = "only companions may mount it: an artifact's container would read content that no digest names"
		external = "spec.volumes[]."
	)
	fields := slices.Concat(
		matched(external,
			[2]string{"name", "joins mounts to volumes"},
			[2]string{"image.reference", "pinned to the digest of an artifact"},
			[2]string{"configMap", fromPod},
			[2]string{"secret", fromPod},
			[2]string{"downwardAPI", fromPod},
			[2]string{"projected", fromPod + "; a pod's service account token is recognised exactly"}),
		harmless(external,
			[2]string{"emptyDir", "starts empty; where it may be mounted is judged with the mounts"},
			[2]string{"image.pullPolicy", "the digest pins the content"}),
		refused(external,
			[3]string{"hostPath", "it reaches into the node", "use an emptyDir for scratch space, or an image volume for files"},
			[3]string{"persistentVolumeClaim", "its content can change and no digest names it", toImage},
			[3]string{"ephemeral", "it may be filled from a snapshot or another claim", "use an emptyDir for scratch space"},
			[3]string{"csi", "its driver decides the content and no digest names it", toImage},
			[3]string{"gitRepo", "a branch is not a digest", toImage}))
	for _, kind := range []string{
		"nfs", "gcePersistentDisk", "awsElasticBlockStore", "iscsi", "glusterfs", "rbd", "flexVolume", "cinder", "cephfs",
		"flocker", "fc", "azureFile", "azureDisk", "vsphereVolume", "quobyte", "photonPersistentDisk", "portworxVolume",
		"scaleIO", "storageos",
	} {
		fields = append(fields, refused(external, [3]string{kind, legacy, toImage})...)
	}
	return fields
}
