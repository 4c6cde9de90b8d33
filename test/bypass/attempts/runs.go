// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import "slices"

// evaluationLabel is on what Scalegate makes to run an evaluation.
const evaluationLabel = "scalegate.dev/evaluation"

// runOf is the evaluation that the fixtures of runs were made for.
const runOf = "evidence"

// Names of fixtures that an evaluation runs on, and of others of the same kinds.
const (
	runPod, runMaker, runJob, runNetwork = "run-pod", "run-maker", "run-job", "run-network"
	plainNetwork                         = "plain-network"
	waitingJob                           = "plain-waiting"
)

// waitsForOwned is the finalizer by which an object that is deleted stays until what it owns is gone.
const waitsForOwned = "foregroundDeletion"

func networkKind() Kind {
	return Kind{"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true}
}

// network lets nobody in to the pods of the app.
func network(name string) map[string]any {
	content := object(networkKind(), name)
	content[spec] = map[string]any{
		"podSelector": map[string]any{"matchLabels": map[string]any{"app": "model"}}, "policyTypes": []any{"Ingress"},
	}
	return content
}

// service leads to the pods of the app.
func service(name string) map[string]any {
	content := object(serviceKind(), name)
	content[spec] = map[string]any{
		"selector": map[string]any{"app": "model"}, "ports": []any{map[string]any{"port": int64(80), "protocol": "TCP"}},
	}
	return content
}

// waiting is a Job that is suspended.
func waiting(name string) map[string]any {
	content := workload(jobKind(), name, "")
	put(true, spec, "suspend")(content)
	return content
}

// twice is a pod with an init container.
func twice(name string) map[string]any {
	content := pod(name, "")
	append1(map[string]any{"name": "first", "image": image("server")}, spec, "initContainers")(content)
	return content
}

// owner is the change that names what controls an object.
func owner(version, kind, uid string) Change {
	return put([]any{map[string]any{
		"apiVersion": version, "kind": kind, "name": runOf, "uid": uid, "controller": true,
	}}, metadata, "ownerReferences")
}

// byEvaluation says that the evaluation controls an object, and byJob that the Job of the evaluation does.
func byEvaluation() Change {
	return owner(ownGroup+"/v1alpha1", "SafetyEvaluation", OwnerOf("safetyevaluations/"+runOf))
}
func byJob() Change { return owner("batch/v1", "Job", OwnerOf("jobs/"+runJob)) }

// uncontrolled says that the owner does not control.
func uncontrolled(content map[string]any) {
	listAt(content, metadata, "ownerReferences")[0]["controller"] = false
}

// unsaid says nothing about whether the owner controls.
func unsaid(content map[string]any) {
	delete(listAt(content, metadata, "ownerReferences")[0], "controller")
}

// unblocking says that the owner does not wait for it, as the garbage collector does where two wait for each other.
func unblocking(content map[string]any) {
	listAt(content, metadata, "ownerReferences")[0]["blockOwnerDeletion"] = false
}

// kept adds a finalizer, by which an object that is deleted stays.
func kept(content map[string]any) {
	append1("example.com/keep", metadata, "finalizers")(content)
}

// evaluated is the change that labels an object for the evaluation.
func evaluated() Change { return label(evaluationLabel, runOf) }

// handled is the annotation by which a suite chooses how a runtime runs its pods.
func handled() Change { return annotate("run.oci.handler", "suite") }

// kubelet says how the containers of its node ended.
func kubelet() Identity {
	return Identity{Short: "kubelet", Name: "system:node:node-1", Groups: []string{GroupWide, nodesGroup}}
}

const nodesGroup = "system:nodes"

// collectors clear away what has lost its owner.
func collectors() []Identity {
	return []Identity{
		kubeSystem("generic-garbage-collector"), kubeSystem("namespace-controller"), kubeSystem("job-controller"),
		wide("kube-controller-manager", "system:kube-controller-manager"),
	}
}

// runFixtures are what an evaluation runs on, and others of the same kinds.
func runFixtures() []Fixture {
	job := waiting(runJob)
	inTemplate(both(evaluated(), handled()))(job)
	// The pods of an evaluation are made by Jobs alone. This one runs on, by the annotation of hack/localcluster.
	maker := workload(jobKind(), runMaker, "")
	put(twice("")[spec], spec, "template", spec)(maker)
	put("Never", spec, "template", spec, "restartPolicy")(maker)
	inTemplate(both(evaluated(), handled(), annotate("simulation.example.com/complete", "false")))(maker)
	policy, leads := network(runNetwork), service(runNetwork)
	put([]any{waitsForOwned}, metadata, "finalizers")(policy)
	put([]any{waitsForOwned}, metadata, "finalizers")(leads)
	made := []Fixture{
		{Name: runNetwork, Kind: networkKind(), Object: policy}, {Name: runNetwork, Kind: serviceKind(), Object: leads},
		{Name: runMaker, Kind: jobKind(), Object: maker}, {Name: runJob, Kind: jobKind(), Object: job},
	}
	for i := range made {
		both(evaluated(), byEvaluation())(made[i].Object)
		made[i].Who = controller()
	}
	// As the Job of a server has, for which the NetworkPolicy waits.
	append1(map[string]any{
		"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "name": runNetwork, "uid": OwnerOf("networkpolicies/" + runNetwork),
	}, metadata, "ownerReferences")(job)
	return append(made,
		Fixture{Name: runPod, Kind: podKind(), Selector: "app=" + runMaker},
		Fixture{Name: plainNetwork, Kind: networkKind(), Object: network(plainNetwork), Who: tenant()},
		Fixture{Name: waitingJob, Kind: jobKind(), Object: waiting(waitingJob), Who: tenant()},
	)
}

// runs is what is tried on what evaluations run on.
func (c *catalogue) runs() {
	c.runBirths()
	c.runPodBirths()
	c.runTemplates()
	c.runMarks()
	c.runPods()
	c.runJobs()
	c.runNetworks()
	c.bounds()
}

// runParts are a fresh object of each kind that an evaluation runs on.
func runParts() map[Kind]func() map[string]any {
	return map[Kind]func() map[string]any{
		podKind(): birth(""), networkKind(): func() map[string]any { return network("new") },
		serviceKind(): func() map[string]any { return service("new") },
		jobKind(): func() map[string]any {
			content := waiting("new")
			inTemplate(evaluated())(content)
			return content
		},
	}
}

// runBirths makes what only the controller makes.
func (c *catalogue) runBirths() {
	ours := []Identity{controller()}
	for kind, base := range runParts() {
		anyone := slices.Concat(people(), forged(), lookalikes(), collectors(), []Identity{safetyTeam(), replicaSets()})
		with := func(what string, who []Identity, change Change) attack {
			return attack{number: "F4", what: what, kind: kind, base: base, ways: creates(), who: who, change: both(evaluated(), change)}
		}
		c.add(
			with("what an evaluation runs on, made by hand", anyone, byEvaluation()),
			with("what an evaluation runs on, without an owner", anyone, nil),
			with("what an evaluation runs on, by Scalegate", ours, byEvaluation()),
			with("what an evaluation runs on, by Scalegate, without an owner", ours, nil),
			with("what an evaluation runs on, by Scalegate, for another kind", ours, owner(ownGroup+"/v1alpha1", "ModelRelease", OwnerOf("modelreleases/"+spareRelease))),
			with("what an evaluation runs on, by Scalegate, for another group", ours, owner("example.com/v1", "SafetyEvaluation", "u-1")),
			with("what an evaluation runs on, by Scalegate, with an owner that does not control", ours, both(byEvaluation(), uncontrolled)),
		)
	}
}

// runPodBirths are the pods of a Job.
func (c *catalogue) runPodBirths() {
	makers := []Identity{kubeSystem("job-controller"), wide("kube-controller-manager", "system:kube-controller-manager")}
	others := slices.Concat(people(), forged(), []Identity{replicaSets(), kubeSystem("statefulset-controller"), kubeSystem("cronjob-controller"), safetyTeam(), controller()})
	with := func(what string, who []Identity, change Change) attack {
		return attack{number: "F4", what: what, kind: podKind(), base: birth(""), ways: only(Create), who: who, change: both(evaluated(), change)}
	}
	c.add(
		with("a pod of an evaluation's Job", makers, byJob()),
		with("a pod of an evaluation's Job, with what its maker finds it by", makers, both(byJob(), append1("batch.kubernetes.io/job-tracking", metadata, "finalizers"))),
		with("a pod of an evaluation's Job, by another", others, byJob()),
		with("a pod of an evaluation without an owner, by the maker of pods", makers, nil),
		with("a pod of an evaluation's Job that does not control it", makers, both(byJob(), uncontrolled)),
		with("a pod of an evaluation's Job that says nothing about control", makers, both(byJob(), unsaid)),
		with("a pod of an evaluation, of another kind", makers, owner("batch/v1", "CronJob", "u-1")),
		with("a pod of an evaluation, of a Job of another group", makers, owner("example.com/v1", "Job", "u-1")),
	)
}

// runTemplates are Jobs whose pods would be an evaluation's.
func (c *catalogue) runTemplates() {
	anyone := slices.Concat(people(), forged(), []Identity{kubeSystem("cronjob-controller"), safetyTeam()})
	labelled := func() map[string]any {
		content := waiting("new")
		inTemplate(evaluated())(content)
		return content
	}
	afterwards := attack{number: "F4", kind: jobKind(), who: slices.Concat(anyone, []Identity{controller()})}
	for _, on := range []string{waitingJob, "suspended-run"} {
		a := afterwards
		a.what, a.on, a.change = "a Job whose pods become an evaluation's", on, inTemplate(evaluated())
		c.add(a)
	}
	c.add(
		attack{number: "F4", what: "a Job whose pods are an evaluation's", kind: jobKind(), base: labelled, ways: creates(), who: anyone},
		attack{number: "F4", what: "a Job whose pods are an evaluation's, by Scalegate, itself without the label", kind: jobKind(), base: labelled, ways: only(Create), who: []Identity{controller()}},
		attack{number: "F4", what: "a Job that an evaluation runs on, with a runtime of its suite's, by Scalegate", kind: jobKind(), base: labelled, ways: creates(), who: []Identity{controller()},
			change: both(evaluated(), byEvaluation(), inTemplate(handled()))},
		attack{number: "F4", what: "a Job that is suspended", kind: jobKind(), base: func() map[string]any { return waiting("new") }, ways: creates()},
		attack{number: "F4", what: "an ordinary label in a template that is suspended", kind: jobKind(), on: waitingJob, change: inTemplate(label("team", "x"))},
		attack{number: "F4", what: "an annotation for a runtime in a template that is suspended", kind: jobKind(), on: waitingJob, change: inTemplate(annotate("run.oci.handler", "x"))},
	)
}

// runMarks are the label and the owner of what exists.
func (c *catalogue) runMarks() {
	anyone := slices.Concat(people(), forged(), []Identity{safetyTeam(), controller(), kubeSystem("job-controller")})
	for _, on := range []struct {
		kind       Kind
		run, plain string
	}{{podKind(), runPod, plainPod}, {jobKind(), runJob, waitingJob}, {serviceKind(), runNetwork, "web"}, {networkKind(), runNetwork, plainNetwork}} {
		with := func(what, name string, change Change, removes bool) attack {
			return attack{number: "F4", what: what, kind: on.kind, on: name, change: change, who: anyone, removes: removes}
		}
		c.add(
			with("become an evaluation's", on.plain, evaluated(), false),
			with("become another evaluation's", on.run, label(evaluationLabel, "other"), false),
			with("be an evaluation's no more", on.run, unlabel(evaluationLabel), true),
			with("an ordinary label of an evaluation's", on.run, label("team", "x"), false),
			with("an ordinary annotation of an evaluation's", on.run, annotate("example.com/note", "x"), false),
			with("no owner any more", on.run, drop(metadata, "ownerReferences"), true),
			attack{number: "F4", what: "no owner any more, by who clears away", kind: on.kind, on: on.run, change: drop(metadata, "ownerReferences"), removes: true, who: collectors()},
			attack{number: "F4", what: "another owner", kind: on.kind, on: on.run, change: owner("v1", "ConfigMap", "u-1"), ways: only(Put, JSON), who: slices.Concat(anyone, collectors())},
			attack{number: "F4", what: "an owner that does not wait, by who clears away", kind: on.kind, on: on.run, change: unblocking, ways: only(Put, JSON), who: collectors()},
			attack{number: "F4", what: "an owner that controls it no more, by who clears away", kind: on.kind, on: on.run, change: uncontrolled, ways: only(Put, JSON), who: collectors()},
			attack{number: "F4", what: "a finalizer on what an evaluation runs on", kind: on.kind, on: on.run, change: kept, who: slices.Concat(anyone, collectors())},
			attack{number: "F4", what: "a finalizer on something that is no evaluation's", kind: on.kind, on: on.plain, change: kept, who: []Identity{clusterAdmin()}},
		)
		if on.kind == networkKind() {
			continue
		}
		byStatus := func(what, name string, change Change, removes bool) attack {
			return attack{number: "A9", what: what, kind: on.kind, sub: "status", on: name, change: change, who: slices.Concat(mighty(), []Identity{controller()}), removes: removes}
		}
		c.add(
			byStatus("become an evaluation's by /status", on.plain, evaluated(), false),
			byStatus("be an evaluation's no more by /status", on.run, unlabel(evaluationLabel), true),
			byStatus("an ordinary label of an evaluation's by /status", on.run, label("team", "x"), false),
			byStatus("a finalizer on what an evaluation runs on by /status", on.run, kept, false),
		)
	}
}

// runPods are what the result is read from.
func (c *catalogue) runPods() {
	who := slices.Concat(people(), forged(), []Identity{safetyTeam(), controller()})
	with := func(number, what string, change Change) attack {
		return attack{number: number, what: what, kind: podKind(), on: runPod, change: change, who: who}
	}
	ended := func(list, name string) Change {
		return put([]any{map[string]any{
			"name": name, "image": image("server"), "imageID": "", "ready": false, "restartCount": int64(1),
			"state": map[string]any{"terminated": map[string]any{"exitCode": int64(1), "reason": "Typed"}},
		}}, "status", list)
	}
	condition := append1(map[string]any{"type": "bypass.example/ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}, "status", "conditions")
	status := func(what, on string, who []Identity, change Change) attack {
		return attack{number: "F4", what: what, kind: podKind(), sub: "status", on: on, change: change, who: who, ways: only(Merge, Put)}
	}
	writers := slices.Concat(mighty(), []Identity{controller(), kubeSystem("job-controller")})
	c.add(
		with("A5", "another image in an evaluation's pod", firstContainer(put(image("swapped"), "image"))),
		with("A5", "another image at first in an evaluation's pod", func(content map[string]any) {
			listAt(content, spec, "initContainers")[0]["image"] = image("swapped")
		}),
		with("F4", "its Job's UID on an evaluation's pod", label("controller-uid", "other")),
		with("F4", "its Job's name on an evaluation's pod", label("job-name", "other")),
		with("F4", "its Job's own UID on an evaluation's pod", label("batch.kubernetes.io/controller-uid", "other")),
		with("F4", "its Job's own name on an evaluation's pod", label("batch.kubernetes.io/job-name", "other")),
		status("its Job's UID on an evaluation's pod by /status", runPod, writers, label("controller-uid", "other")),
		with("F4", "an annotation for a runtime on an evaluation's pod", annotate("run.oci.handler", "x")),
		with("F4", "one more annotation for a runtime on an evaluation's pod", annotate("dev.gvisor.internal.mode", "x")),
		attack{number: "A6", what: "an ephemeral container in an evaluation's pod", kind: podKind(), sub: "ephemeralcontainers", on: runPod, change: ephemeral(nil), ways: only(Merge, Put, Strategic), who: wideOnly(who)},
		status("how a container of an evaluation's pod ended", runPod, writers, ended("containerStatuses", "server")),
		status("how the first container of an evaluation's pod ended", runPod, writers, ended("initContainerStatuses", "first")),
		status("how a container of an evaluation's pod ended, by its node", runPod, []Identity{kubelet()}, both(ended("containerStatuses", "server"), ended("initContainerStatuses", "first"))),
		status("a condition of an evaluation's pod", runPod, writers, condition),
		status("an annotation for a runtime on an evaluation's pod by /status", runPod, writers, annotate("run.oci.handler", "x")),
		status("how a container of another pod ended", plainPod, writers, ended("containerStatuses", "server")),
		attack{number: "A4", what: "delete an evaluation's pod", kind: podKind(), on: runPod, ways: only(Delete, DeleteCollection), who: slices.Concat(people(), collectors())},
	)
}

// runJobs are what queues and people do to an evaluation's Job.
func (c *catalogue) runJobs() {
	who := slices.Concat(people(), forged(), []Identity{safetyTeam(), controller(), wide("kueue", "system:serviceaccount:kueue-system:kueue-controller-manager")})
	with := func(what string, change Change) attack {
		return attack{number: "F4", what: what, kind: jobKind(), on: runJob, change: change, who: who}
	}
	away := with("its pods are an evaluation's no more", inTemplate(unlabel(evaluationLabel)))
	away.removes = true
	c.add(
		away,
		with("its pods are another evaluation's", inTemplate(label(evaluationLabel, "other"))),
		with("its pods claim a release", inTemplate(label(claimLabel, clearedRelease))),
		with("its pods have an annotation for a runtime", inTemplate(annotate("io.katacontainers.config.hypervisor.kernel_params", "x"))),
		with("its pods have an ordinary label", inTemplate(label("team", "x"))),
		with("its pods have an ordinary annotation", inTemplate(annotate("example.com/note", "x"))),
		with("its pods go to other nodes", put(map[string]any{"pool": "batch"}, spec, "template", spec, "nodeSelector")),
		with("it goes on", put(false, spec, "suspend")),
		with("it makes more pods", put(int64(3), spec, "parallelism")),
		with("it tries more often", put(int64(1000), spec, "backoffLimit")),
		with("it ends sooner", put(int64(5), spec, "activeDeadlineSeconds")),
		with("it goes before its result is read", put(int64(0), spec, "ttlSecondsAfterFinished")),
		with("it makes a pod while another ends", put("Failed", spec, "podReplacementPolicy")),
		attack{number: "A4", what: "delete an evaluation's Job", kind: jobKind(), on: runJob, ways: only(Delete, DeleteCollection), who: slices.Concat(people(), collectors(), []Identity{controller()})},
	)
}

// runNetworks keep others from the model under test, and lead to it.
func (c *catalogue) runNetworks() {
	who := slices.Concat(people(), forged(), []Identity{safetyTeam(), controller(), kubeSystem("job-controller")})
	for kind, changes := range map[Kind]map[string]Change{
		serviceKind(): {"a Service that leads elsewhere": put("other", spec, "selector", "app")},
		networkKind(): {
			"a NetworkPolicy that lets others in": put([]any{map[string]any{}}, spec, "ingress"),
			"a NetworkPolicy for other pods":      put("other", spec, "podSelector", "matchLabels", "app"),
		},
	} {
		for what, change := range changes {
			c.add(attack{number: "F4", what: what, kind: kind, on: runNetwork, change: change, who: who})
		}
		deletes := slices.Concat(people(), forged(), collectors(), []Identity{safetyTeam(), controller(), replicaSets()})
		hurried := attack{number: "F4", what: "what guards the model under test goes before its server", kind: kind, on: runNetwork, change: drop(metadata, "finalizers"), removes: true, who: slices.Concat(who, collectors())}
		c.add(
			hurried,
			attack{number: "F4", what: "delete what guards the model under test", kind: kind, on: runNetwork, ways: only(Delete, DeleteCollection), who: deletes},
		)
		if kind == serviceKind() {
			hurried.sub, hurried.who = "status", slices.Concat(mighty(), []Identity{controller()}, collectors())
			c.add(hurried)
		}
	}
	c.add(
		attack{number: "F4", what: "another NetworkPolicy", kind: networkKind(), on: plainNetwork, change: put("other", spec, "podSelector", "matchLabels", "app")},
		attack{number: "F4", what: "delete a NetworkPolicy of one's own", kind: networkKind(), on: plainNetwork, ways: only(Delete, DeleteCollection)},
		attack{number: "F4", what: "delete a Service of one's own", kind: serviceKind(), on: "web", ways: only(Delete, DeleteCollection)},
	)
}

// bounds are what the controller's account does with the rights that it has for evaluations.
func (c *catalogue) bounds() {
	who := []Identity{controller()}
	for kind, base := range runParts() {
		c.add(attack{number: "E4", what: "something that is no evaluation's, made by Scalegate", kind: kind, base: func() map[string]any {
			content := base()
			inTemplate(unlabel(evaluationLabel))(content)
			return content
		}, ways: creates(), who: who})
	}
	for kind, on := range map[Kind]string{jobKind(): "plain-run", serviceKind(): "web", networkKind(): plainNetwork, podKind(): plainPod} {
		c.add(attack{number: "E4", what: "something that is no evaluation's, deleted by Scalegate", kind: kind, on: on, ways: only(Delete, DeleteCollection), who: who})
	}
	c.add(attack{number: "E4", what: "a Job started by Scalegate", kind: jobKind(), on: waitingJob, change: put(false, spec, "suspend"), who: who})
}
