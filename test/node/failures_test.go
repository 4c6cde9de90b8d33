// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/node/stub"
)

// failure is a run that ends without a measurement.
type failure struct {
	suite suite
	// reason that is recorded, and parts of its message.
	reason string
	says   []string
	// attempts that the Job makes.
	attempts int32
}

// secret is part of what the evaluators write to their logs; it is in no message.
const secret = "SECRET"

func TestRunsThatFailEndInAReason(t *testing.T) {
	t.Parallel()
	oom := evaluating("inspect-json", "-mode=memory", "-bytes=1073741824")
	oom.container.Resources = limited("64Mi")
	late := evaluating("inspect-json", "-mode=sleep")
	late.job = batchv1.JobSpec{ActiveDeadlineSeconds: new(int64(8))}
	retried := evaluating("inspect-json", "-mode=crash")
	retried.job = batchv1.JobSpec{BackoffLimit: new(int32(1))}
	greedy := evaluating("garak", "-mode=hoard", "-bytes=100000000")
	greedy.container.Resources = limited("256Mi")
	greedy.container.Resources.Limits[corev1.ResourceEphemeralStorage] = resource.MustParse("20Mi")
	two := evaluating("inspect-json", "-mode=two")
	two.path = "*.json"
	for name, f := range map[string]failure{
		"crash":                  {suite: retried, reason: v1alpha1.ReasonRunFailed, says: []string{"evaluate", "3"}, attempts: 2},
		"memory":                 {suite: oom, reason: v1alpha1.ReasonRunFailed, says: []string{"OOMKilled"}, attempts: 1},
		"deadline":               {suite: late, reason: v1alpha1.ReasonDeadlineExceeded, attempts: 1},
		"disk":                   {suite: greedy, reason: v1alpha1.ReasonEvicted, attempts: 1},
		"no result":              {suite: evaluating("inspect-json", "-mode=missing"), reason: v1alpha1.ReasonResultMissing, attempts: 1},
		"two results":            {suite: two, reason: v1alpha1.ReasonResultAmbiguous, attempts: 1},
		"a result without limit": {suite: evaluating("garak", "-mode=large", "-bytes=600000000"), reason: v1alpha1.ReasonUnreadable, says: []string{"at most"}, attempts: 1},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) { f.shows(t) })
	}
}

// TestHostileResultsAreRefused leaves what no honest tool leaves, and sees the run end in a reason
// and the node live on.
func TestHostileResultsAreRefused(t *testing.T) {
	t.Parallel()
	reasons := map[string]string{
		"symlink": v1alpha1.ReasonResultMissing, "symlink-host": v1alpha1.ReasonResultMissing, "fifo": v1alpha1.ReasonUnreadable,
		"zip-bomb": v1alpha1.ReasonUnreadable, "deep": v1alpha1.ReasonUnreadable, "truncated": v1alpha1.ReasonUnreadable,
		"duplicate-keys": v1alpha1.ReasonUnreadable, "sparse": v1alpha1.ReasonUnreadable,
		// The file is sound, and says that nothing was measured: that is recorded as it is.
		"nan": "",
	}
	for name := range stub.Hostile() {
		reason, ok := reasons[name]
		if !ok {
			t.Errorf("nobody says what is to become of %s", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			f := failure{suite: evaluating("inspect-json", "-mode="+name, "-rate=0.1"), reason: reason, attempts: 1}
			f.shows(t)
		})
	}
}

// shows runs the suite and compares what is recorded.
func (f failure) shows(t *testing.T) {
	t.Helper()
	s := begin(t, requirement("inspect-json"), requirement("garak"))
	s.release(serveArgs(stub.Run{})...)
	about := "inspect-json"
	if f.suite.path == stub.Formats()["garak"].File {
		about = "garak"
	}
	s.evaluate("run", about, s.suite(f.suite))
	e := s.finished("run")
	run := e.Status.Run
	if run.Reason != f.reason {
		t.Errorf("reason = %q (%s), want %q", run.Reason, run.Message, f.reason)
	}
	for _, part := range f.says {
		if !strings.Contains(run.Message, part) {
			t.Errorf("message = %q, want it to say %q", run.Message, part)
		}
	}
	if strings.Contains(run.Message, secret) {
		t.Errorf("the message tells what a container logged: %q", run.Message)
	}
	if run.Attempts == nil || *run.Attempts != f.attempts {
		t.Errorf("attempts = %v, want %d", run.Attempts, f.attempts)
	}
	if m := e.Status.Measurement; m != nil && (f.reason != "" || m.Value != "") {
		t.Errorf("measurement = %+v, want none with a value", m)
	}
	if got := s.exposure(); got == "General" {
		t.Error("the release is granted General by a run without a result")
	}
}

// TestAFloodOfLogIsNoFailure writes 200 MB to the container's log before it evaluates.
func TestAFloodOfLogIsNoFailure(t *testing.T) {
	s := begin(t, requirement("inspect-json"))
	s.release(serveArgs(stub.Run{})...)
	run := stub.Run{Seed: 4, Samples: 60, Rate: 0.1}
	s.evaluate("flood", "inspect-json", s.suite(evaluating("inspect-json", append(runArgs(run), "-mode=log", "-bytes=200000000")...)))
	e := s.finished("flood")
	if got := said(t, e.Status.Measurement); got.Judged != run.Judged() {
		t.Errorf("judged %d, want %d", got.Judged, run.Judged())
	}
}

// TestALargeResultIsStreamed reads a report of 200 MB in a container of 128 MiB.
func TestALargeResultIsStreamed(t *testing.T) {
	s := begin(t, requirement("garak"))
	s.release(serveArgs(stub.Run{})...)
	run := stub.Run{Seed: 5, Samples: 60, Rate: 0.1}
	s.evaluate("large", "garak", s.suite(evaluating("garak", append(runArgs(run), "-mode=large", "-bytes=200000000")...)))
	e := s.finished("large")
	if got := said(t, e.Status.Measurement); got.Judged != run.Judged() || got.Value != run.AttackRate() {
		t.Errorf("recorded %+v, want %d judged at %v", got, run.Judged(), run.AttackRate())
	}
}

// TestADeletedJobEndsTheRun deletes the Job of an evaluation whose container runs.
func TestADeletedJobEndsTheRun(t *testing.T) {
	s := begin(t, requirement("inspect-json"))
	s.release(serveArgs(stub.Run{})...)
	s.evaluate("deleted", "inspect-json", s.suite(evaluating("inspect-json", "-mode=sleep")))
	mine := []client.ListOption{client.InNamespace(s.name), client.MatchingLabels{v1alpha1.LabelEvaluation: "deleted"}}
	var pods corev1.PodList
	s.eventually("the evaluator runs", func(ctx context.Context) (bool, error) {
		err := s.List(ctx, &pods, mine...)
		return len(pods.Items) == 1 && len(pods.Items[0].Status.InitContainerStatuses) == 1 &&
			pods.Items[0].Status.InitContainerStatuses[0].State.Running != nil, err
	})
	s.must(s.Delete(t.Context(), &batchv1.Job{ObjectMeta: metav1.ObjectMeta{
		Namespace: s.name, Name: pods.Items[0].OwnerReferences[0].Name,
	}}, client.PropagationPolicy(metav1.DeletePropagationBackground)))
	e := s.finished("deleted")
	if e.Status.Run.Reason != v1alpha1.ReasonJobDeleted {
		t.Errorf("reason = %q (%s), want %s", e.Status.Run.Reason, e.Status.Run.Message, v1alpha1.ReasonJobDeleted)
	}
	s.eventually("the container is gone", func(ctx context.Context) (bool, error) {
		err := s.List(ctx, &pods, mine...)
		return len(pods.Items) == 0, err
	})
}
