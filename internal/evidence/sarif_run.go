// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// sarifRun is one run without its results.
type sarifRun struct {
	Tool struct {
		Driver     sarifComponent   `json:"driver"`
		Extensions []sarifComponent `json:"extensions"`
	}
	Invocations []sarifInvocation
	Automation  struct {
		GUID word `json:"guid"`
	}
	Properties struct {
		Model  word `json:"model"`
		Digest word `json:"modelDigest"`
	}
	External struct {
		Results     []jsontext.Value `json:"results"`
		Invocations []jsontext.Value `json:"invocations"`
	}

	tool, version, guid string
	// components are the driver and the extensions, whose rules results refer to.
	components    []sarifComponent
	byID          map[string]*sarifRule
	resultsKind   jsontext.Kind
	failed        bool
	external      bool
	notifications int64
}

type sarifComponent struct {
	Name     word        `json:"name"`
	Version  word        `json:"version"`
	Semantic word        `json:"semanticVersion"`
	Rules    []sarifRule `json:"rules"`
	// Notifications describe what the tool has to say of itself.
	Notifications []sarifRule `json:"notifications"`
}

type sarifRule struct {
	ID      word               `json:"id"`
	Default sarifConfiguration `json:"defaultConfiguration"`
}

type sarifConfiguration struct {
	Level word `json:"level"`
}

type sarifInvocation struct {
	Successful    jsontext.Value      `json:"executionSuccessful"`
	Start         word                `json:"startTimeUtc"`
	End           word                `json:"endTimeUtc"`
	Execution     []sarifNotification `json:"toolExecutionNotifications"`
	Configuration []sarifNotification `json:"toolConfigurationNotifications"`
	Overrides     []struct {
		Configuration sarifConfiguration `json:"configuration"`
		Descriptor    sarifReference     `json:"descriptor"`
	} `json:"ruleConfigurationOverrides"`
}

type sarifNotification struct {
	Level      word           `json:"level"`
	Descriptor sarifReference `json:"descriptor"`
}

// sarifReference points to a rule.
type sarifReference struct {
	ID        word     `json:"id"`
	Index     sarifRef `json:"index"`
	Component struct {
		Name  word     `json:"name"`
		Index sarifRef `json:"index"`
	} `json:"toolComponent"`
}

// sarifRef is an index into an array; the zero value points nowhere, as do -1 and what is no index.
type sarifRef struct{ at *int64 }

// UnmarshalJSON accepts every value.
func (r *sarifRef) UnmarshalJSON(value []byte) error {
	var c count
	if c.UnmarshalJSON(value) == nil {
		r.at = c.n
	}
	return nil
}

// target is where a member of a run is read to.
func (r *sarifRun) target(member string) (any, bool) {
	switch member {
	case "tool":
		return &r.Tool, true
	case "invocations":
		return &r.Invocations, true
	case "automationDetails":
		return &r.Automation, true
	case "properties":
		return &r.Properties, true
	case "externalPropertyFileReferences":
		return &r.External, true
	}
	return nil, false
}

// finish draws conclusions when all members but the results are read.
func (r *sarifRun) finish() error {
	driver := r.Tool.Driver
	r.tool, r.version, r.guid = string(driver.Name), string(driver.Semantic), string(r.Automation.GUID)
	if r.version == "" {
		r.version = string(driver.Version)
	}
	if err := checkNames(
		namedText{"runs.tool.driver.name", r.tool}, namedText{"runs.tool.driver.version", r.version},
		namedText{"runs.automationDetails.guid", r.guid},
		namedText{"runs.properties.model", string(r.Properties.Model)},
		namedText{"runs.properties.modelDigest", string(r.Properties.Digest)},
	); err != nil {
		return err
	}
	r.external = len(r.External.Results)+len(r.External.Invocations) > 0
	r.components = append([]sarifComponent{driver}, r.Tool.Extensions...)
	r.byID = map[string]*sarifRule{}
	for _, component := range r.components {
		for i, rule := range component.Rules {
			if err := checkName("runs.tool.driver.rules.id", string(rule.ID)); err != nil {
				return err
			}
			if _, taken := r.byID[string(rule.ID)]; !taken {
				r.byID[string(rule.ID)] = &component.Rules[i]
			}
		}
	}
	for _, invocation := range r.Invocations {
		switch invocation.Successful.Kind() {
		case 't', 'n', jsontext.KindInvalid: // success is not stated by all tools
		default:
			r.failed = true
		}
		for _, n := range slices.Concat(invocation.Execution, invocation.Configuration) {
			if r.notificationLevel(n) == "error" {
				r.notifications++
			}
		}
		for _, override := range invocation.Overrides {
			r.override(override.Descriptor, override.Configuration)
		}
	}
	return nil
}

// override takes in that an invocation set another level for a rule. The invocations of a run may differ,
// and the worst level counts.
func (r *sarifRun) override(reference sarifReference, configuration sarifConfiguration) {
	rule := r.find(reference)
	if rule == nil || configuration.Level == "" {
		return
	}
	if severity(configuration.Level) > severity(rule.level()) {
		rule.Default.Level = configuration.Level
	}
}

func severity(level word) int { return slices.Index(sarifLevels(), string(level)) }

func (r *sarifRule) level() word {
	if r.Default.Level == "" {
		return "warning"
	}
	return r.Default.Level
}

// notificationLevel is the notification's own level, else that of its description.
func (r *sarifRun) notificationLevel(n sarifNotification) word {
	if n.Level != "" {
		return n.Level
	}
	component := r.component(n.Descriptor)
	if component == nil {
		return "warning"
	}
	if at := n.Descriptor.Index.at; at != nil && *at < int64(len(component.Notifications)) {
		return component.Notifications[*at].level()
	}
	for i := range component.Notifications {
		if described := &component.Notifications[i]; described.ID == n.Descriptor.ID {
			return described.level()
		}
	}
	return "warning"
}

// component is the driver or the extension that a reference is into; nil where the run has none such.
func (r *sarifRun) component(reference sarifReference) *sarifComponent {
	index := 0
	if at := reference.Component.Index.at; at != nil {
		index = int(*at) + 1
	} else if name := reference.Component.Name; name != "" {
		index = slices.IndexFunc(r.components, func(c sarifComponent) bool { return c.Name == name })
	}
	if index < 0 || index >= len(r.components) {
		return nil
	}
	return &r.components[index]
}

// find looks a rule up by its index, and else by its id, which may have further parts after a slash. It is
// nil where the run does not describe the rule.
func (r *sarifRun) find(reference sarifReference) *sarifRule {
	if at, component := reference.Index.at, r.component(reference); at != nil && component != nil {
		if rules := component.Rules; *at < int64(len(rules)) {
			return &rules[*at]
		}
	}
	for id := string(reference.ID); id != ""; {
		if rule, ok := r.byID[id]; ok {
			return rule
		}
		cutAt := strings.LastIndexByte(id, '/')
		if cutAt < 0 {
			return nil
		}
		id = id[:cutAt]
	}
	return nil
}
