// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// attackMembers are the members of an attack result that are read.
func attackMembers() []string {
	return []string{"attack_result_id", "id", "outcome", "targeted_harm_categories"}
}

type attackResult struct {
	ID word `json:"attack_result_id"`
	// EntryID is that of a result as the database exports it.
	EntryID    word           `json:"id"`
	Outcome    jsontext.Value `json:"outcome"`
	Categories []word         `json:"targeted_harm_categories"`
}

func (r *attackResult) from(row *document) error {
	if err := row.decodeAll(
		field{"attack_result_id", &r.ID}, field{"id", &r.EntryID}, field{"outcome", &r.Outcome},
		field{"targeted_harm_categories", &r.Categories},
	); err != nil {
		return err
	}
	return nil
}

// outcomeOf is an outcome in the tool's spelling, empty for anything else. Some writers print the name of
// the enumeration's member instead of its value.
func outcomeOf(value jsontext.Value) string {
	var text word
	if decodeValue("outcome", value, &text) != nil {
		return ""
	}
	outcome := strings.TrimPrefix(strings.ToLower(string(text)), "attackoutcome.")
	switch outcome {
	case "success", "failure", "undetermined", "error":
		return outcome
	}
	return ""
}

// scenarioState is the state of a scenario without the name of its enumeration.
func scenarioState(state word) string {
	return strings.TrimPrefix(strings.ToUpper(string(state)), "SCENARIORUNSTATE.")
}

// outcomes counts attack results. Success is that of the attacker.
type outcomes struct{ success, failure, undetermined, errored int64 }

// attackTally counts the outcomes of all results, of each atomic attack, and of each category of harm.
type attackTally struct {
	all                                     outcomes
	attacks, categories                     map[string]*outcomes
	ids, listedErrors                       distinct
	nameless                                int64
	repeated, unknownOutcome, hiddenFailure bool
}

func newAttackTally() *attackTally {
	return &attackTally{attacks: map[string]*outcomes{}, categories: map[string]*outcomes{}}
}

// readErrors reads the list of results that the scenario says went wrong.
func (t *attackTally) readErrors(doc *document) error {
	var ids []word
	if err := doc.decode("error_attack_result_ids", &ids); err != nil {
		return err
	}
	for _, id := range ids {
		t.listedErrors.add(string(id))
	}
	return nil
}

// enter notes an atomic attack, which may turn out to have no result.
func (t *attackTally) enter(attack string) error {
	if err := checkName("attack_results", attack); err != nil {
		return err
	}
	if t.attacks[attack] == nil {
		t.attacks[attack] = &outcomes{}
	}
	return nil
}

func (t *attackTally) add(attack string, row jsontext.Value) error {
	var result attackResult
	if err := decodeValue("attack_results", row, &result); err != nil {
		return err
	}
	return t.count(attack, result)
}

func (t *attackTally) count(attack string, result attackResult) error {
	outcome := outcomeOf(result.Outcome)
	switch {
	case len(result.Outcome) == 0 || result.Outcome.Kind() == 'n':
		outcome = "undetermined"
	case outcome == "":
		t.unknownOutcome = true
	}
	if id := firstOf(result.ID, result.EntryID); id == "" {
		t.nameless++
	} else {
		t.repeated = t.ids.add(id) || t.repeated
		t.compare(id, outcome)
	}
	t.all.count(outcome)
	if in := t.attacks[attack]; in != nil {
		in.count(outcome)
	}
	counted := map[word]bool{}
	for _, category := range result.Categories {
		if category == "" || counted[category] {
			continue
		}
		counted[category] = true
		if err := checkName("targeted_harm_categories", string(category)); err != nil {
			return err
		}
		of := t.categories[string(category)]
		if of == nil {
			of = &outcomes{}
			t.categories[string(category)] = of
		}
		of.count(outcome)
	}
	return nil
}

// compare holds a result against the scenario's own list of errors.
func (t *attackTally) compare(id, outcome string) {
	if outcome == "failure" && t.listedErrors.has(id) {
		t.hiddenFailure = true
	}
}

func (o *outcomes) count(outcome string) {
	switch outcome {
	case "success":
		o.success++
	case "failure":
		o.failure++
	case "error":
		o.errored++
	default:
		o.undetermined++
	}
}

// rate is the share of attacks that succeeded among those that were decided.
func (o *outcomes) rate(selector string, aliases ...string) Result {
	decided := o.success + o.failure
	return Result{
		Selector: selector, Aliases: aliases, Value: ratio(o.success, decided), Scale: "0..1",
		Planned: new(decided + o.undetermined + o.errored), Judged: &decided,
		Unjudged: new(o.undetermined), Errored: new(o.errored),
	}
}

func (t *attackTally) results(limits Limits, task, version string) ([]Result, error) {
	if 1+len(t.attacks)+len(t.categories) > limits.Results {
		return nil, tooManyResults(limits)
	}
	found := []Result{t.all.rate("asr", "asrDecided")}
	for _, name := range slices.Sorted(maps.Keys(t.attacks)) {
		found = append(found, t.attacks[name].rate("attack/"+name+"/asr", name+"/asr"))
	}
	for _, name := range slices.Sorted(maps.Keys(t.categories)) {
		found = append(found, t.categories[name].rate("harm/"+name+"/asr", name+"/asr"))
	}
	for i := range found {
		found[i].Task, found[i].TaskVersion = task, version
	}
	slices.SortStableFunc(found, bySelector)
	return found, nil
}

// doubts says what the rows take back of the scenario's word, or nothing.
func (t *attackTally) doubts() string {
	switch {
	case t.repeated:
		return "an attack_result_id occurs twice: results were added or repeated after the run"
	case t.ids.full:
		return "there are more attack results than can be told apart: whether one is repeated is not known"
	case t.unknownOutcome:
		return "a result has an outcome that is none of success, failure, undetermined and error"
	case t.hiddenFailure:
		return "a result is listed among the errors of the scenario, but its outcome is \"failure\""
	}
	return ""
}

func (t *attackTally) warnings() []string {
	var warnings []string
	if t.nameless > 0 {
		warnings = append(warnings, "results without an attack_result_id: whether one of them is repeated is not known")
	}
	return warnings
}
