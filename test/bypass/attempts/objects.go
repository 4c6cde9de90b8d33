// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
)

// Kinds that the suite writes.
func podKind() Kind       { return Kind{"", "v1", "pods", "Pod", true} }
func namespaceKind() Kind { return Kind{"", "v1", "namespaces", "Namespace", false} }
func configMapKind() Kind { return Kind{"", "v1", "configmaps", "ConfigMap", true} }
func serviceKind() Kind   { return Kind{"", "v1", "services", "Service", true} }
func controllerKind() Kind {
	return Kind{"", "v1", "replicationcontrollers", "ReplicationController", true}
}
func bindingKind() Kind     { return Kind{"", "v1", "bindings", "Binding", true} }
func templateKind() Kind    { return Kind{"", "v1", "podtemplates", "PodTemplate", true} }
func deploymentKind() Kind  { return apps("deployments", "Deployment") }
func replicaSetKind() Kind  { return apps("replicasets", "ReplicaSet") }
func statefulSetKind() Kind { return apps("statefulsets", "StatefulSet") }
func daemonSetKind() Kind   { return apps("daemonsets", "DaemonSet") }
func revisionKind() Kind    { return apps("controllerrevisions", "ControllerRevision") }
func jobKind() Kind         { return Kind{"batch", "v1", "jobs", "Job", true} }
func cronJobKind() Kind     { return Kind{"batch", "v1", "cronjobs", "CronJob", true} }
func policyKind() Kind      { return own("safetypolicies", "SafetyPolicy", false) }
func releaseKind() Kind     { return own("modelreleases", "ModelRelease", true) }
func evaluationKind() Kind  { return own("safetyevaluations", "SafetyEvaluation", true) }
func suiteKind() Kind       { return own("evaluationsuites", "EvaluationSuite", false) }
func findingKind() Kind     { return own("adversefindings", "AdverseFinding", false) }
func definitionKind() Kind {
	return Kind{"apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false}
}
func groupKind() Kind {
	return Kind{"leaderworkerset.x-k8s.io", "v1", "leaderworkersets", "LeaderWorkerSet", true}
}
func rolloutKind() Kind { return Kind{"argoproj.io", "v1alpha1", "rollouts", "Rollout", true} }

func apps(resource, kind string) Kind { return Kind{"apps", "v1", resource, kind, true} }

func own(resource, kind string, namespaced bool) Kind {
	return Kind{ownGroup, "v1alpha1", resource, kind, namespaced}
}

// Releases of the grounds.
const (
	// clearedRelease is cleared where the gate is enforced.
	clearedRelease = "cleared"
	// heldRelease lacks evidence.
	heldRelease = "lacking"
	// spareRelease has no workload.
	spareRelease = "spare"
	// revokedRelease is revoked, Critical, and warnedRelease, Advisory, by an attestor; doubtedRelease, Advisory, by a tenant.
	revokedRelease = "revoked"
	warnedRelease  = "warned"
	doubtedRelease = "doubted"
)

// unused is the name of a policy without releases; policyName that of the grounds' releases, and suiteName that of a suite.
const (
	policyName = "bypass"
	unused     = "bypass-unused"
	suiteName  = "bypass"
)

// digest is that of what has the name.
func digest(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

func image(name string) string { return "registry.example/" + name + "@sha256:" + digest(name) }

// object is the content of an object of the kind.
func object(kind Kind, name string) map[string]any {
	return map[string]any{
		"apiVersion": kind.APIVersion(), "kind": kind.Kind, metadata: map[string]any{"name": name},
	}
}

// podTemplate runs the server and, when it claims a release, the release's weights as they are declared.
func podTemplate(app, release string) map[string]any {
	container := map[string]any{
		"name": "server", "image": image("server"), "resources": map[string]any{"requests": map[string]any{"cpu": "50m"}},
	}
	spec := map[string]any{
		"enableServiceLinks": false, "automountServiceAccountToken": false, "terminationGracePeriodSeconds": int64(0),
		containers: []any{container},
	}
	marks := map[string]any{"app": app}
	if release != "" {
		marks[claimLabel] = release
		container["volumeMounts"] = []any{map[string]any{"name": "weights", "mountPath": "/models", "readOnly": true}}
		spec["volumes"] = []any{map[string]any{
			"name": "weights", "image": map[string]any{"reference": image("weights-" + release)},
		}}
	}
	return map[string]any{metadata: map[string]any{labels: marks}, "spec": spec}
}

// pod is one made by hand; without a release it claims none.
func pod(name, release string) map[string]any {
	content := object(podKind(), name)
	template := podTemplate(name, release)
	content[spec] = template[spec]
	put(mapAt(template, metadata, labels), metadata, labels)(content)
	return content
}

// birth is the body of a pod that is created.
func birth(release string) func() map[string]any {
	return func() map[string]any { return pod("newborn", release) }
}

// workload is one of the kind, with the pod template where all but a few have it.
func workload(kind Kind, name, release string) map[string]any {
	content := object(kind, name)
	content[metadata] = map[string]any{
		"name": name, labels: map[string]any{"app": name}, annotations: map[string]any{"example.com/kept": "x"},
	}
	content[spec] = map[string]any{
		"selector": map[string]any{"matchLabels": map[string]any{"app": name}},
		"template": podTemplate(name, release),
	}
	switch kind.Resource {
	case "deployments", "replicasets", "statefulsets":
		put(int64(1), spec, "replicas")(content)
	case "replicationcontrollers":
		put(map[string]any{"app": name}, spec, "selector")(content)
		put(int64(0), spec, "replicas")(content)
	case "jobs", "cronjobs":
		drop(spec, "selector")(content)
		put("Never", spec, "template", spec, "restartPolicy")(content)
	}
	if kind.Resource == "statefulsets" {
		put(name, spec, "serviceName")(content)
	}
	if kind.Resource == "cronjobs" {
		content[spec] = map[string]any{
			"schedule": "0 0 1 1 *", "jobTemplate": map[string]any{"spec": content[spec]},
		}
	}
	return content
}

func made(kind Kind, release string) func() map[string]any {
	return func() map[string]any { return workload(kind, "new", release) }
}

func modelRelease(name, level string) map[string]any {
	content := object(releaseKind(), name)
	content[spec] = map[string]any{
		"policy": policyName, "model": map[string]any{"name": name}, "level": level, "exposure": "General",
		"artifacts": []any{
			map[string]any{"name": "weights", "type": "Weights", "digest": "sha256:" + digest("weights-"+name)},
			map[string]any{"name": "server", "type": "Server", "digest": "sha256:" + digest("server")},
		},
	}
	return content
}

// safetyPolicy has a level that needs nothing, and one that needs a proof which nobody has.
func safetyPolicy(name string) map[string]any {
	content := object(policyKind(), name)
	content[spec] = map[string]any{
		"exposures": []any{map[string]any{"name": "General", "withoutEvidence": "Allowed"}},
		"levels": []any{
			map[string]any{"name": "Low"}, map[string]any{"name": "High", "requires": []any{"proof"}},
		},
		"requirements": []any{map[string]any{
			"name": "proof", "validForDays": int64(30), "evaluation": map[string]any{
				"metric": "attack/accuracy", "direction": "LowerIsSafer", "clearAt": "0.05", "tripAt": "0.2",
				"bound": "Point", "minSamples": int64(10), "maxUnjudgedPercent": int64(1),
			},
		}},
	}
	return content
}

func safetyEvaluation(name string) map[string]any {
	content := object(evaluationKind(), name)
	content[spec] = map[string]any{
		"subject": map[string]any{"release": heldRelease, "artifacts": []any{
			map[string]any{"type": "Weights", "digest": "sha256:" + digest("weights-"+heldRelease)},
		}},
		"requirement": "proof",
		"report":      map[string]any{"configMap": map[string]any{"name": "report", "key": "report.json"}},
	}
	return content
}

// evaluationSuite runs one container.
func evaluationSuite(name string) map[string]any {
	content := object(suiteKind(), name)
	runs := podTemplate("suite", "")
	put("Never", spec, "restartPolicy")(runs)
	content[spec] = map[string]any{
		"protocol": map[string]any{"title": "Bypass", "version": "1"}, "result": map[string]any{"path": "result.json"},
		"jobTemplate": map[string]any{spec: map[string]any{"template": runs}},
	}
	return content
}

// ordered is an evaluation that runs the suite.
func ordered(name string) map[string]any {
	content := safetyEvaluation(name)
	both(drop(spec, "report"), put(suiteName, spec, "job", "suite"))(content)
	return content
}

func finding(name string) map[string]any {
	content := object(findingKind(), name)
	content[spec] = maps.Clone(findingSpec())
	return content
}

func findingSpec() map[string]any {
	return map[string]any{
		"requirement": "proof", "scopeDigest": "sha256:" + digest("scope"),
		"artifacts": []any{map[string]any{"type": "Weights", "digest": "sha256:" + digest("another model")}},
		"evidence": map[string]any{
			"namespace": "elsewhere", "name": "failed", "uid": "00000000-0000-4000-8000-000000000001", "policy": policyName,
			"policyRevision": "sha256:0000000000000000", "value": "0.9", "sha256": digest("file"), "resultTime": "2026-01-01T00:00:00Z",
		},
	}
}

// resolution is what a person writes into a finding.
func resolution(by string) map[string]any {
	r := map[string]any{
		"namespace": "elsewhere", "evaluation": "later",
		"reason": "The range was misconfigured: the target answered every exploit. Run 41 has it repaired.",
	}
	if by != "" {
		r["resolvedBy"] = by
	}
	return r
}

// revoke revokes the object as somebody writes it, without any stamp.
func revoke(content map[string]any, severity string) map[string]any {
	put(map[string]any{"severity": severity, "reason": "The weights are not those that were evaluated."}, spec, "revocation")(content)
	return content
}
