// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Labels and annotations that Scalegate reads or writes on objects of other kinds.
const (
	// LabelGate on a Namespace says whether Scalegate governs it: GateEnforced or
	// GateAudited. Weakening it needs the verb VerbUngate.
	LabelGate = "scalegate.dev/gate"

	// LabelClaims on a Namespace says which of its pods must claim a release: with
	// ClaimsAll every pod, without it only those that ask for an accelerator.
	LabelClaims = "scalegate.dev/claims"

	// LabelRelease on a pod template claims the ModelRelease of that name in the same namespace.
	LabelRelease = "scalegate.dev/release"

	// LabelExposure on a pod template names the exposure the workload serves. A template
	// without it claims the exposure that its release asks for.
	LabelExposure = "scalegate.dev/exposure"

	// LabelEvaluation on a Job, Pod, Service or NetworkPolicy names the SafetyEvaluation, in the same namespace,
	// that it was made for. Only Scalegate sets it.
	LabelEvaluation = "scalegate.dev/evaluation"

	// AnnotationExempt on a Namespace that is not governed says why its accelerator pods need no gate.
	// Its value is the reason, in a sentence; they are counted as exempt and not as ungoverned. Setting
	// or changing it needs the verb VerbUngate.
	AnnotationExempt = "scalegate.dev/exempt"

	// AnnotationHeld marks a workload that Scalegate holds at the parent. Its value says how it goes on
	// when the hold is lifted. Deployment, Job, JobSet: HeldResume, or HeldPaused when its author had
	// paused or suspended it. StatefulSet, LeaderWorkerSet: HeldPartitionPrefix and the author's partition.
	AnnotationHeld = "scalegate.dev/held"

	// AnnotationClearedTemplate on a held Deployment is the text of the last template that
	// was not held. A return to it lifts the hold without the controller.
	AnnotationClearedTemplate = "scalegate.dev/cleared-template"

	// AnnotationScaledReplicas on a workload that Scalegate scaled remembers the way back: the number of
	// replicas that its author wants, a slash, and the number that Scalegate set. Where spec.replicas is another
	// than the second, somebody scaled it since, and that is what the author wants. On a fallback that was brought up a
	// slash follows, and the names of the releases that it takes over from, with commas between them.
	AnnotationScaledReplicas = "scalegate.dev/scaled-replicas"

	// AnnotationStandbyReplicas on a workload is how many replicas it gets, at least, while its release takes over
	// from another as its fallback.
	AnnotationStandbyReplicas = "scalegate.dev/standby-replicas"

	// AnnotationHoldReason on a held pod says why it is held: a reason, a colon, and where to look. It is for
	// people, and nothing is decided by it.
	AnnotationHoldReason = "scalegate.dev/hold-reason"

	// AnnotationClearancePrefix, followed by the name of a release, is the Namespace
	// annotation that lets pods of that release be born free.
	AnnotationClearancePrefix = "clearance.scalegate.dev/"

	// AnnotationAuthor on a SafetyPolicy is the user who made it, or changed its spec last. The API server stamps it.
	AnnotationAuthor = "scalegate.dev/author"

	// SchedulingGate keeps a pod that is not cleared from being scheduled.
	SchedulingGate = "scalegate.dev/hold"
)

// Values of the labels and annotations above.
const (
	// GateEnforced holds what is not cleared.
	GateEnforced = "enforced"
	// GateAudited reports what would be held and holds nothing.
	GateAudited = "audited"
	// ClaimsAll makes every pod of the namespace claim a release.
	ClaimsAll = "all"
	// HeldResume: the rollout goes on when the hold is lifted.
	HeldResume = "resume"
	// HeldPaused: whoever wrote the workload had paused or suspended it, so it stays so.
	HeldPaused = "paused"
	// HeldPartitionPrefix comes before the partition, an integer from 0, that the author's rollout has.
	HeldPartitionPrefix = "partition="
	// HeldPartition is the partition of a held rollout: no ordinal reaches it.
	HeldPartition = 2147483647
)

// Virtual verbs on the kinds of this group. No API server operation has these names; they
// are granted by plain RBAC and asked for by the admission policies.
const (
	// VerbResolve lets a person take back what stands against a model: on adversefindings resolve a finding, on
	// modelreleases take back or weaken a revocation.
	VerbResolve = "resolve"
	// VerbAttest on safetypolicies makes a user's word count in the whole cluster: failing results for all
	// releases of the same content, and the revocation of a release for all with the same weights.
	VerbAttest = "attest"
	// VerbApprove lets a person sign in a role: on releaseapprovals, in a namespace, or on policyapprovals, with the name of
	// the role as the resource name.
	VerbApprove = "approve"
	// VerbUngate on namespaces in this group lets a person weaken the gate of a Namespace.
	VerbUngate = "ungate"
	// VerbConnect on pods and services in this group lets a person exec, attach, port-forward or proxy
	// into a governed namespace. An admission policy sees no label of the pod there, so it asks for the
	// name: plain RBAC grants it for a namespace or for one pod.
	VerbConnect = "connect"
	// VerbBreakglass lets a person do what takes Scalegate's own objects away: on safetypolicies and
	// modelreleases delete one in use, on customresourcedefinitions in this group delete or shrink a kind,
	// on configmaps in this group write the parameters of the admission policies.
	VerbBreakglass = "breakglass"
)
