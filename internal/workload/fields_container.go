// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import "slices"

// containerFields are the rows for one list of containers.
func containerFields(list string) []Field {
	return slices.Concat(processFields(list), mountFields(list), probeFields(list), containerSecurityFields(list))
}

// free marks rows whose fields a companion may set as it likes.
func free(fields []Field) []Field {
	for i := range fields {
		fields[i].CompanionFree = true
	}
	return fields
}

func processFields(list string) []Field {
	return slices.Concat(
		matched(list+".",
			[2]string{"name", "names the declaration that holds for the container"},
			[2]string{"image", "pinned to the digest of an artifact, or exactly a companion's"},
			[2]string{"resources", "sizes and accelerators of an artifact's container are free; a companion asks for no device"}),
		free(matched(list+".",
			[2]string{"command", "exactly as declared"},
			[2]string{"args", "exactly as declared"},
			[2]string{"env", "exactly the declared variables"},
			[2]string{"terminationMessagePath", "only /dev/termination-log: the kubelet mounts an empty file over this path"})),
		free(refused(list+".",
			[3]string{"workingDir", "relative paths and imports would lead elsewhere", "remove it: the image's own working directory holds"},
			[3]string{"envFrom", "the variables' names and values are not in the template", "name each variable in env, and in the release's serving"})),
		refused(list+".",
			[3]string{"stdin", "whoever attaches could feed the process", "remove it"},
			[3]string{"stdinOnce", "whoever attaches could feed the process", "remove it"},
			[3]string{"tty", "whoever attaches could feed the process", "remove it"}),
		harmless(list+".",
			[2]string{"ports", "information; what a process listens on is its own affair"},
			[2]string{"resizePolicy", "sizes"},
			[2]string{"restartPolicy", "when the same process runs again"},
			[2]string{"restartPolicyRules", "when the same process runs again"},
			[2]string{"terminationMessagePolicy", "what is reported after the end"},
			[2]string{"imagePullPolicy", "the digest pins the content"}))
}

func mountFields(list string) []Field {
	return slices.Concat(
		matched(list+".volumeMounts[].",
			[2]string{"name", "which content is mounted"},
			[2]string{"mountPath", "where it hides what the image holds"},
			[2]string{"readOnly", "a companion may only read what an artifact's container mounts"},
			[2]string{"mountPropagation", "only None: otherwise mounts made elsewhere appear inside"}),
		refused(list+".",
			[3]string{"volumeMounts[].subPathExpr", "the environment would choose the content", "write the path in subPath"},
			[3]string{"volumeDevices", "a block device has content that no digest names", "package the files as an image and mount it as an image volume by digest"}),
		harmless(list+".volumeMounts[].",
			[2]string{"subPath", "a part of a volume that is judged as a whole"},
			[2]string{"recursiveReadOnly", "a stricter mount"},
			[2]string{"bindMountOptions", "a stricter mount"}))
}

func probeFields(list string) []Field {
	const (
		runs   = "it starts another process in the container"
		asks   = "the kubelet only asks"
		timing = "timing"
	)
	var fields []Field
	for _, probe := range []string{".livenessProbe.", ".readinessProbe.", ".startupProbe."} {
		fields = append(fields, free(refused(list+probe, [3]string{"exec", runs, "use httpGet, tcpSocket or grpc"}))...)
		fields = append(fields, harmless(list+probe,
			[2]string{"httpGet", asks}, [2]string{"tcpSocket", asks}, [2]string{"grpc", asks},
			[2]string{"initialDelaySeconds", timing}, [2]string{"timeoutSeconds", timing},
			[2]string{"periodSeconds", timing}, [2]string{"successThreshold", timing},
			[2]string{"failureThreshold", timing}, [2]string{"terminationGracePeriodSeconds", timing})...)
	}
	for _, hook := range []string{".lifecycle.postStart.", ".lifecycle.preStop."} {
		fields = append(fields, free(refused(list+hook,
			[3]string{"exec", runs, "use sleep"},
			[3]string{"httpGet", "a call to the server can change what it serves", "use sleep"},
			[3]string{"tcpSocket", "it has no effect on current versions of Kubernetes", "use sleep"}))...)
		fields = append(fields, harmless(list+hook, [2]string{"sleep", timing})...)
	}
	return append(fields, harmless(list+".lifecycle.", [2]string{"stopSignal", "how the process is told to end"})...)
}

func containerSecurityFields(list string) []Field {
	const identity = "which user and label the process runs under, not what it runs"
	prefix := list + ".securityContext."
	return slices.Concat(
		refused(prefix,
			[3]string{"privileged", "the container could do everything on the node", "remove it"},
			[3]string{"windowsOptions", "host processes would leave the container", "remove it: governed pods run on Linux"}),
		matched(prefix,
			[2]string{"capabilities.add", "a short list that lets a container neither trace nor mount"},
			[2]string{"procMount", "only Default"}),
		harmless(prefix,
			[2]string{"capabilities.drop", "fewer rights"},
			[2]string{"seLinuxOptions", identity},
			[2]string{"runAsUser", identity},
			[2]string{"runAsGroup", identity},
			[2]string{"runAsNonRoot", identity},
			[2]string{"readOnlyRootFilesystem", "fewer rights"},
			[2]string{"allowPrivilegeEscalation", "programs of a pinned image gain no more than the capabilities allow"},
			[2]string{"seccompProfile", "system calls that are forbidden"},
			[2]string{"appArmorProfile", "accesses that are forbidden"}))
}
