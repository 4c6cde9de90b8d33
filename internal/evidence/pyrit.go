// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import "github.com/go-json-experiment/json/jsontext"

// pyrit reads a scenario result of PyRIT, or a list of its attack results, written as JSON.
type pyrit struct{}

func (pyrit) name() Format { return PyRIT }

func (pyrit) sections() []string {
	return []string{
		"id", "scenario_identifier", "scenario_run_state", "scenario_name", "scenario_version", "pyrit_version",
		"objective_target_identifier", "creation_time", "completion_time", "error_message", "error_type",
		"error_attack_result_ids", "outcome",
	}
}

func (p pyrit) claims(f *file) bool {
	switch {
	case f.document != nil && f.document.is("attack_results", '{'):
		return f.document.is("scenario_identifier", '{') || f.document.is("scenario_run_state", '"')
	case f.document != nil:
		return isAttackResult(f.document.kinds) && outcomeOf(f.document.sections["outcome"]) != ""
	case f.lines != nil:
		return isAttackResult(f.lines.first.kinds) && outcomeOf(f.lines.first.sections["outcome"]) != ""
	case f.list != nil && f.list.first.Kind() == '{':
		kinds := map[string]jsontext.Kind{}
		outcome := ""
		err := eachMember("", f.list.first, func(name string, value jsontext.Value) error {
			kinds[name] = value.Kind()
			if name == "outcome" {
				outcome = outcomeOf(value)
			}
			return nil
		})
		return err == nil && outcome != "" && isAttackResult(kinds)
	}
	return false
}

// isAttackResult asks for the members that every version gives an attack result.
func isAttackResult(kinds map[string]jsontext.Kind) bool {
	return kinds["conversation_id"] == '"' && kinds["objective"] == '"' && kinds["outcome"] == '"'
}

func (p pyrit) measure(f *file) (Measurement, error) {
	if f.document != nil && f.document.is("attack_results", '{') {
		return measureScenario(f.document)
	}
	tally := newAttackTally()
	var err error
	var limits Limits
	if f.list != nil {
		limits = f.list.limits
		err = f.list.each(func(row jsontext.Value) error { return tally.add("", row) })
	} else {
		limits = f.lines.limits
		err = f.lines.each(attackMembers(), func(n int, row *document) error {
			var result attackResult
			if err := result.from(row); err != nil {
				return inRow(n, err)
			}
			return tally.count("", result)
		})
	}
	if err != nil {
		return Measurement{}, err
	}
	m := Measurement{Tool: "PyRIT"}
	if m.Results, err = tally.results(limits, "", ""); err != nil {
		return Measurement{}, err
	}
	m.Warnings = tally.warnings()
	reason := tally.doubts()
	if reason == "" {
		reason = "a list of attack results does not say whether the run ended: write the scenario result instead " +
			"(ScenarioResult.model_dump)"
	}
	m.finish("", reason)
	return m, nil
}

type pyritIdentifier struct {
	ClassName  word `json:"class_name"`
	LegacyType word `json:"__type__"`
	// Name is the class in the files of 0.x.
	Name            word `json:"name"`
	Version         word `json:"version"`
	ScenarioVersion word `json:"scenario_version"`
	PyRITVersion    word `json:"pyrit_version"`
	Children        struct {
		Target pyritTarget `json:"objective_target"`
	} `json:"children"`
	Target pyritTarget `json:"objective_target"`
}

type pyritTarget struct {
	ModelName  word `json:"model_name"`
	Underlying word `json:"underlying_model_name"`
	Params     struct {
		ModelName  word `json:"model_name"`
		Underlying word `json:"underlying_model_name"`
	} `json:"params"`
}

func measureScenario(doc *document) (Measurement, error) {
	var id, state, scenario, version, tool, created, completed word
	var identifier pyritIdentifier
	var target pyritTarget
	if err := doc.decodeAll(
		field{"id", &id}, field{"scenario_run_state", &state}, field{"scenario_name", &scenario},
		field{"scenario_version", &version}, field{"pyrit_version", &tool}, field{"creation_time", &created},
		field{"completion_time", &completed}, field{"scenario_identifier", &identifier},
		field{"objective_target_identifier", &target},
	); err != nil {
		return Measurement{}, err
	}
	m := Measurement{
		Tool: "PyRIT", ToolVersion: firstOf(tool, identifier.PyRITVersion), RunID: string(id),
		Task: firstOf(scenario, identifier.ClassName, identifier.Name, identifier.LegacyType),
	}
	taskVersion := firstOf(version, identifier.Version, identifier.ScenarioVersion)
	for _, t := range []pyritTarget{target, identifier.Target, identifier.Children.Target} {
		if m.Model == "" {
			m.Model = firstOf(t.ModelName, t.Params.ModelName, t.Underlying, t.Params.Underlying)
		}
	}
	if err := checkNames(
		namedText{"pyrit_version", m.ToolVersion}, namedText{"id", m.RunID}, namedText{"scenario_name", m.Task},
		namedText{"scenario_version", taskVersion}, namedText{"objective_target_identifier.model_name", m.Model},
	); err != nil {
		return Measurement{}, err
	}
	if scenarioState(state) != "COMPLETED" {
		completed = "" // the tool fills it in all the same
	}
	if err := setTimes(&m, namedText{"creation_time", string(created)}, namedText{"completion_time", string(completed)}); err != nil {
		return Measurement{}, err
	}
	tally := newAttackTally()
	if err := tally.readErrors(doc); err != nil {
		return Measurement{}, err
	}
	if err := doc.eachGrouped("attack_results", groupVisitor{tally.enter, tally.add}); err != nil {
		return Measurement{}, err
	}
	var err error
	if m.Results, err = tally.results(doc.limits, m.Task, taskVersion); err != nil {
		return Measurement{}, err
	}
	m.finish(`scenario_run_state is "COMPLETED"`, scenarioUnfinished(doc, state))
	m.Warnings = append(m.Warnings, tally.warnings()...)
	if reason := tally.doubts(); reason != "" {
		m.doubt(reason)
	}
	return m, nil
}

// firstOf is the first word that is not empty.
func firstOf(words ...word) string {
	for _, w := range words {
		if w != "" {
			return string(w)
		}
	}
	return ""
}

// scenarioUnfinished says why a scenario did not end well, or nothing.
func scenarioUnfinished(doc *document, state word) string {
	switch scenarioState(state) {
	case "COMPLETED":
	case "CREATED":
		return `scenario_run_state is "CREATED": the scenario has not begun`
	case "IN_PROGRESS":
		return `scenario_run_state is "IN_PROGRESS": the scenario is still going, or it was killed`
	case "FAILED":
		return `scenario_run_state is "FAILED": the scenario broke off`
	case "CANCELLED":
		return `scenario_run_state is "CANCELLED": somebody stopped the scenario`
	default:
		return "scenario_run_state is none of CREATED, IN_PROGRESS, COMPLETED, FAILED and CANCELLED"
	}
	if doc.has("error_type") || doc.has("error_message") {
		return `scenario_run_state is "COMPLETED", but the scenario holds an error`
	}
	return ""
}
