// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/census"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/runs"
)

// knownRun is what is known of an evaluation that nobody has looked at yet, and of which everything exists that is needed.
func knownRun(modifiers ...func(*knowledge)) *knowledge {
	e := unrun()
	k := &knowledge{now: now(), evaluation: e, release: release(), retention: defaultRetention}
	k.plan = plan{accelerators: census.DefaultAccelerators(), input: runs.Input{
		Evaluation: e, Release: k.release, Suite: fixture.Suite("attack-suite"),
		Metric: "attack/rate", Exposure: "Evaluation", Collector: runs.Collector{Image: "scalegate:test"},
	}}
	for _, modify := range modifiers {
		modify(k)
	}
	return k
}

// begun records the suite as it is to be run.
func begun(k *knowledge) {
	if objects, err := runs.Render(k.plan.input); err == nil {
		k.evaluation.Status.Run = &v1alpha1.EvaluationRun{SuiteDigest: objects.SuiteDigest}
	}
}

// withServer gives the suite a server.
func withServer(k *knowledge) { fixture.Serving()(k.plan.input.Suite) }

// theJob is the Job "j" that the evaluation controls, made a minute ago.
func theJob(modifiers ...func(*batchv1.Job)) func(*knowledge) {
	return func(k *knowledge) {
		job := batchv1.Job{ObjectMeta: owned(k.evaluation, "j")}
		job.CreationTimestamp = metav1.NewTime(now().Add(-time.Minute))
		job.Spec.ActiveDeadlineSeconds = new(int64(3600))
		job.Spec.Template.Labels = map[string]string{v1alpha1.LabelEvaluation: "e1"}
		for _, modify := range modifiers {
			modify(&job)
		}
		k.jobs = append(k.jobs, job)
	}
}

// onRecord records the Job "j".
func onRecord(k *knowledge) {
	if k.evaluation.Status.Run == nil {
		k.evaluation.Status.Run = &v1alpha1.EvaluationRun{}
	}
	run := k.evaluation.Status.Run
	run.JobName, run.JobUID, run.StartTime = "j", string(fixture.UID("j")), new(metav1.NewTime(now().Add(-time.Minute)))
}

// finishedAt records that the run ended at the time.
func finishedAt(at time.Time) func(*knowledge) {
	return func(k *knowledge) {
		onRecord(k)
		run := k.evaluation.Status.Run
		run.FinishTime, run.Reason, run.Message = &metav1.Time{Time: at}, v1alpha1.ReasonRunFailed, "it broke"
	}
}

func complete(j *batchv1.Job) {
	j.Status.Succeeded = 1
	j.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
}

// itsPod is a pod of the Job that ended well with this measurement; modify changes it.
func itsPod(m *v1alpha1.Measurement, modify ...func(*corev1.Pod)) func(*knowledge) {
	return func(k *knowledge) {
		pod := podOf(&k.jobs[0], string(runs.Report{Measurement: m}.Encode()))
		for _, change := range modify {
			change(pod)
		}
		k.pods = append(k.pods, *pod)
	}
}

func claimsAccelerator(k *knowledge) {
	k.plan.input.Suite.Spec.JobTemplate.Raw = []byte(`{"spec": {"template": {"spec": {"containers": [
		{"name": "attack", "image": "registry.example/attack:1", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]}}}}`)
}

// did is a step in words: "remove Job", "make Pod", "report", "report and go on", "end".
func did(s step) string {
	switch {
	case s.remove != nil && s.wait:
		return "remove " + described(s.remove) + " with its pods"
	case s.remove != nil:
		return "remove " + described(s.remove)
	case s.make != nil:
		return "make " + strings.TrimPrefix(strings.TrimPrefix(typeOf(s.make), "*v1."), "*")
	case s.state.run != nil && s.state.run.FinishTime != nil && s.goOn:
		return "end"
	case s.state.summary.reason == "":
		return "nothing"
	case s.goOn:
		return "report and go on"
	default:
		return "report"
	}
}

// stepCase is what is known, and what comes next.
type stepCase struct {
	known  *knowledge
	want   string
	reason string
	says   string
	again  time.Duration
}

func testStep(t *testing.T, test stepCase) {
	t.Helper()
	before := test.known.evaluation.DeepCopy()
	got := test.known.next()
	keepEvaluation(t, test.known.evaluation, got.state)
	if s := got.state.summary; did(got) != test.want || s.reason != test.reason || !strings.Contains(s.message, test.says) || got.again != test.again {
		t.Errorf("it would %s, again in %v, with %+v", did(got), got.again, s)
	}
	if got.rests() != (test.want == "report" || test.want == "nothing") {
		t.Errorf("it rests: %v", got.rests())
	}
	if run := got.state.run; test.want == "end" && (run.FinishTime.After(now().Time) || (run.Reason == "") != (got.state.measurement != nil)) {
		t.Errorf("run = %+v, measurement = %+v", run, got.state.measurement)
	}
	if diff := cmp.Diff(before, test.known.evaluation); diff != "" {
		t.Errorf("the evaluation is changed: %s", diff)
	}
}

// leaving is an evaluation that is being deleted.
func leaving(k *knowledge) { k.evaluation.DeletionTimestamp = new(now()) }

// orderedNoMore has the server's Job go.
func orderedNoMore(k *knowledge) { isLeaving(k.serverJob) }

func unowned(p *corev1.Pod) { p.OwnerReferences = nil }

func isLeaving(j *batchv1.Job) { j.DeletionTimestamp = new(now()) }

func TestNextStepBeforeTheJob(t *testing.T) {
	missing := func(k *knowledge) {
		k.plan = plan{missing: waiting(v1alpha1.ReasonSuiteNotFound, "EvaluationSuite attack-suite does not exist")}
	}
	for sentence, test := range map[string]stepCase{
		"of what is being deleted the Job goes, whatever keeps it": {known: knownRun(onRecord, theJob(), leaving), want: "remove Job"},
		"and the server":                              {known: knownRun(onRecord, serving(now().Time, isReady), leaving), want: "remove Job with its pods"},
		"and the pod of an earlier version":           {known: knownRun(onRecord, serving(now().Time, isReady), bare, leaving), want: "remove Pod"},
		"and what makes it reachable":                 {known: knownRun(onRecord, reachable, leaving), want: "remove Service"},
		"once its pod is gone":                        {known: knownRun(onRecord, serving(now().Time, goes), orderedNoMore, leaving), want: "nothing"},
		"of what is being deleted nothing is made":    {known: knownRun(leaving), want: "nothing"},
		"a Job that goes with its evaluation is left": {known: knownRun(onRecord, theJob(isLeaving), leaving), want: "nothing"},
		"what is missing is waited for":               {known: knownRun(missing), want: "report", reason: v1alpha1.ReasonSuiteNotFound},
		"a server does not wait for it":               {known: knownRun(missing, serving(now().Time, isReady)), want: "remove Job with its pods"},
		"nor what makes it reachable":                 {known: knownRun(missing, reachable), want: "remove Service"},
		"nor what keeps others from it":               {known: knownRun(missing, fenced), want: "remove NetworkPolicy"},
		"first is recorded what is run":               {known: knownRun(), want: "report and go on", reason: v1alpha1.ReasonQueued},
		"then the Job is made":                        {known: knownRun(begun), want: "make Job", reason: v1alpha1.ReasonRunning},
		"where it has a server that comes first":      {known: knownRun(withServer, begun), want: "make NetworkPolicy"},
		"and then the Job": {
			known: knownRun(withServer, begun, serving(now().Time, isReady)), want: "make Job", reason: v1alpha1.ReasonRunning,
		},
		"a suite that changed meanwhile begins anew, without the server that was": {
			known: knownRun(withServer, serving(now().Time, isReady)), want: "remove Job with its pods",
		},
		"and goes on when its pods are gone, so that nobody else comes to them": {
			known: knownRun(withServer, serving(now().Time, goes), orderedNoMore), want: "report", reason: v1alpha1.ReasonServerStarting, says: "is gone",
		},
		"a Job of the server that makes no pod any more is made anew": {
			known: knownRun(withServer, begun, ordered(complete)), want: "remove Job with its pods",
		},
		"another suite than the requirement's is refused": {
			known: knownRun(func(k *knowledge) { k.plan.suite = "other" }), want: "end", reason: v1alpha1.ReasonSuiteMismatch, says: "create another SafetyEvaluation that names suite other",
		},
		"also where it does not exist": {
			known: knownRun(missing, func(k *knowledge) { k.plan.suite = "other" }), want: "end", reason: v1alpha1.ReasonSuiteMismatch,
		},
		"the requirement's own is not": {
			known: knownRun(func(k *knowledge) { k.plan.suite = "attack-suite" }), want: "report and go on", reason: v1alpha1.ReasonQueued,
		},
		"artifacts that are not the release's are refused": {
			known: knownRun(func(k *knowledge) { fixture.About(fixture.Weights("other"))(k.evaluation) }), want: "end", reason: v1alpha1.ReasonSubjectMismatch, says: "artifacts",
		},
		"a suite that cannot be run may be mended": {
			known: knownRun(func(k *knowledge) { k.plan.input.Suite.Spec.JobTemplate.Raw = []byte(`{}`) }), want: "report", reason: v1alpha1.ReasonInvalidSuite, says: "spec.jobTemplate",
		},
		"so may a manager that does not know its image": {
			known: knownRun(func(k *knowledge) { k.plan.input.Collector.Image = "" }), want: "report", reason: v1alpha1.ReasonCollectorUnknown, says: "--collector-image",
		},
		"a Job that was made and not recorded is nobody's": {known: knownRun(begun, theJob()), want: "remove Job with its pods"},
		"and is waited for until it is gone": {
			known: knownRun(begun, theJob(isLeaving)), want: "report", reason: v1alpha1.ReasonQueued, says: "until Job j is gone",
		},
		"so is one beside the Job on record": {
			known: knownRun(begun, onRecord, theJob(), theJob(func(j *batchv1.Job) { j.UID = "another" })), want: "remove Job with its pods",
		},
		"and one of a run that is over": {
			known: knownRun(finishedAt(now().Time), theJob(func(j *batchv1.Job) { j.UID = "another" })), want: "remove Job with its pods",
		},
	} {
		t.Run(sentence, func(t *testing.T) { testStep(t, test) })
	}
}

func TestNextStepWithTheJob(t *testing.T) {
	for sentence, test := range map[string]stepCase{
		"a Job that is there is waited for": {
			known: knownRun(onRecord, theJob()), want: "report", reason: v1alpha1.ReasonQueued,
			says: "suite attack-suite, Job j since 2026-01-01T23:59:00Z",
		},
		"and said where to look, and what ends it": {
			known: knownRun(onRecord, theJob()), want: "report", reason: v1alpha1.ReasonQueued, says: "it may take 1h0m0s; see: kubectl logs -n serving job/j --all-containers",
		},
		"also one that is suspended": {
			known: knownRun(onRecord, theJob(suspended)), want: "report", reason: v1alpha1.ReasonQueued, says: "suspended",
		},
		"a pod of it that is held is answered for by the release": {
			known: knownRun(onRecord, theJob(), itsPod(measured("r"), waits, phase(corev1.PodPending), func(p *corev1.Pod) { p.Status.ContainerStatuses = nil })),
			want:  "report", reason: v1alpha1.ReasonServerHeld, says: "pod j-a of the evaluation claims the release and is held: release m1 was not looked at yet",
		},
		"a Job that is gone ends the run": {
			known: knownRun(onRecord), want: "end", reason: v1alpha1.ReasonJobDeleted, says: "create another SafetyEvaluation",
		},
		"also one that is about to go": {
			known: knownRun(onRecord, theJob(isLeaving)), want: "end", reason: v1alpha1.ReasonJobDeleted,
		},
		"a result ends it": {
			known: knownRun(onRecord, theJob(complete), itsPod(measured("r"))), want: "end", reason: v1alpha1.ReasonMeasured, says: "attack/rate is 0.125",
		},
		"also before the Job knows it": {
			known: knownRun(onRecord, theJob(), itsPod(measured("r"))), want: "end", reason: v1alpha1.ReasonMeasured, says: "attack/rate is 0.125",
		},
		"a pod that the Job does not control is not believed": {
			known: knownRun(onRecord, theJob(complete), itsPod(measured("forged"), func(p *corev1.Pod) { p.OwnerReferences[0].UID = "forged" })),
			want:  "end", reason: v1alpha1.ReasonResultMissing,
		},
		"nor one that names no owner": {
			known: knownRun(onRecord, theJob(complete), itsPod(measured("forged"), func(p *corev1.Pod) { p.OwnerReferences = nil })),
			want:  "end", reason: v1alpha1.ReasonResultMissing,
		},
		"a result that cannot be used is one": {
			known: knownRun(onRecord, theJob(complete), itsPod(&v1alpha1.Measurement{Metric: "attack/rate", Problem: "the run broke off", SHA256: fixture.SHA256("f")})),
			want:  "end", reason: v1alpha1.ReasonUnusable, says: "the run broke off",
		},
		"a Job that failed ends the run": {
			known: knownRun(onRecord, theJob(func(j *batchv1.Job) {
				j.Status.Failed = 3
				j.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: batchv1.JobReasonBackoffLimitExceeded}}
			})), want: "end", reason: v1alpha1.ReasonRunFailed, says: "create another SafetyEvaluation",
		},
		"so does a deadline": {
			known: knownRun(onRecord, theJob(func(j *batchv1.Job) {
				j.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: batchv1.JobReasonDeadlineExceeded}}
			})), want: "end", reason: v1alpha1.ReasonDeadlineExceeded,
		},
		"so does a server that is lost while the Job runs": {
			known: knownRun(onRecord, theJob(), serving(now().Time, goes)), want: "end", reason: v1alpha1.ReasonServerFailed, says: "was deleted while the suite ran",
		},
	} {
		t.Run(sentence, func(t *testing.T) { testStep(t, test) })
	}
}

func TestNextStepAfterTheRun(t *testing.T) {
	for sentence, test := range map[string]stepCase{
		"when it is over the server goes":              {known: knownRun(finishedAt(now().Time), serving(now().Time, isReady)), want: "remove Job with its pods"},
		"its pods at once":                             {known: knownRun(finishedAt(now().Time), serving(now().Time, isReady), orderedNoMore), want: "remove Pod"},
		"what keeps others from them waits":            {known: knownRun(finishedAt(now().Time), serving(now().Time, goes), orderedNoMore), want: "report", reason: v1alpha1.ReasonRunFailed},
		"until they are gone":                          {known: knownRun(finishedAt(now().Time), ordered(isLeaving)), want: "remove Service"},
		"a server that lost its owner goes before too": {known: knownRun(finishedAt(now().Time), serving(now().Time, isReady, unowned), orderedNoMore), want: "remove Pod"},
		"one that an earlier version made goes too":    {known: knownRun(finishedAt(now().Time), serving(now().Time, isReady), bare), want: "remove Pod"},
		"a Job that still runs goes too":               {known: knownRun(finishedAt(now().Time), theJob()), want: "remove Job"},
		"one that goes already is left":                {known: knownRun(finishedAt(now().Time), theJob(isLeaving)), want: "report", reason: v1alpha1.ReasonRunFailed},
		"one that ended is kept for a while":           {known: knownRun(finishedAt(now().Time), theJob(complete)), want: "report", reason: v1alpha1.ReasonRunFailed, says: "it broke", again: 7 * 24 * time.Hour},
		"one with a result has a minute to end":        {known: knownRun(finishedAt(now().Time), theJob(), itsPod(measured("r"))), want: "report", reason: v1alpha1.ReasonRunFailed, again: time.Minute},
		"and is taken away when it does not":           {known: knownRun(finishedAt(now().Add(-time.Minute)), theJob(), itsPod(measured("r"))), want: "remove Job"},
		"and not for longer":                           {known: knownRun(finishedAt(now().AddDate(0, 0, -7)), theJob(complete)), want: "remove Job"},
		"what was recorded stays when the Job is gone": {known: knownRun(finishedAt(now().Time)), want: "report", reason: v1alpha1.ReasonRunFailed, says: "it broke"},
	} {
		t.Run(sentence, func(t *testing.T) { testStep(t, test) })
	}
}

// The pod of an evaluation claims the release where it must, and nowhere else.
func TestThePodOfAnEvaluationClaims(t *testing.T) {
	for sentence, test := range map[string]struct {
		known  *knowledge
		claims bool
	}{
		"one that asks for nothing claims nothing":    {known: knownRun(begun)},
		"one that asks for an accelerator claims":     {known: knownRun(claimsAccelerator, begun), claims: true},
		"so does every one where all pods must claim": {known: knownRun(begun, func(k *knowledge) { k.plan.input.ClaimJob = true }), claims: true},
	} {
		t.Run(sentence, func(t *testing.T) {
			job, ok := test.known.next().make.(*batchv1.Job)
			if !ok {
				t.Fatal("no Job is made")
			}
			labels := job.Spec.Template.Labels
			if claims := labels[v1alpha1.LabelRelease] == "m1" && labels[v1alpha1.LabelExposure] == "Evaluation"; claims != test.claims || claimed(job) != "" != test.claims {
				t.Errorf("labels = %v", labels)
			}
		})
	}
}

// A run ends when the cluster says, but neither in the future nor before it began.
func TestTheEndOfARun(t *testing.T) {
	began := now().Add(-time.Minute)
	for sentence, test := range map[string]struct{ says, want time.Time }{
		"as its node says":               {now().Add(-30 * time.Second), now().Add(-30 * time.Second)},
		"now where nothing says":         {time.Time{}, now().Time},
		"now where a clock runs ahead":   {now().Add(time.Second), now().Time},
		"now where a clock runs behind":  {began.Add(-time.Second), now().Time},
		"at once where it says it began": {began, began},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := knownRun(onRecord).endOf(test.says); !got.Time.Equal(test.want) {
				t.Errorf("it ended %v, want %v", got, test.want)
			}
		})
	}
}

// A metric that was cut to fit into the message is the one that the Job was made to look for.
func TestALongMetricIsWhole(t *testing.T) {
	k := knownRun(begun, func(k *knowledge) { k.plan.input.Metric = "attack/$rate" + strings.Repeat("x", 200) })
	job, ok := k.next().make.(*batchv1.Job)
	if !ok {
		t.Fatal("no Job is made")
	}
	job.UID = fixture.UID("j")
	complete(job)
	k.jobs = []batchv1.Job{*job}
	onRecord(k)
	short := measured("r")
	short.Metric = "attack/$rat..."
	itsPod(short)(k)
	if m := k.next().state.measurement; m == nil || m.Metric != k.plan.input.Metric {
		t.Errorf("measurement = %+v", m)
	}
}
