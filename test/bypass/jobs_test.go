// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"errors"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// job claims the release; its controller may make its one pod.
func job(ns string, change ...func(*batchv1.Job)) *batchv1.Job {
	j := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: ns, GenerateName: "job-"}, Spec: batchv1.JobSpec{Template: template()}}
	j.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	for _, c := range change {
		c(j)
	}
	return j
}

func storedJob(change ...func(*batchv1.Job)) func(*testing.T, string) client.Object {
	return func(t *testing.T, ns string) client.Object {
		t.Helper()
		j := job(ns, change...)
		must(t, shared.Client.Create(t.Context(), j))
		return j
	}
}

func suspendedJob(j *batchv1.Job) { j.Spec.Suspend = new(true) }
func runningJob(j *batchv1.Job)   { j.Spec.Suspend = new(false) }
func unclaimJob(j *batchv1.Job)   { unclaim(&j.Spec.Template) }
func claimJob(j *batchv1.Job)     { j.Spec.Template.Labels[v1alpha1.LabelRelease] = release }
func placeJob(j *batchv1.Job)     { j.Spec.Template.Spec.NodeSelector = map[string]string{"zone": "a"} }
func forgetMark(j *batchv1.Job)   { j.Annotations = nil }
func queueJob(j *batchv1.Job)     { j.Labels = map[string]string{"kueue.x-k8s.io/queue-name": "q"} }
func onJob(c func(*batchv1.Job)) func(client.Object) {
	return func(o client.Object) { c(as[*batchv1.Job](o)) }
}

func jobMark(value string) func(*batchv1.Job) {
	return func(j *batchv1.Job) { metav1.SetMetaDataAnnotation(&j.ObjectMeta, v1alpha1.AnnotationHeld, value) }
}

func jobState(j *batchv1.Job) string {
	mark, marked := j.Annotations[v1alpha1.AnnotationHeld]
	if !marked {
		mark = "no mark"
	}
	return fmt.Sprintf("suspended: %v, %s", j.Spec.Suspend != nil && *j.Spec.Suspend, mark)
}

func wantJob(t *testing.T, j *batchv1.Job, want string) {
	t.Helper()
	if got := jobState(j); got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

const (
	heldJob       = "suspended: true, resume"
	heldSuspended = "suspended: true, paused"
	freeJob       = "suspended: false, no mark"
	freeSuspended = "suspended: true, no mark"
)

func TestAJobIsHeldWhenItIsMade(t *testing.T) {
	t.Parallel()
	ns, other := govern(t), leaveAlone(t)
	for name, row := range map[string]struct {
		change []func(*batchv1.Job)
		as     string
		want   string
	}{
		"plain":                                  {want: heldJob},
		"not suspended by its author":            {change: jobs(runningJob), want: heldJob},
		"suspended by its author":                {change: jobs(suspendedJob), want: heldSuspended},
		"with a mark that somebody typed":        {change: jobs(jobMark("released")), want: heldJob},
		"suspended, with a typed mark":           {change: jobs(suspendedJob, jobMark("released")), want: heldSuspended},
		"suspended, with a typed wish":           {change: jobs(suspendedJob, jobMark("resume")), want: heldJob},
		"that claims the empty release":          {change: jobs(func(j *batchv1.Job) { j.Spec.Template.Labels[v1alpha1.LabelRelease] = "" }), want: heldJob},
		"by the CronJob controller":              {as: "system:serviceaccount:kube-system:cronjob-controller", want: heldJob},
		"by the JobSet controller":               {as: "system:serviceaccount:jobset-system:jobset-controller-manager", want: heldJob},
		"that claims nothing":                    {change: jobs(unclaimJob), want: freeJob},
		"that claims nothing, with a typed mark": {change: jobs(unclaimJob, suspendedJob, jobMark("resume")), want: freeSuspended},
		"that claims on itself alone": {change: jobs(unclaimJob, func(j *batchv1.Job) {
			j.Labels = map[string]string{v1alpha1.LabelRelease: release}
		}), want: freeJob},
		"in a queue, where Kueue holds it": {change: jobs(queueJob), want: freeJob},
	} {
		t.Run(name, func(t *testing.T) {
			by := shared.Client
			if row.as != "" {
				by = identity(t, row.as, "system:masters")
			}
			j := job(ns, row.change...)
			must(t, by.Create(t.Context(), j, client.DryRunAll))
			wantJob(t, j, row.want)
			untouched := job(other, row.change...)
			before := jobState(untouched)
			must(t, by.Create(t.Context(), untouched, client.DryRunAll))
			wantJob(t, untouched, before)
		})
	}
}

func jobs(changes ...func(*batchv1.Job)) []func(*batchv1.Job) { return changes }

// Whatever is sent to a held Job is taken, and it stays held.
func TestAHeldJobStaysHeld(t *testing.T) {
	t.Parallel()
	ns, control := govern(t), attempt{as: shared.Client, ns: leaveAlone(t)}
	ours := jobs(suspendedJob, jobMark(v1alpha1.HeldResume))
	for name, edit := range map[string]func(*batchv1.Job){
		"resuming it":                    runningJob,
		"taking the mark off":            forgetMark,
		"writing nonsense over the mark": jobMark("released"),
		"resuming it without the mark": func(j *batchv1.Job) {
			forgetMark(j)
			runningJob(j)
		},
		"resuming it with another template": func(j *batchv1.Job) {
			placeJob(j)
			runningJob(j)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tampering{make: storedJob(ours...), edit: onJob(edit), changed: func(_, after client.Object) bool {
				return jobState(as[*batchv1.Job](after)) != heldJob
			}}.fails(t, shared.Client, ns, control)
		})
	}
}

func TestWhatBecomesOfAJob(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	for name, row := range map[string]struct {
		made   []func(*batchv1.Job)
		lifted bool // by the controller, before the edit
		edit   []func(*batchv1.Job)
		want   string
	}{
		"one that its author suspended is resumed":             {made: jobs(suspendedJob), edit: jobs(runningJob), want: heldJob},
		"a held one is marked as suspended":                    {edit: jobs(jobMark("paused")), want: heldSuspended},
		"the mark of a suspended one is lost":                  {made: jobs(suspendedJob), edit: jobs(forgetMark), want: heldSuspended},
		"a held one loses its claim":                           {edit: jobs(unclaimJob), want: freeJob},
		"a held one that its author suspended loses its claim": {made: jobs(suspendedJob), edit: jobs(unclaimJob), want: freeSuspended},
		"a held one goes to a queue":                           {edit: jobs(queueJob), want: freeSuspended},
		"a lifted one is suspended again":                      {lifted: true, edit: jobs(suspendedJob), want: freeSuspended},
		"a mark is typed on a lifted one":                      {lifted: true, edit: jobs(jobMark("resume")), want: freeJob},
		"a suspended one without a claim comes to one":         {made: jobs(unclaimJob, suspendedJob), edit: jobs(claimJob), want: heldSuspended},
		"a suspended one without a claim comes to one and is resumed": {
			made: jobs(unclaimJob, suspendedJob), edit: jobs(claimJob, runningJob), want: heldJob},
		"a suspended one in a queue is moved, as Kueue does": {made: jobs(queueJob, suspendedJob), edit: jobs(placeJob, runningJob), want: freeJob},
	} {
		t.Run(name, func(t *testing.T) {
			j := as[*batchv1.Job](storedJob(row.made...)(t, ns))
			if row.lifted {
				liftJob(t, j)
			}
			must(t, update(t, j, func(j *batchv1.Job) {
				for _, change := range row.edit {
					change(j)
				}
			}))
			wantJob(t, j, row.want)
		})
	}
}

// liftJob ends the hold of a Job as the controller does.
func liftJob(t *testing.T, j *batchv1.Job) {
	t.Helper()
	must(t, ours(t).Patch(t.Context(), j, client.RawPatch(types.MergePatchType,
		fmt.Appendf(nil, `{"metadata":{"annotations":{%q:null}},"spec":{"suspend":false}}`, v1alpha1.AnnotationHeld))))
	wantJob(t, j, freeJob)
}

func jobCondition(j *batchv1.Job, kind batchv1.JobConditionType) bool {
	for _, c := range j.Status.Conditions {
		if c.Type == kind {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// A held Job makes no pod; lifted, its pod is born held; suspended again, its template may change
// and is judged anew.
func TestAJobIsJudgedAnewWhenItsTemplateChanges(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	j := as[*batchv1.Job](storedJob()(t, ns))
	suspension := func(want bool) {
		t.Helper()
		eventually(t, func(ctx context.Context) error {
			if err := shared.Client.Get(ctx, client.ObjectKeyFromObject(j), j); err != nil {
				return err
			}
			if jobCondition(j, batchv1.JobSuspended) != want {
				return errors.New("its controller has not seen it yet")
			}
			return nil
		})
	}
	suspension(true)
	awaitPods(t, ns, 0, 0)
	liftJob(t, j)
	awaitPods(t, ns, 0, 1)
	must(t, update(t, j, suspendedJob))
	wantJob(t, j, freeSuspended)
	suspension(true)
	awaitPods(t, ns, 0, 0)
	must(t, update(t, j, placeJob))
	wantJob(t, j, heldSuspended)
	must(t, update(t, j, runningJob))
	wantJob(t, j, heldJob)
}

// A hold is a mark beside what stands there.
func TestAHoldKeepsTheOtherAnnotations(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	d, j := deployment(ns, "web"), job(ns)
	s := as[*appsv1.StatefulSet](storedStatefulSet()(t, ns))
	nextImage(s)
	s.ResourceVersion = "" // its controller may have written its status
	for _, o := range []client.Object{d, j, s} {
		annotate("note", "x")(o)
	}
	must(t, shared.Client.Create(t.Context(), d, client.DryRunAll))
	must(t, shared.Client.Create(t.Context(), j, client.DryRunAll))
	must(t, shared.Client.Update(t.Context(), s, client.DryRunAll))
	for _, o := range []client.Object{d, j, s} {
		if all := o.GetAnnotations(); all["note"] != "x" || all[v1alpha1.AnnotationHeld] == "" {
			t.Errorf("%T has the annotations %v", o, all)
		}
	}
}

// A Job that ran before the namespace was governed is not stopped.
func TestAJobThatRunsIsNotStopped(t *testing.T) {
	t.Parallel()
	ns := leaveAlone(t)
	j := as[*batchv1.Job](storedJob()(t, ns))
	enforceGate(t, ns)
	must(t, update(t, j, func(j *batchv1.Job) { metav1.SetMetaDataAnnotation(&j.ObjectMeta, "note", "x") }))
	wantJob(t, j, freeJob)
}

// enforceGate governs a namespace that exists, and returns once that is in force.
func enforceGate(t *testing.T, ns string) {
	t.Helper()
	must(t, shared.Client.Patch(t.Context(), namespace(ns, nil), client.RawPatch(types.MergePatchType,
		[]byte(`{"metadata":{"labels":{"scalegate.dev/gate":"enforced"}}}`))))
	eventually(t, func(ctx context.Context) error {
		return refusal(shared.Client.Create(ctx, pod(ns, unclaimed, withGPU), client.DryRunAll), accelerator)
	})
}

func TestApplyingAJobAgainChangesNothing(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	j := job(ns, func(j *batchv1.Job) { j.GenerateName, j.Name = "", "job" })
	content, err := bare(j)
	must(t, err)
	must(t, apply(t.Context(), shared.Client, j, content))
	wantJob(t, j, heldJob)
	generation := j.Generation
	for range 3 {
		must(t, apply(t.Context(), shared.Client, j, content))
		wantJob(t, j, heldJob)
		if j.Generation != generation {
			t.Errorf("generation %d, want %d", j.Generation, generation)
		}
	}
}
