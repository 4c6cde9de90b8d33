// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// measuredBy names the suite of a requirement.
func measuredBy(suite string) func(*v1alpha1.Requirement) {
	return func(r *v1alpha1.Requirement) { r.Evaluation.Suite = suite }
}

// suited is a release whose policy asks for bio and card by suites, for hand by none, and for a signature.
func suited(more ...client.Object) []client.Object {
	return append([]client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fixture.Namespace}}, fixture.Release("m1"), fixture.Suite("bio-suite"), fixture.Suite("card-suite"),
		fixture.Policy("rsp", fixture.Roles("rso"), fixture.Defining("bio", measuredBy("bio-suite")), fixture.Defining("card", measuredBy("card-suite")),
			fixture.Defining("hand"), fixture.Defining("sign-off", fixture.Signing("rso")),
			fixture.Raising("CBRN-3", "ASL-3", "bio"), fixture.Requiring("ASL-2", "card", "hand"), fixture.Requiring("ASL-3", "sign-off")),
	}, more...)
}

func created(t *testing.T, c client.Client) string {
	t.Helper()
	list := &v1alpha1.SafetyEvaluationList{}
	if err := c.List(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	var all []string
	for i := range list.Items {
		e := &list.Items[i]
		all = append(all, fmt.Sprintf("%s by %s of %d artifacts", e.Spec.Requirement, e.Spec.Job.Suite, len(e.Spec.Subject.Artifacts)))
	}
	return strings.Join(all, ", ")
}

func TestEvaluationRunCreates(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args []string
		want string
		say  string
	}{
		"what is due":                      {nil, "bio by bio-suite of 2 artifacts, card by card-suite of 2 artifacts", "created: bio by suite bio-suite"},
		"a requirement":                    {[]string{"--requirement", "bio"}, "bio by bio-suite of 2 artifacts", "created: bio by suite bio-suite"},
		"what a suite measures":            {[]string{"--suite", "card-suite"}, "card by card-suite of 2 artifacts", ""},
		"a requirement without a suite":    {[]string{"--requirement", "hand", "--suite", "bio-suite"}, "hand by bio-suite of 2 artifacts", ""},
		"nothing in a dry run":             {[]string{"--dry-run=client"}, "", "created (dry run)"},
		"two, as names":                    {[]string{"--requirement", "bio", "--requirement", "card", "-o", "name"}, "bio by bio-suite of 2 artifacts, card by card-suite of 2 artifacts", "safetyevaluation.scalegate.dev/m1-card-"},
		"nothing, and shows what it would": {[]string{"--requirement", "bio", "--dry-run=client", "-o", "yaml"}, "", "suite: bio-suite"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cluster(t, nil, suited()...)
			got := run(t, c, append([]string{"evaluation", "run", "m1", "-n", "serving", "--detach"}, tc.args...)...)
			if got.code != codePass || !strings.Contains(got.out, tc.say) {
				t.Errorf("got %+v, want %q", got, tc.say)
			}
			if did := created(t, c); did != tc.want {
				t.Errorf("created %q, want %q", did, tc.want)
			}
		})
	}
}

func TestEvaluationRunRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		objects []client.Object
		args    []string
		want    string
	}{
		"a requirement that the policy does not have": {suited(), []string{"--requirement", "x"}, "SafetyPolicy rsp has no requirement x; it has: bio, card, hand, sign-off"},
		"a requirement without a suite":               {suited(), []string{"--requirement", "hand"}, "requirement hand names no suite: name one with --suite"},
		"a requirement of people":                     {suited(), []string{"--requirement", "sign-off"}, "requirement sign-off asks for no evaluation"},
		"another suite than the requirement's":        {suited(), []string{"--requirement", "bio", "--suite", "card-suite"}, "requirement bio is measured by suite bio-suite"},
		"a suite that measures nothing":               {suited(), []string{"--suite", "x"}, "no requirement of SafetyPolicy rsp is measured by suite x"},
		"a suite that does not exist":                 {suited(), []string{"--requirement", "hand", "--suite", "x"}, "there is no EvaluationSuite x; there are: bio-suite, card-suite"},
		"a release without its policy":                {suited()[:4], nil, "SafetyPolicy rsp of release m1 does not exist"},
		"a release that does not exist":               {nil, nil, "there is no ModelRelease m1"},
		"what is due by a suite that does not exist":  {append(suited()[:3:3], suited()[4:]...), nil, "EvaluationSuite card-suite of requirement card does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cluster(t, nil, tc.objects...)
			got := run(t, c, append([]string{"evaluation", "run", "m1", "-n", "serving"}, tc.args...)...)
			if got.code != codeError || !strings.Contains(got.errors, tc.want) || created(t, c) != "" {
				t.Errorf("got %+v, want %q", got, tc.want)
			}
		})
	}
}

// running is an evaluation whose Job runs since Day(9).
func runningEvaluation(name string) *v1alpha1.SafetyEvaluation {
	e := fixture.Evaluation(name, "bio", "", fixture.Unread(), func(e *v1alpha1.SafetyEvaluation) {
		e.Spec.Report, e.Spec.Job = nil, &v1alpha1.JobSource{Suite: "bio-suite"}
		e.Status.Conditions = []metav1.Condition{said("Ready", false, "Running"), said("Reconciling", true, "Running")}
		e.Status.Run = &v1alpha1.EvaluationRun{StartTime: new(metav1.NewTime(fixture.Day(9)))}
	})
	return &e
}

// evaluator is the pod of a run, whose evaluation runs or waits.
func evaluator(evaluation string, runs bool) *corev1.Pod {
	state := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}
	if runs {
		state = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "serving", Name: evaluation + "-pod", UID: "pod", Labels: map[string]string{v1alpha1.LabelEvaluation: evaluation}},
		Spec: corev1.PodSpec{
			NodeName: "node-1", InitContainers: []corev1.Container{{Name: "inspect"}}, Containers: []corev1.Container{{Name: "collect"}},
		},
		Status: corev1.PodStatus{Phase: corev1.PodPending, InitContainerStatuses: []corev1.ContainerStatus{{Name: "inspect", State: state}}},
	}
}

func finish(t *testing.T, c client.Client, name string, modify func(*v1alpha1.SafetyEvaluation)) {
	t.Helper()
	e := &v1alpha1.SafetyEvaluation{}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "serving", Name: name}, e); err != nil {
		t.Fatal(err)
	}
	e.Status.Conditions = nil
	modify(e)
	if err := c.Update(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

func failedRun(e *v1alpha1.SafetyEvaluation) {
	e.Status.Conditions = []metav1.Condition{said("Ready", false, "RunFailed"), said("Stalled", true, "RunFailed")}
}

func TestEvaluationRunWatchesWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	c := newWatching(cluster(t, nil, suited(runningEvaluation("before"))...))
	r := start(t, c, "evaluation", "run", "m1", "-n", "serving", "--requirement", "bio")
	r.says(t, "bio is on its way already, as SafetyEvaluation before\n00:00:00  before  Running: because of Running (24h)\n")
	c.await(t, 2)
	if err := c.Create(t.Context(), evaluator("before", true)); err != nil {
		t.Fatal(err)
	}
	r.says(t, "; before-pod runs inspect (24h)")
	finish(t, c, "before", measuredNow)
	got := r.result(t)
	if got.code != codePass || !strings.Contains(got.out, "before  Measured: because of Measured (24h)") || created(t, c) != "bio by bio-suite of 2 artifacts" {
		t.Errorf("got %+v", got)
	}
}

func TestEvaluationWatchEndsWithTheWorst(t *testing.T) {
	t.Parallel()
	unusable := func(e *v1alpha1.SafetyEvaluation) {
		e.Status.Conditions = []metav1.Condition{said("Ready", false, "Unusable"), said("Stalled", true, "Unusable")}
	}
	for name, tc := range map[string]struct {
		first, second func(*v1alpha1.SafetyEvaluation)
		want          int
	}{
		"all measured":               {measuredNow, measuredNow, codePass},
		"one failed":                 {measuredNow, failedRun, codeBlocked},
		"one cannot be used":         {unusable, measuredNow, codeInconclusive},
		"one failed, one is useless": {failedRun, unusable, codeBlocked},
		"one useless, one failed":    {unusable, failedRun, codeBlocked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := runningEvaluation("a"), runningEvaluation("b")
			tc.first(a)
			tc.second(b)
			if got := run(t, cluster(t, nil, a, b), "evaluation", "watch", "a", "b", "-n", "serving"); got.code != tc.want {
				t.Errorf("got %+v, want code %d", got, tc.want)
			}
		})
	}
}

func TestEvaluationWatchLeavesTheRunAlone(t *testing.T) {
	t.Parallel()
	t.Run("when it is interrupted", func(t *testing.T) {
		r := start(t, cluster(t, nil, runningEvaluation("a")), "evaluation", "watch", "a", "-n", "serving")
		r.says(t, "Running")
		r.stop()
		got := r.result(t)
		if got.code != codePending || !strings.HasSuffix(got.out, "It goes on. Watch it again with:\n  scalegate evaluation watch a -n serving\n") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("when time is over", func(t *testing.T) {
		got := run(t, cluster(t, nil, runningEvaluation("a")), "evaluation", "watch", "a", "-n", "serving", "--timeout", "10ms")
		if got.code != codePending || !strings.Contains(got.out, "Watch it again") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("which does not exist", func(t *testing.T) {
		got := run(t, cluster(t, nil), "evaluation", "watch", "a", "-n", "serving")
		if got.code != codeError || !strings.Contains(got.errors, "there is no SafetyEvaluation a in namespace serving") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("which is deleted", func(t *testing.T) {
		c := newWatching(cluster(t, nil, runningEvaluation("a")))
		r := start(t, c, "evaluation", "watch", "a", "-n", "serving")
		r.says(t, "Running")
		c.await(t, 2)
		if err := c.Delete(t.Context(), runningEvaluation("a")); err != nil {
			t.Fatal(err)
		}
		if got := r.result(t); got.code != codeError || !strings.Contains(got.errors, "SafetyEvaluation a was deleted while it was watched") {
			t.Errorf("got %+v", got)
		}
	})
}

func TestEvaluationWatchShowsLogs(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.String()
		_, _ = io.WriteString(w, "sample 1\nsample \x1b[2J2\n"+strings.Repeat("x", 3*longestLogLine)+"\nlast")
	}))
	defer server.Close()
	c := newWatching(cluster(t, nil, runningEvaluation("a"), evaluator("a", true)))
	r := &running{ended: make(chan int, 1)}
	root := newRoot("scalegate", "v1.2.3", environment{
		now: func() time.Time { return fixture.Day(10) },
		connect: func(flags *genericclioptions.ConfigFlags, _ io.Writer) (connection, error) {
			return connection{Client: c, namespace: *flags.Namespace, config: &rest.Config{Host: server.URL}}, nil
		},
	})
	root.SetOut(&r.out)
	root.SetErr(&r.errs)
	root.SetArgs([]string{"evaluation", "watch", "a", "-n", "serving", "--logs"})
	go func() { r.ended <- Execute(t.Context(), root) }()
	r.says(t, "a | sample 1\na | sample  [2J2\na | "+strings.Repeat("x", longestLogLine)+"\na | last\n")
	c.await(t, 2)
	finish(t, c, "a", measuredNow)
	if got := r.result(t); got.code != codePass {
		t.Errorf("got %+v", got)
	}
	if got, want := <-asked, "/api/v1/namespaces/serving/pods/a-pod/log?container=inspect&follow=true&tailLines=20"; got != want {
		t.Errorf("asked for %s, want %s", got, want)
	}
}
