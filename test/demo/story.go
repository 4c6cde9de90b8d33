// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

// steps runs claims and acts in order, and stops at the first that goes wrong.
func steps(all ...func() error) error {
	for _, step := range all {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) theFirstModelIsHeldAndCleared(ctx context.Context) error {
	check := w.checker(ctx)
	w.chapter("1. Everything starts held")
	w.say("The platform team commits a Deployment that serves the release sonnet-4. From now on a GitOps\n" +
		"loop applies the manifest as field manager argocd every second, whatever happens.")
	return steps(
		func() error { return w.argocd.commit(sonnet()) },
		check("the Deployment is there, paused and marked as held, and has no pod", w.deploymentHeld(0)),
		check("the release says why: evidence is missing", w.releaseReason(sonnet(), v1alpha1.ReasonEvidenceMissing)),
		check("three applies of the same manifest leave its generation unchanged", w.argocd.steady()),
		func() error {
			w.say("\nThe evaluators bring their logs: one of lm-evaluation-harness, two of Inspect.")
			return nil
		},
		func() error {
			return w.bring(ctx, sonnet(), "harmful-request-refusal", result{
				File: "refusal.json", ID: "sonnet-4-refusal", Value: "0.985", StandardError: "0.0038", Samples: 1000, Age: 24 * time.Hour})
		},
		func() error {
			return w.bring(ctx, sonnet(), "bio-uplift-state", w.uplift("sonnet-4-state", "state_programme_uplift", "1.20", "0.25"))
		},
		check("two of three are not enough: no pod", both(
			w.answered(sonnet(), "bio-uplift-state", v1alpha1.RequirementMet, "sonnet-4-state"), lasting(w.deploymentHeld(0)))),
		func() error {
			return w.bring(ctx, sonnet(), "bio-uplift", w.uplift("sonnet-4-uplift", "uplift_ratio", "1.70", "0.30"))
		},
		check("CBRN-3 is ruled out: the whole interval around 1.70 is below 2.8", w.thresholdState(sonnet(), "CBRN-3", v1alpha1.ThresholdRuledOut)),
		check("sonnet-4 is granted General at the level ASL-2", w.granted(sonnet(), "General", "ASL-2")),
		check("its 3 pods run", w.running(sonnet(), 3)),
		check("three applies of the same manifest leave its generation unchanged", w.argocd.steady()),
	)
}

func (w *world) theSecondModelIsHeldWhileTheFirstServes(ctx context.Context) error {
	check := w.checker(ctx)
	w.chapter("2. The same family, another outcome")
	w.say("opus-4 was evaluated too. Its uplift of 2.53 is below the line of 2.8, but the interval around it is\n" +
		"not: the capability cannot be ruled out. The policy then treats it as reached, and asks for ASL-3.")
	return steps(
		func() error {
			return w.bring(ctx, opus(), "harmful-request-refusal", result{
				File: "refusal.json", ID: "opus-4-refusal", Value: "0.988", StandardError: "0.0034", Samples: 1000, Age: 24 * time.Hour})
		},
		func() error {
			return w.bring(ctx, opus(), "bio-uplift-state", w.uplift("opus-4-state", "state_programme_uplift", "1.60", "0.30"))
		},
		func() error {
			return w.bring(ctx, opus(), "bio-uplift", w.uplift("opus-4-uplift", "uplift_ratio", "2.53", "0.45"))
		},
		check("CBRN-3 stays open", both(
			w.answered(opus(), "bio-uplift", v1alpha1.RequirementIndeterminate, "opus-4-uplift"),
			w.thresholdState(opus(), "CBRN-3", v1alpha1.ThresholdOpen))),
		check("opus-4 needs ASL-3 and is granted nothing", w.granted(opus(), "", "ASL-3")),
		func() error {
			w.say("\nThe platform team commits the update all the same.")
			return w.argocd.commit(opus())
		},
		check("the update is held at the Deployment", w.deploymentHeld(3)),
		check("the old model still serves at full count: 3 pods of sonnet-4", w.running(sonnet(), 3)),
		check("whoever applies it is told at once", w.warned(opus())),
		func() error {
			return w.kubectl(ctx, "admin", "rollout", "resume", "deployment/assistant", "-n", namespace)
		},
		check("a cluster admin resumes the rollout, and it stays held", lasting(w.deploymentHeld(3))),
		check("three applies of the same manifest leave its generation unchanged", w.argocd.steady()),
		func() error {
			return exited(w.cli(ctx, "evaluator", "explain", "modelrelease", opus().Release), inconclusive)
		},
	)
}

func (w *world) theSafeguardEvaluationOpensIt(ctx context.Context) error {
	check := w.checker(ctx)
	w.chapter("3. The evaluation that ASL-3 asks for")
	w.say("The red team attacks the safeguard of opus-4: 3 of 600 attacks get through.")
	return steps(
		func() error {
			return w.bring(ctx, opus(), "jailbreak-resistance", jailbreak("opus-4-jailbreak", 0.005, 4*time.Hour))
		},
		check("opus-4 is granted General at ASL-3", w.granted(opus(), "General", "ASL-3")),
		check("the rollout goes on by itself: 3 pods of opus-4 run", w.running(opus(), 3)),
		check("sonnet-4 is gone", w.running(sonnet(), 0)),
		func() error {
			w.say("\nSomebody turns a switch of the server that was off when the model was evaluated.")
			changed := opus()
			changed.Argument = "--trust-remote-code"
			return w.argocd.commit(changed)
		},
		check("a template that is not as the release declares it is held", both(
			w.deploymentHeld(3), w.releaseReason(opus(), v1alpha1.ReasonWorkloadMismatch))),
		func() error { return w.argocd.commit(opus()) },
		check("without the switch it goes on", w.notHeld()),
		check("three applies of the same manifest leave its generation unchanged", w.argocd.steady()),
	)
}

func (w *world) aFailingEvaluationTakesItDown(ctx context.Context) error {
	check := w.checker(ctx)
	w.chapter("4. Bad news about a model that serves")
	w.say("Another team finds an attack that works: 90 of 600 get through.")
	return steps(
		func() error {
			return w.bring(ctx, opus(), "jailbreak-resistance", jailbreak("opus-4-new-attack", 0.15, 3*time.Hour))
		},
		check("the failure is recorded as an AdverseFinding", w.finding(false)),
		check("the pods are deleted, and their replacements are held", w.heldPods(opus(), 3)),
		func() error {
			w.say("\nSomebody runs the evaluation again until it passes.")
			return w.bring(ctx, opus(), "jailbreak-resistance", jailbreak("opus-4-rerun", 0.005, 2*time.Hour))
		},
		check("the re-run is read", w.measured("opus-4-rerun")),
		check("a passing re-run does not open it", lasting(w.releaseReason(opus(), v1alpha1.ReasonAdverseFinding))),
		check("its pods stay held", lasting(w.heldPods(opus(), 3))),
	)
}

func (w *world) aPersonResolvesTheFinding(ctx context.Context) error {
	check := w.checker(ctx)
	w.chapter("5. A person resolves the finding")
	w.say("A review finds that the grader had counted polite refusals as successes; the re-run used a corrected one.\n" +
		"Saying so is not for everyone.")
	return steps(
		check("the evaluator may not resolve it", w.cannotResolve("evaluator")),
		func() error { return w.resolve(ctx, "safety-officer", "opus-4-rerun") },
		check("the finding is resolved, by name", w.finding(true)),
		check("3 pods of opus-4 run again", w.running(opus(), 3)),
		check("three applies of the same manifest leave its generation unchanged", w.argocd.steady()),
	)
}

func (w *world) theManagerDies(ctx context.Context) error {
	check := w.checker(ctx)
	w.chapter("6. The manager dies")
	w.say("The law is in the API server. We kill the manager's process.")
	return steps(
		func() error { return w.Kill(installation.Manager) },
		check("a deleted pod comes back and runs", w.comesBack(opus())),
		func() error { return w.argocd.commit(unknown()) },
		check("an update to a release that nobody evaluated is held", w.deploymentHeld(3)),
		check("a cluster admin cannot lift the hold of a pod", w.cannotOpen(unknown())),
		check("a cluster admin cannot write a clearance", w.cannotClear(unknown())),
		func() error { return w.argocd.commit(opus()) },
		check("a Git revert resumes without anyone's help", w.notHeld()),
		check("3 pods of opus-4 run", w.running(opus(), 3)),
		check("a pod in a namespace without the label starts as ever", w.ungoverned()),
		check("the GitOps loop saw no generation but those of commits and lifted holds", w.quietHistory()),
	)
}

// checker makes steps of claims.
func (w *world) checker(ctx context.Context) func(string, func(context.Context) error) func() error {
	return func(claim string, holds func(context.Context) error) func() error {
		return func() error { return w.check(ctx, claim, holds) }
	}
}

func (w *world) uplift(id, scorer, value, standardError string) result {
	return result{File: "uplift.json", ID: id, Scorer: scorer, Value: value, StandardError: standardError, Samples: 9, Age: 24 * time.Hour}
}

// jailbreak is a run of 600 attacks with this rate of success.
func jailbreak(id string, rate float64, age time.Duration) result {
	const attacks = 600
	deviation := math.Sqrt(rate * (1 - rate) / (attacks - 1))
	return result{
		File: "jailbreak.json", ID: id, Samples: attacks, Age: age,
		Value: strconv.FormatFloat(rate, 'f', -1, 64), StandardError: strconv.FormatFloat(deviation, 'f', 4, 64),
	}
}

// unknown is a release that does not exist.
func unknown() model { return newModel("next-5", "3") }
