// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

// limiting has the release limited by its replicas too.
func limiting(s *enforcement.Scene) { s.LimitBy = v1alpha1.LimitByScaleReplicas }

// asking is a workload whose replicas may be set, and which asks for so many; scaled and standby are its annotations.
func asking(n int32, annotations ...string) func(*enforcement.Parent) {
	return func(p *enforcement.Parent) {
		p.Pods, p.Scalable = &n, true
		for i, text := range annotations {
			*[]*string{&p.Scaled, &p.Standby}[i] = text
		}
	}
}

// served is a Deployment "d" of the exposure Evaluation with a ReplicaSet "r" and so many pods that serve and are held.
func served(serves, waits int, as ...func(*enforcement.Parent)) func(*enforcement.Scene) {
	return servedAs("d", "r", "Evaluation", serves, waits, as...)
}

func servedAs(name, set, exposure string, serves, waits int, as ...func(*enforcement.Parent)) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) {
		deployment(name, exposure, matching, as...)(s)
		within(set, "Deployment", name)(s)
		for i := range serves + waits {
			pod(set+"-"+strconv.Itoa(i), exposure, matching, owned("ReplicaSet", set), func(p *enforcement.Pod) { p.Held = i >= serves })(s)
		}
	}
}

// set is a StatefulSet "s" that asks for 4, with pods of these ordinals.
func set(ordinals map[int32]bool, as ...func(*enforcement.Parent)) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) {
		parent("StatefulSet", "s", "Evaluation", matching, append([]func(*enforcement.Parent){asking(4)}, as...)...)(s)
		for n := range int32(10) {
			if serves, there := ordinals[n]; there {
				pod("s-"+strconv.Itoa(int(n)), "Evaluation", matching, ofRevision("s", "1", n), func(p *enforcement.Pod) { p.Held = !serves })(s)
			}
		}
	}
}

// sized is what a plan scales, without its words.
func sized(kind, name string, replicas int32, remember string) enforcement.Scale {
	return enforcement.Scale{
		Kind: schema.GroupKind{Group: "apps", Kind: kind}, Name: name, ResourceVersion: "rv-" + name, Replicas: replicas, Remember: remember,
	}
}

// scaled is a scene with what is scaled in it.
type scaled struct {
	scene    enforcement.Scene
	decision gate.Decision
	want     []enforcement.Scale
}

func (x scaled) check(t *testing.T) {
	t.Helper()
	plan := enforcement.For(x.scene, x.decision)
	if diff := cmp.Diff(x.want, plan.Scales, cmpopts.IgnoreFields(enforcement.Scale{}, "Message")); diff != "" {
		t.Errorf("scales (-want +got):\n%s", diff)
	}
	for _, s := range plan.Scales {
		if s.Message == "" {
			t.Errorf("%s is scaled without a word", s.Name)
		}
	}
	if len(x.want) > 0 && (!plan.Takes() || !plan.Counts()) {
		t.Error("a plan that scales needs a live decision, and live pods")
	}
}

func TestScalesDown(t *testing.T) {
	for sentence, test := range map[string]scaled{
		"above a ceiling, to what serves": {
			scene(limiting, served(2, 3, asking(5))), granting("General"), []enforcement.Scale{sized("Deployment", "d", 2, "5/2")},
		},
		"what is opened by the same plan serves": {
			scene(limiting, served(0, 5, asking(5))), granting("General"), []enforcement.Scale{sized("Deployment", "d", 2, "5/2")},
		},
		"not where the release does not ask for it": {
			scene(served(2, 3, asking(5))), granting("General"), nil,
		},
		"not where nothing waits": {
			scene(limiting, served(2, 0, asking(5))), granting("General"), nil,
		},
		"not what something else scales": {
			scene(limiting, served(2, 3, asking(5), func(p *enforcement.Parent) { p.Scalable = false })), granting("General"), nil,
		},
		"not what belongs to something else": {
			scene(limiting, served(2, 3, asking(5)), within("d", "LLMInferenceService", "llm")), granting("General"), nil,
		},
		"to nothing, where nothing was ever granted": {
			scene(limiting, served(0, 3, asking(3))), refusing(v1alpha1.ReasonEvidenceMissing), []enforcement.Scale{sized("Deployment", "d", 0, "3/0")},
		},
		"to what serves, where the grant is gone": {
			scene(limiting, served(1, 2, asking(3))), refusing(v1alpha1.ReasonEvidenceExpired), []enforcement.Scale{sized("Deployment", "d", 1, "3/1")},
		},
		"not for what differs: no place would help": {
			scene(limiting, deployment("d", "Evaluation", matching, asking(2)), within("r", "Deployment", "d"),
				pod("a", "Evaluation", differing, held, owned("ReplicaSet", "r"))), granting("General"), nil,
		},
		"not where there is no ceiling": {
			scene(limiting, servedAs("d", "r", "General", 0, 2, asking(2))), granting("General"), nil,
		},
		"not while growth is withheld": {
			scene(limiting, withheld, served(2, 3, asking(5))), granting("General"), nil,
		},
		"not where the namespace is only audited": {
			scene(limiting, gated(v1alpha1.GateAudited), served(2, 3, asking(5))), granting("General"), nil,
		},
		"not while pods of two templates are there": {
			scene(limiting, served(2, 3, asking(5)), pod("new", "Evaluation", matching, held, owned("ReplicaSet", "r2")), within("r2", "Deployment", "d")),
			granting("General"), nil,
		},
		"somebody who asked for more meanwhile is remembered": {
			scene(limiting, served(2, 5, asking(7, "5/2"))), granting("General"), []enforcement.Scale{sized("Deployment", "d", 2, "7/2")},
		},
		"a StatefulSet keeps every number up to the highest that serves": {
			scene(limiting, set(map[int32]bool{0: false, 1: true, 2: true, 3: false})), granting("General"), []enforcement.Scale{sized("StatefulSet", "s", 3, "4/3")},
		},
		"a StatefulSet whose highest number serves stays": {
			scene(limiting, set(map[int32]bool{0: false, 2: true, 3: true})), granting("General"), nil,
		},
		"groups are counted whole, and by their numbers": {
			scene(limiting, parent("LeaderWorkerSet", "lws", "Evaluation", matching, asking(4)), within("leaders", "LeaderWorkerSet", "lws"),
				group4("0", 0), group4("1", 1), group4("2", 2, held)), granting("General"),
			[]enforcement.Scale{sized("LeaderWorkerSet", "lws", 2, "4/2")},
		},
		"groups stay where nobody knows the number of one that serves": {
			scene(limiting, parent("LeaderWorkerSet", "lws", "Evaluation", matching, asking(4)), within("leaders", "LeaderWorkerSet", "lws"),
				group4("0", 0), group4("2", 2, held),
				pod("w", "Evaluation", matching, inUnit("1", 4), owned("StatefulSet", "workers")), within("workers", "LeaderWorkerSet", "lws2"), within("lws2", "LeaderWorkerSet", "lws")),
			granting("Internal", atMostNothing), nil,
		},
	} {
		t.Run(sentence, test.check)
	}
}

// group4 is a leader with a worker, of a group of at most 4.
func group4(key string, number int32, as ...func(*enforcement.Pod)) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) {
		pod("leader-"+key, "Evaluation", matching, append(as, ofRevision("leaders", "1", number), inUnit(key, 4))...)(s)
		pod("worker-"+key, "Evaluation", matching, append(as, owned("StatefulSet", "workers-"+key), inUnit(key, 4))...)(s)
		within("workers-"+key, "Pod", "leader-"+key)(s)
		within("leader-"+key, "StatefulSet", "leaders")(s)
	}
}

// atMostNothing takes every grant back.
func atMostNothing(d *gate.Decision) {
	for i := range d.Exposures {
		d.Exposures[i].Granted = false
	}
}

func TestScalesBack(t *testing.T) {
	gone := func(s *enforcement.Scene) { s.Policy = nil }
	for sentence, test := range map[string]scaled{
		"all the way where nothing limits any more": {
			scene(limiting, servedAs("d", "r", "General", 2, 0, asking(2, "5/2"))), granting("General"), []enforcement.Scale{sized("Deployment", "d", 5, "")},
		},
		"by the places that are free": {
			scene(limiting, served(1, 0, asking(1, "5/1"))), granting("General"), []enforcement.Scale{sized("Deployment", "d", 2, "5/2")},
		},
		"by no more than was wanted": {
			scene(limiting, served(0, 0, asking(0, "1/0"))), granting("General"), []enforcement.Scale{sized("Deployment", "d", 1, "")},
		},
		"not where others ask for the places": {
			scene(limiting, served(0, 0, asking(0, "5/0")), servedAs("e", "q", "Evaluation", 1, 0, asking(2))), granting("General"), nil,
		},
		"also where others ask for places that would not help them": {
			scene(limiting, served(0, 0, asking(0, "5/0")), deployment("e", "Evaluation", matching, asking(2)), within("q", "Deployment", "e"),
				pod("x", "Evaluation", differing, held, owned("ReplicaSet", "q")), pod("y", "Evaluation", differing, held, owned("ReplicaSet", "q"))),
			granting("General"), []enforcement.Scale{sized("Deployment", "d", 2, "5/2")},
		},
		"not where pods of nobody have the places": {
			scene(limiting, served(0, 0, asking(0, "5/0")), pod("x", "Evaluation", matching), pod("y", "Evaluation", matching)), granting("General"), nil,
		},
		"of two, each in turn": {
			scene(limiting, served(0, 0, asking(0, "5/0")), servedAs("e", "q", "Evaluation", 0, 0, asking(0, "5/0"))), granting("General"),
			[]enforcement.Scale{sized("Deployment", "d", 1, "5/1"), sized("Deployment", "e", 1, "5/1")},
		},
		"not while nothing is granted": {
			scene(limiting, served(0, 0, asking(0, "5/0"))), refusing(v1alpha1.ReasonEvidenceMissing), nil,
		},
		"at once where the release is not limited so any more, whatever is granted": {
			scene(served(0, 0, asking(0, "5/0"))), refusing(v1alpha1.ReasonEvidenceMissing), []enforcement.Scale{sized("Deployment", "d", 5, "")},
		},
		"not where somebody scaled it since: that is forgotten": {
			scene(limiting, served(1, 0, asking(1, "5/2"))), granting("General"), []enforcement.Scale{sized("Deployment", "d", 1, "")},
		},
		"not below what it has, where somebody wrote that": {
			scene(limiting, served(2, 0, asking(2, "0/2"))), granting("General"), []enforcement.Scale{sized("Deployment", "d", 2, "")},
		},
		"not for a text that says nothing": {
			scene(limiting, served(2, 0, asking(2, "five/2"))), granting("General"), nil,
		},
		"not where it never was scaled": {
			scene(limiting, served(1, 0, asking(1))), granting("General"), nil,
		},
		"not while growth is withheld": {
			scene(withheld, served(0, 0, asking(0, "5/0"))), granting("General"), nil,
		},
		"without a ceiling, since there is no policy that has one": {
			scene(gone, limiting, served(0, 0, asking(0, "5/0"))), granting("General"), []enforcement.Scale{sized("Deployment", "d", 5, "")},
		},
	} {
		t.Run(sentence, test.check)
	}
}

// While what served may be replaced, its places are kept.
func TestScalesDownInAWithdrawal(t *testing.T) {
	remembering := func(end time.Time) func(*enforcement.Scene) {
		return func(s *enforcement.Scene) {
			limiting(s)
			s.Memory = enforcement.Memory{Granted: "General", Subject: subject, Withdrawal: &v1alpha1.Withdrawal{
				SubjectDigest: subject,
				Cause:         v1alpha1.WithdrawalAbsent, Exposure: "General", Time: metav1.NewTime(now().Add(-time.Hour)), GraceEndTime: new(metav1.NewTime(end)),
				Serving: []v1alpha1.ServingUnits{{Exposure: "General", Units: new(int32(3))}},
			}}
		}
	}
	later := now().Add(-time.Hour).Add(14 * 24 * time.Hour)
	for sentence, test := range map[string]scaled{
		"more than served is taken back": {
			scene(remembering(later), servedAs("d", "r", "General", 3, 2, asking(5))), refusing(v1alpha1.ReasonEvidenceMissing),
			[]enforcement.Scale{sized("Deployment", "d", 3, "5/3")},
		},
		"as many as served stay, also where one was not looked at": {
			scene(remembering(later), servedAs("d", "r", "General", 2, 0, asking(4)), pod("x", "General", unexamined, held, owned("ReplicaSet", "r")),
				pod("y", "General", unexamined, held, owned("ReplicaSet", "r"))),
			refusing(v1alpha1.ReasonEvidenceMissing), []enforcement.Scale{sized("Deployment", "d", 3, "4/3")},
		},
		"and come back": {
			scene(remembering(later), servedAs("d", "r", "General", 1, 0, asking(1, "5/1"))), refusing(v1alpha1.ReasonEvidenceMissing),
			[]enforcement.Scale{sized("Deployment", "d", 3, "5/3")},
		},
	} {
		t.Run(sentence, test.check)
	}
}

// A workload that is scaled down has no pod that could say why.
func TestScaledWorkloadsSayWhy(t *testing.T) {
	for sentence, test := range map[string]struct {
		scene           enforcement.Scene
		decision        gate.Decision
		reason, message string
	}{
		"above a ceiling": {
			scene(limiting, served(2, 0, asking(2, "5/2"))), granting("General"), v1alpha1.ReasonAboveCeiling,
			"its author wants 5 replicas, and it is scaled to 2: exposure Evaluation allows 2 pods of one release: ask for less, or for an exposure that allows more",
		},
		"not before it is: an autoscaler may have it": {
			scene(limiting, served(2, 3, asking(5))), granting("General"), v1alpha1.ReasonAboveCeiling,
			"exposure Evaluation allows 2 pods of one release: ask for less, or for an exposure that allows more",
		},
		"without a grant": {
			scene(limiting, served(0, 0, asking(0, "5/0"))), refusing(v1alpha1.ReasonEvidenceMissing), v1alpha1.ReasonEvidenceMissing,
			"its author wants 5 replicas, and it is scaled to 0: nothing is granted",
		},
		"not when it gets everything back":   {scene(served(2, 0, asking(2, "5/2"))), granting("General"), "", ""},
		"not where somebody scaled it since": {scene(limiting, served(1, 0, asking(1, "5/2"))), granting("General"), "", ""},
		"not where it was brought up":        {scene(servedAs("d", "r", "General", 3, 0, asking(3, "0/3/m0", "3"))), granting("General"), "", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			workloads := enforcement.For(test.scene, test.decision).Workloads
			if len(workloads) != 1 || workloads[0].Reason != test.reason || workloads[0].Message != test.message {
				t.Errorf("workloads: %+v", workloads)
			}
		})
	}
}

func TestParseScaled(t *testing.T) {
	for text, want := range map[string]enforcement.Scaled{
		"5/3":       {Wish: 5, Ours: 3},
		"0/0":       {},
		"0/3/m1":    {Ours: 3, For: []string{"m1"}},
		"0/3/m1,m2": {Ours: 3, For: []string{"m1", "m2"}},
	} {
		if got, ok := enforcement.ParseScaled(text); !ok || !cmp.Equal(got, want) || got.String() != text {
			t.Errorf("%q is read as %+v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "5", "5/", "/5", "-1/3", "5/-3", "05/3", "5/3/", "5/3/,", "5/3/b,a", " 5/3", "5/3 ", "99999999999/1", "a/b", "5/3/m1,"} {
		if got, ok := enforcement.ParseScaled(text); ok {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}
