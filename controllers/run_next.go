// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/runs"
)

// step is what comes next in a run: an object is removed, or made, or a state is reported.
type step struct {
	remove client.Object
	// wait keeps what is removed until its pods are gone.
	wait bool
	make client.Object
	// state to report; after the Job of the suite is made, that it runs. One without a reason is not reported.
	state state
	// goOn: there is more to do once the state is reported.
	goOn bool
	// again is when to look again, where nothing else may come to tell; 0 never.
	again time.Duration
}

// state is what a status says of an evaluation, beside its generation.
type state struct {
	run *v1alpha1.EvaluationRun
	reading
}

// rests tells whether nothing more is to be done now.
func (s step) rests() bool { return s.remove == nil && s.make == nil && !s.goOn }

// next decides what comes next. It is the whole of what a run does, and depends on nothing else than what is known.
func (k *knowledge) next() step {
	if k.evaluation.DeletionTimestamp != nil {
		return k.vanish()
	}
	for i := range k.jobs {
		if job := &k.jobs[i]; string(job.UID) != k.run().JobUID && job.DeletionTimestamp == nil {
			// It was made and never recorded, so nobody can tell what it is.
			return step{remove: job, wait: true}
		}
	}
	switch {
	case gate.Ended(k.evaluation):
		return k.after()
	case k.run().JobUID != "":
		return k.during()
	default:
		return k.before()
	}
}

// run is the run as it is recorded; empty where nothing is.
func (k *knowledge) run() *v1alpha1.EvaluationRun {
	if k.evaluation.Status.Run == nil {
		return &v1alpha1.EvaluationRun{}
	}
	return k.evaluation.Status.Run
}

// job is the one on record; nil where it does not exist.
func (k *knowledge) job() *batchv1.Job {
	for i := range k.jobs {
		if string(k.jobs[i].UID) == k.run().JobUID {
			return &k.jobs[i]
		}
	}
	return nil
}

// before is what comes next while there is no Job.
func (k *knowledge) before() step {
	name := k.evaluation.Spec.Job.Suite
	if want := k.plan.suite; want != "" && want != name {
		return k.withoutServer(k.fail(v1alpha1.ReasonSuiteMismatch, fmt.Sprintf(
			"requirement %s is measured by suite %s, and spec.job.suite says %s: create another SafetyEvaluation that names suite %s",
			k.evaluation.Spec.Requirement, want, name, want)))
	}
	if missing := k.plan.missing; missing.reason != "" {
		return k.withoutServer(k.report(missing))
	}
	objects, err := k.render()
	if err != nil {
		return k.withoutServer(k.refuse(err))
	}
	if k.run().SuiteDigest != objects.SuiteDigest {
		s := k.report(waiting(v1alpha1.ReasonQueued, "suite "+name+" is about to run"))
		s.state.run, s.goOn = &v1alpha1.EvaluationRun{SuiteDigest: objects.SuiteDigest}, true
		return k.withoutServer(s)
	}
	if len(k.jobs) > 0 {
		return k.report(waiting(v1alpha1.ReasonQueued, fmt.Sprintf(
			"waits until Job %s is gone, which was made and not recorded", k.jobs[0].Name)))
	}
	s := k.report(waiting(v1alpha1.ReasonRunning, fmt.Sprintf("suite %s begins to run", name)))
	if objects.Server != nil {
		if wait, ready := k.serve(objects); !ready {
			return wait
		}
		s.state.run = k.run().DeepCopy()
		s.state.run.ServerUID = string(k.server().UID)
	}
	s.make, s.goOn = objects.Job, true
	return s
}

// render makes the objects of the run. A pod of the evaluation that asks for an accelerator claims the release.
func (k *knowledge) render() (*runs.Objects, error) {
	in := k.plan.input
	objects, err := runs.Render(in)
	if err != nil || in.ClaimJob || k.plan.accelerators.Asked(&objects.Job.Spec.Template.Spec) == "" {
		return objects, err
	}
	in.ClaimJob = true
	return runs.Render(in)
}

// refuse says why the suite cannot be run for the evaluation. What only another evaluation can mend is final.
func (k *knowledge) refuse(err error) step {
	reason, message := v1alpha1.ReasonInvalidSuite, fmt.Sprintf("suite %s cannot be run: %v", k.evaluation.Spec.Job.Suite, err)
	if wrong, ok := errors.AsType[*runs.SuiteError](err); ok {
		reason = cmp.Or(wrong.Reason, reason)
	}
	switch reason {
	case v1alpha1.ReasonSubjectMismatch, v1alpha1.ReasonSuiteMismatch:
		return k.fail(reason, message)
	default:
		return k.report(stuck(reason, message))
	}
}

// during is what comes next while there should be a Job.
func (k *knowledge) during() step {
	job := k.job()
	outcome := runs.Read(job, k.podsOfJob())
	if outcome.State == runs.Finished {
		if unsure := k.unsure(); outcome.Reason == "" && unsure != "" {
			return k.fail(v1alpha1.ReasonServerFailed, unsure+": create another SafetyEvaluation to run the suite again")
		}
		return k.finish(outcome)
	}
	if lost := k.lostServer(); lost != "" {
		return k.fail(v1alpha1.ReasonServerFailed, lost+" while the suite ran: create another SafetyEvaluation to run the suite again")
	}
	s := k.report(k.running(job, outcome))
	s.state.run = k.run().DeepCopy()
	s.state.run.Attempts = new(outcome.Attempts)
	return s
}

// podsOfJob are the pods that the Job on record controls, or did. Others with the label are not believed.
func (k *knowledge) podsOfJob() []corev1.Pod {
	var pods []corev1.Pod
	for i := range k.pods {
		if owner := metav1.GetControllerOf(&k.pods[i]); owner != nil && string(owner.UID) == k.run().JobUID {
			pods = append(pods, k.pods[i])
		}
	}
	return pods
}

// running says what runs, since when, what would end it and where to look.
func (k *knowledge) running(job *batchv1.Job, outcome runs.Outcome) summary {
	pods := k.podsOfJob()
	for i := range pods {
		if held(&pods[i]) {
			return waiting(v1alpha1.ReasonServerHeld, fmt.Sprintf("pod %s of the evaluation claims the release and is held: %s", pods[i].Name, k.whyPodHeld(&pods[i])))
		}
	}
	text := fmt.Sprintf("suite %s, Job %s since %s", k.evaluation.Spec.Job.Suite, job.Name, job.CreationTimestamp.UTC().Format(time.RFC3339))
	if outcome.Message != "" {
		text += ": " + outcome.Message
	}
	if outcome.Reason == v1alpha1.ReasonServerHeld {
		text += ": " + k.whyHeld("Job", job.Name)
	}
	if limit := job.Spec.ActiveDeadlineSeconds; limit != nil {
		text += fmt.Sprintf("; it may take %v", time.Duration(*limit)*time.Second)
	}
	text += fmt.Sprintf("; see: kubectl logs -n %s job/%s --all-containers", job.Namespace, job.Name)
	return waiting(cmp.Or(outcome.Reason, v1alpha1.ReasonRunning), text)
}

// finish ends the run with what its Job left.
func (k *knowledge) finish(outcome runs.Outcome) step {
	run := k.run().DeepCopy()
	run.Attempts, run.FinishTime = new(outcome.Attempts), new(k.endOf(outcome.FinishedAt))
	s := step{goOn: true, state: state{run: run}}
	if outcome.Report != nil && outcome.Report.Measurement != nil {
		measurement := outcome.Report.Measurement.DeepCopy()
		// A long one may have been cut to fit into the message.
		measurement.Metric = cmp.Or(runs.Metric(k.job()), measurement.Metric)
		s.state.reading = recorded(measurement)
		return s
	}
	run.Reason = cmp.Or(outcome.Reason, v1alpha1.ReasonResultMissing)
	run.Message = cut(fmt.Sprintf("suite %s, Job %s: %s; create another SafetyEvaluation to run the suite again",
		k.evaluation.Spec.Job.Suite, run.JobName, cmp.Or(outcome.Message, "it ended without a result")), maxMessage)
	s.state.reading = fruitless(run)
	return s
}

// endOf is when a run ended: by the clock of the node, but neither in the future nor before it began.
func (k *knowledge) endOf(at time.Time) metav1.Time {
	began := k.evaluation.CreationTimestamp
	if start := k.run().StartTime; start != nil {
		began = *start
	}
	if at.IsZero() || at.After(k.now.Time) || at.Before(began.Time) {
		return k.now
	}
	return metav1.NewTime(at)
}

// fruitless is the reading of a run that ended without a measurement.
func fruitless(run *v1alpha1.EvaluationRun) reading {
	return reading{summary: stuck(run.Reason, run.Message)}
}

// fail ends the run without a measurement.
func (k *knowledge) fail(reason, message string) step {
	run := k.run().DeepCopy()
	run.FinishTime, run.Reason, run.Message = new(k.now), reason, cut(message, maxMessage)
	return step{goOn: true, state: state{run: run, reading: fruitless(run)}}
}

// report leaves the run as it is recorded.
func (k *knowledge) report(s summary) step {
	return step{state: state{run: k.evaluation.Status.Run, reading: reading{summary: s}}}
}

// after is what comes next when the run is over: its server goes at once, and a Job that still runs; one that ended is kept
// for a while. When the pod of the server is gone it goes on with what keeps others from it.
func (k *knowledge) after() step {
	e := k.evaluation
	s := step{state: state{run: e.Status.Run}}
	if k.serverObject() != nil {
		return k.withoutServer(s)
	}
	if e.Status.Measurement != nil {
		s.state.reading = recorded(e.Status.Measurement)
	} else {
		s.state.reading = fruitless(e.Status.Run)
	}
	job := k.job()
	if job == nil || job.DeletionTimestamp != nil {
		return s
	}
	kept := time.Duration(k.retention) * time.Second
	if !runs.Over(job) {
		// It comes to its end after its result did, or has a container that others put into it and that never ends.
		kept = min(kept, closingTime)
	}
	left := k.run().FinishTime.Add(kept).Sub(k.now.Time)
	if left <= 0 || runs.Read(job, k.podsOfJob()).State != runs.Finished {
		return step{remove: job}
	}
	s.again = left
	return s
}

// closingTime is how long a Job may take to end once its result is there.
const closingTime = time.Minute

// vanish takes away what there is of the run of an evaluation that is being deleted. What it owns goes with it, but not
// before it does, and a finalizer may keep it.
func (k *knowledge) vanish() step {
	for i := range k.jobs {
		if job := &k.jobs[i]; job.DeletionTimestamp == nil {
			return step{remove: job}
		}
	}
	return k.withoutServer(step{})
}
