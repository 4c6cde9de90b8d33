// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"slices"
	"strings"
)

// Fixture is an object that stands before anything is attempted.
type Fixture struct {
	// Name is what attempts call it.
	Name string
	Kind Kind
	// Object is what is created. Nil: somebody else makes it, and it is the one that Selector finds.
	Object map[string]any
	// Selector finds, by labels, the object that Kubernetes makes.
	Selector string
	// Status is written afterwards, as the controller.
	Status map[string]any
	// Who makes it.
	Who Identity
}

// Names of fixtures.
const (
	heldPod     = "held"
	plainPod    = "plain"
	idlePod     = "idle"
	bornFreePod = "born-free"
	debuggedPod = "debugged"
	unboundPod  = "born-free-unbound"
	clearedSet  = "cleared-set"
	stuckSet    = "stuck-set"
	heldSet     = "held-set"
	plainSet    = "plain-set"
	heldWeb     = "held-web"
	openWeb     = "open-web"
	plainWeb    = "plain-web"
	returns     = "go back to the template that was cleared"
	returnedWeb = "returning-web"
)

// Cluster are the fixtures that lie in no namespace.
func Cluster() []Fixture {
	resolved := finding("bypass-resolved")
	return append([]Fixture{
		{Name: policyName, Kind: policyKind(), Object: safetyPolicy(policyName), Who: safetyTeam()},
		{Name: unused, Kind: policyKind(), Object: safetyPolicy(unused), Who: safetyTeam()},
		{Name: suiteName, Kind: suiteKind(), Object: evaluationSuite(suiteName), Who: safetyTeam()},
		{Name: "bypass-standing", Kind: findingKind(), Object: finding("bypass-standing"), Who: controller()},
		{Name: "bypass-resolved", Kind: findingKind(), Object: resolved, Who: controller()},
		{Name: "bypass-pending", Kind: findingKind(), Object: finding("bypass-pending"), Who: controller()},
	}, clusterPeople()...)
}

// Resolve is the change by which the safety team resolves the finding bypass-resolved, and ResolvedStatus what the
// controller then records.
func Resolve() (change Change, status map[string]any) {
	return put(resolution(""), spec, "resolution"), map[string]any{"resolvedTime": "2026-01-02T00:00:00Z"}
}

// Releases are the releases of a ground with workloads.
func Releases() []Fixture {
	return append([]Fixture{
		{Name: clearedRelease, Kind: releaseKind(), Object: modelRelease(clearedRelease, "Low"), Who: tenant()},
		{Name: heldRelease, Kind: releaseKind(), Object: modelRelease(heldRelease, "High"), Who: tenant()},
		{Name: spareRelease, Kind: releaseKind(), Object: modelRelease(spareRelease, "High"), Who: tenant()},
		{Name: revokedRelease, Kind: releaseKind(), Object: revoke(modelRelease(revokedRelease, "Low"), "Critical"), Who: attestor()},
		{Name: warnedRelease, Kind: releaseKind(), Object: revoke(modelRelease(warnedRelease, "Low"), "Advisory"), Who: attestor()},
		{Name: doubtedRelease, Kind: releaseKind(), Object: revoke(modelRelease(doubtedRelease, "Low"), "Advisory"), Who: tenant()},
		{Name: "evidence", Kind: evaluationKind(), Object: safetyEvaluation("evidence"), Who: evaluator()},
		{Name: "attested", Kind: evaluationKind(), Object: safetyEvaluation("attested"), Who: attestor()},
		{Name: "evidence-revoked", Kind: evaluationKind(), Object: revoke(safetyEvaluation("evidence-revoked"), "Advisory"), Who: evaluator()},
	}, signedFixtures()...)
}

// Fixtures are the objects of a ground with workloads: in the grounds enforced, audited and ungoverned.
func Fixtures() []Fixture {
	held, plain, idle := pod(heldPod, heldRelease), pod(plainPod, ""), pod(idlePod, "")
	append1(map[string]any{"name": "first", "image": image("server")}, spec, "initContainers")(held)
	append1(map[string]any{"name": "devices", "emptyDir": map[string]any{}}, spec, "volumes")(plain)
	both(annotate("example.com/kept", "x"), annotate("run.oci.handler", "x"))(held)
	nowhere := map[string]any{"bypass.example/nowhere": "true"}
	put(nowhere, spec, "nodeSelector")(idle)
	stuck := workload(replicaSetKind(), stuckSet, clearedRelease)
	put(nowhere, spec, "template", spec, "nodeSelector")(stuck)
	settings := object(configMapKind(), "settings")
	settings["data"] = map[string]any{"model": "any"}
	web := object(serviceKind(), "web")
	web[spec] = map[string]any{
		"selector": map[string]any{"app": plainPod}, "ports": []any{map[string]any{"port": int64(80), "protocol": "TCP"}},
	}
	withObjects := []Fixture{
		{Name: heldPod, Kind: podKind(), Object: held},
		{Name: plainPod, Kind: podKind(), Object: plain},
		{Name: idlePod, Kind: podKind(), Object: idle},
		{Name: stuckSet, Kind: replicaSetKind(), Object: stuck},
		{Name: "settings", Kind: configMapKind(), Object: settings},
		{Name: "web", Kind: serviceKind(), Object: web},
	}
	withObjects = append(withObjects, ordinary()...)
	deleting := workload(statefulSetKind(), "deleting-set", clearedRelease)
	put(map[string]any{"type": "OnDelete"}, spec, "updateStrategy")(deleting)
	stalled := workload(statefulSetKind(), "stalled-set", clearedRelease)
	put(int64(1), spec, "updateStrategy", "rollingUpdate", "partition")(stalled)
	lacking := workload(statefulSetKind(), "deleting-lacking", heldRelease)
	put(map[string]any{"type": "OnDelete"}, spec, "updateStrategy")(lacking)
	exposed, elsewhere := workload(daemonSetKind(), "exposed-set", clearedRelease), workload(daemonSetKind(), "exposed-elsewhere", heldRelease)
	for _, set := range []map[string]any{exposed, elsewhere} {
		inTemplate(label(exposureLabel, "Public"))(set)
	}
	large := strings.Repeat("x", 70000)
	for _, kind := range []Kind{deploymentKind(), statefulSetKind()} {
		object := workload(kind, "large", clearedRelease)
		inTemplate(annotate("example.com/large", large))(object)
		put("large-"+kind.Resource, metadata, "name")(object)
		withObjects = append(withObjects, Fixture{Name: "large", Kind: kind, Object: object})
	}
	paused := workload(deploymentKind(), "paused-web", heldRelease)
	put(true, spec, "paused")(paused)
	waiting := workload(jobKind(), "waiting-run", clearedRelease)
	put(true, spec, "suspend")(waiting)
	suspended := workload(jobKind(), "suspended-run", heldRelease)
	put(true, spec, "suspend")(suspended)
	idleWeb, idleRun := workload(deploymentKind(), "idle-web", ""), workload(jobKind(), "idle-run", "")
	put(true, spec, "paused")(idleWeb)
	put(true, spec, "suspend")(idleRun)
	withObjects = append(withObjects,
		Fixture{Name: "idle-web", Kind: deploymentKind(), Object: idleWeb}, Fixture{Name: "idle-run", Kind: jobKind(), Object: idleRun},
		Fixture{Name: "paused-web", Kind: deploymentKind(), Object: paused}, Fixture{Name: "suspended-run", Kind: jobKind(), Object: suspended},
		Fixture{Name: "waiting-run", Kind: jobKind(), Object: waiting},
		Fixture{Name: "deleting-set", Kind: statefulSetKind(), Object: deleting},
		Fixture{Name: "deleting-lacking", Kind: statefulSetKind(), Object: lacking},
		Fixture{Name: "stalled-set", Kind: statefulSetKind(), Object: stalled},
		Fixture{Name: "exposed-set", Kind: daemonSetKind(), Object: exposed},
		Fixture{Name: "exposed-elsewhere", Kind: daemonSetKind(), Object: elsewhere},
	)
	for _, fixture := range withObjects {
		if fixture.Kind == replicaSetKind() && fixture.Name == heldSet {
			inTemplate(annotate("run.oci.handler", "x"))(fixture.Object)
		}
	}
	withObjects = append(withObjects, Fixture{Name: debuggedPod, Kind: podKind(), Object: pod(debuggedPod, "")})
	for i := range withObjects {
		withObjects[i].Who = tenant()
	}
	return slices.Concat(withObjects, runFixtures(), customFixtures(), []Fixture{
		{Name: bornFreePod, Kind: podKind(), Selector: "app=" + clearedSet},
		{Name: unboundPod, Kind: podKind(), Selector: "app=" + stuckSet},
		{Name: "revision", Kind: revisionKind(), Selector: "app=open-set"},
		{Name: "plain-revision", Kind: revisionKind(), Selector: "app=plain-set"},
	})
}

// Debugged is the pod that gets an ephemeral container before anything is tried, by this patch.
func Debugged() (name string, patch map[string]any) {
	content := map[string]any{}
	ephemeral(put("earlier", "name"))(content)
	return debuggedPod, content
}

// ordinary are workloads as they are, each with one replica or none.
func ordinary() (fixtures []Fixture) {
	for _, w := range []struct {
		kind          Kind
		name, release string
	}{
		{replicaSetKind(), clearedSet, clearedRelease}, {replicaSetKind(), heldSet, heldRelease}, {replicaSetKind(), healingSet, clearedRelease},
		{replicaSetKind(), plainSet, ""},
		{deploymentKind(), heldWeb, heldRelease}, {deploymentKind(), openWeb, clearedRelease},
		{deploymentKind(), plainWeb, ""}, {deploymentKind(), returnedWeb, clearedRelease},
		{statefulSetKind(), "held-set", heldRelease}, {statefulSetKind(), "open-set", clearedRelease},
		{statefulSetKind(), "plain-set", ""}, {daemonSetKind(), "held-set", heldRelease}, {daemonSetKind(), "open-set", clearedRelease},
		{daemonSetKind(), "plain-set", ""}, {jobKind(), "held-run", heldRelease}, {jobKind(), "plain-run", ""},
		{cronJobKind(), "held-runs", heldRelease}, {cronJobKind(), "plain-runs", ""}, {controllerKind(), "held-rc", heldRelease}, {controllerKind(), "plain-rc", ""},
	} {
		fixtures = append(fixtures, Fixture{Name: w.name, Kind: w.kind, Object: workload(w.kind, w.name, w.release)})
	}
	return fixtures
}

// Legacy are workloads of the ground enforced that were there before it was governed: all but one ask for accelerators and
// claim nothing.
func Legacy() (fixtures []Fixture) {
	for _, kind := range []Kind{deploymentKind(), statefulSetKind(), daemonSetKind(), cronJobKind()} {
		old := workload(kind, "legacy", "")
		eachTemplate(limit(gpu))(old)
		if kind == deploymentKind() || kind == statefulSetKind() {
			put(int64(0), spec, "replicas")(old)
		}
		fixtures = append(fixtures, Fixture{Name: "legacy", Kind: kind, Object: old, Who: clusterAdmin()})
	}
	// A mark that somebody typed holds nothing where pods are replaced as they are deleted.
	marked := workload(statefulSetKind(), "legacy-marked", heldRelease)
	both(put(map[string]any{"type": "OnDelete"}, spec, "updateStrategy"), annotate(heldKey, "partition=0"), put(int64(0), spec, "replicas"))(marked)
	fixtures = append(fixtures, Fixture{Name: "legacy-marked", Kind: statefulSetKind(), Object: marked, Who: clusterAdmin()})
	for _, c := range customs() {
		old := c.object(c.kind.Resource+"-legacy", "")
		eachOf(c, limit(gpu))(old)
		fixtures = append(fixtures, Fixture{Name: "legacy", Kind: c.kind, Object: old, Who: clusterAdmin()})
		if name, ok := c.firstAsking(); ok {
			own := c.object(c.kind.Resource+"-legacy-own", "")
			c.asking[name](own)
			fixtures = append(fixtures, Fixture{Name: "legacy-own", Kind: c.kind, Object: own, Who: clusterAdmin()})
		}
	}
	return fixtures
}

// Stall is a fixture that gets another template after it was released, and is held for that.
type Stall struct {
	Name string
	Kind Kind
	// Patch is the change, as a merge patch.
	Patch map[string]any
}

// Stalls are all of them.
func Stalls() []Stall {
	stall := func(kind Kind, name string, change Change) Stall {
		changed := podTemplate(name, clearedRelease)
		change(changed)
		return Stall{name, kind, map[string]any{spec: map[string]any{
			"template": map[string]any{spec: map[string]any{containers: at(changed, spec, containers)}},
		}}}
	}
	return []Stall{
		stall(deploymentKind(), returnedWeb, newArgsOfTemplate()),
		stall(statefulSetKind(), "stalled-set", firstContainer(put(image("swapped"), "image"))),
		stalledGroup(),
	}
}

// stalledGroup is the LeaderWorkerSet whose workers get another template.
func stalledGroup() Stall {
	group, _ := customOf(groupKind())
	changed := group.object("leaderworkersets-stalled", clearedRelease)
	within(firstContainer(put(image("swapped"), "image")), spec, "leaderWorkerTemplate", "workerTemplate")(changed)
	return Stall{"leaderworkersets-stalled", groupKind(), map[string]any{spec: map[string]any{
		"leaderWorkerTemplate": at(changed, spec, "leaderWorkerTemplate"),
	}}}
}

// LeavingRelease is the release of the ground Leaving; Serves is its status. It cannot go before the suite does.
func LeavingRelease() (release Fixture, serves map[string]any) {
	object := revoke(modelRelease("leaving", "High"), "Critical")
	put([]any{"bypass.example/stay"}, metadata, "finalizers")(object)
	return Fixture{Name: "leaving", Kind: releaseKind(), Object: object, Who: clusterAdmin()}, map[string]any{"status": map[string]any{
		"workloads": []any{map[string]any{"kind": "Deployment", "name": "web", "exposure": "General", "desired": int64(1), "released": int64(1), "held": int64(0)}},
	}}
}

// Released are the fixtures that the manager releases, and Deployments that then roll out.
func Released() []Fixture {
	released := []Fixture{
		{Name: openWeb, Kind: deploymentKind()}, {Name: returnedWeb, Kind: deploymentKind()}, {Name: "large-deployments", Kind: deploymentKind()},
		{Name: "waiting-run", Kind: jobKind()},
	}
	for _, c := range customs() {
		if c.suspend != "" {
			released = append(released, Fixture{Name: c.kind.Resource + "-idle", Kind: c.kind}, Fixture{Name: c.kind.Resource + "-cleared", Kind: c.kind})
		}
	}
	return released
}

// Leftovers are the fixtures of the ground Ended.
func Leftovers() []Fixture {
	owner := workload(replicaSetKind(), clearedSet, clearedRelease)
	put(int64(0), spec, "replicas")(owner)
	left := []Fixture{
		{Name: clearedSet, Kind: replicaSetKind(), Object: owner, Who: tenant()},
		{Name: "open-set", Kind: daemonSetKind(), Object: workload(daemonSetKind(), "open-set", clearedRelease), Who: tenant()},
	}
	for _, c := range customs() {
		left = append(left, Fixture{Name: "plain", Kind: c.kind, Object: c.object(c.kind.Resource+"-plain", ""), Who: c.author()})
	}
	return left
}

// Clearances are those of the ground Ended, by release, for an owner: one that has ended, and some that are none. The times
// are RFC 3339.
func Clearances(owner, past, future string) map[string]string {
	cleared := ClearedDigests()
	for _, release := range []string{"future", "counted", "short"} {
		cleared = append(cleared, digest("weights-"+release))
	}
	digests := strings.Join(cleared, ",")
	full := func(version, end, mode string) string {
		return strings.Join([]string{version, end, grantedExposure, mode, owner, digests, past}, "|")
	}
	return map[string]string{
		clearedRelease: full("v1", past, "free"), "future": full("v2", future, "free"), "counted": full("v1", future, "counted"),
		"short": strings.TrimSuffix(full("v1", future, "free"), "|"+past), BareRelease: strings.Replace(full("v1", future, "free"), digests, "", 1),
	}
}

// ClearedDigests are those that a pod of the cleared release may carry.
func ClearedDigests() []string {
	return []string{digest("server"), digest("weights-" + clearedRelease)}
}

// ClearedRelease is the name of the release that is cleared, and BareRelease that of one whose clearance, of the ground Ended,
// names no image.
const (
	ClearedRelease = clearedRelease
	BareRelease    = "bare"
)

// SafetyTeam has every right and every virtual verb.
func SafetyTeam() Identity { return safetyTeam() }

// Controller is Scalegate itself.
func Controller() Identity { return controller() }

// ClusterAdmin has every right but the virtual verbs.
func ClusterAdmin() Identity { return clusterAdmin() }

// DeploymentKind is the kind of the Deployments.
func DeploymentKind() Kind { return deploymentKind() }

// PodKind is the kind of pods.
func PodKind() Kind { return podKind() }
