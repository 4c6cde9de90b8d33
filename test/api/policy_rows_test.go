// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"maps"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// fullPolicy is a policy that has every field.
func fullPolicy(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	return sample(t, "SafetyPolicy")
}

func policyRows() map[string]row {
	rows := policyReferenceRows()
	for _, more := range []map[string]row{policyCriterionRows(), policyWordRows(), policyFormRows(), policyRangeRows(), policyFleetRows(), policyAcceptedRows(), policyPeopleRows(), policyQuorumRows(), policyDiligenceRows(), policySafeguardRows()} {
		maps.Copy(rows, more)
	}
	return rows
}

func policyReferenceRows() map[string]row {
	return map[string]row{
		"a level requires what is not defined": {
			set("spec.levels[1].requires[1]", "jailbreak-strength"), "spec",
			"levels[].requires names a requirement that spec.requirements does not define; add it there or correct the name",
		},
		"a level requires something and no requirements are there": {
			all(drop("spec.requirements"), drop("spec.thresholds")), "spec",
			"levels[].requires names a requirement that spec.requirements does not define; add it there or correct the name",
		},
		"a threshold raises to a level that is not there": {
			set("spec.thresholds[0].raisesTo", "ASL-5"), "spec",
			"thresholds[].raisesTo names a level that spec.levels does not define; add it there or correct the name",
		},
		"a threshold is ruled out by what is not defined": {
			set("spec.thresholds[0].ruledOutBy[0]", "bio-uplifts"), "spec",
			"thresholds[].ruledOutBy names a requirement that spec.requirements does not define; add it there or correct the name",
		},
		"a requirement is needed from an exposure that is not there": {
			set("spec.requirements[0].neededFrom", "Public"), "spec",
			"requirements[].neededFrom names an exposure that spec.exposures does not define; add it there or correct the name",
		},
		"a policy has no exposures":                          {all(smallest, set("spec.exposures", []any{})), "spec.exposures", "at least 1 items"},
		"a policy has no levels":                             {drop("spec.levels"), "spec.levels", "Required value"},
		"a threshold that nothing can rule out":              {drop("spec.thresholds[0].ruledOutBy"), "spec.thresholds[0].ruledOutBy", "Required value"},
		"a requirement without a direction is never guessed": {drop("spec.requirements[0].evaluation.direction"), "spec.requirements[0].evaluation.direction", "Required value"},
		"two exposures have one name":                        {set("spec.exposures[3]", map[string]any{"name": "General"}), "spec.exposures[3]", "Duplicate value"},
		"two requirements have one name":                     {set("spec.requirements[7]", criterion("bio-uplift")), "spec.requirements[7]", "Duplicate value"},
	}
}

func policyCriterionRows() map[string]row {
	const (
		clearAt = "spec.requirements[0].evaluation.clearAt"
		tripAt  = "spec.requirements[0].evaluation.tripAt"
		cyber   = "spec.requirements[2].evaluation."
		order   = "clearAt must lie on the safe side of tripAt: at or below it when LowerIsSafer, at or above it when HigherIsSafer"
		share   = "with bound Wilson95 the metric is a proportion, so clearAt and tripAt must lie between 0 and 1"
	)
	return map[string]row{
		"a danger is cleared above where it trips":          {set(clearAt, "5.1"), clearAt, order},
		"a safety is cleared below where it trips":          {set("spec.requirements[3].evaluation.clearAt", "0.89"), "spec.requirements[3].evaluation.clearAt", order},
		"numbers are ordered as numbers and not as text":    {all(set(clearAt, "9"), set(tripAt, "10")), "", ""},
		"values that differ in the last digit alone":        {all(set(clearAt, "123456789012.123456789"), set(tripAt, "123456789012.123456788")), clearAt, order},
		"values in order by the last digit alone":           {all(set(clearAt, "123456789012.123456788"), set(tripAt, "123456789012.123456789")), "", ""},
		"clear and trip at one value":                       {set(clearAt, "5.0"), "", ""},
		"negative values":                                   {all(set(clearAt, "-0.5"), set(tripAt, "-0.05"), set("spec.requirements[0].evaluation.alertAt", "-0.5")), "", ""},
		"nothing trips but what is not clear":               {drop(tripAt), "", ""},
		"a share above one":                                 {set(cyber+"tripAt", "1.5"), cyber + "bound", share},
		"a share in percent":                                {all(set(cyber+"clearAt", "20"), drop(cyber+"tripAt")), cyber + "bound", share},
		"a share below zero":                                {set(cyber+"clearAt", "-0.1"), cyber + "bound", share},
		"a share from zero to one":                          {all(set(cyber+"clearAt", "0"), set(cyber+"tripAt", "1")), "", ""},
		"a bound of safety that is a word":                  {set(clearAt, "low"), clearAt, "should match"},
		"a bound of safety in scientific notation":          {set(clearAt, "2.8e0"), clearAt, "should match"},
		"a bound of danger with a comma":                    {set(tripAt, "5,0"), tripAt, "should match"},
		"a bound of danger that is a number and not a text": {set(tripAt, int64(5)), tripAt, "must be of type string"},
		"a bound of safety that is not a number":            {set(clearAt, "NaN"), clearAt, "should match"},
	}
}

func policyWordRows() map[string]row {
	const evaluation = "spec.requirements[0].evaluation."
	return map[string]row{
		"what is uncleared is neither held nor denied":                {set("spec.onUncleared", "Warn"), "spec.onUncleared", `supported values: "Hold", "Deny"`},
		"an exposure without evidence is neither allowed nor refused": {set("spec.exposures[0].withoutEvidence", "Yes"), "spec.exposures[0].withoutEvidence", `supported values: "Allowed", "Refused"`},
		"a level in an unknown state":                                 {set("spec.levels[2].state", "Draft"), "spec.levels[2].state", `supported values: "Defined", "Undefined"`},
		"a direction in other words":                                  {set(evaluation+"direction", "Lower"), evaluation + "direction", `supported values: "LowerIsSafer", "HigherIsSafer"`},
		"an interval that nobody computes":                            {set(evaluation+"bound", "Normal95"), evaluation + "bound", `supported values: "Point", "Reported95", "Wilson95"`},
		"a scope of an unknown type":                                  {set("spec.requirements[0].scope[0]", "Prompt"), "spec.requirements[0].scope[0]", "supported values"},
		"a relation that does not exist":                              {set("spec.requirements[0].acceptRelations[0]", "Distilled"), "spec.requirements[0].acceptRelations[0]", "supported values"},
	}
}

func policyFormRows() map[string]row {
	const match = "should match"
	return map[string]row{
		"an exposure that is no label value":         {set("spec.exposures[3].name", "General availability"), "spec.exposures[3].name", match},
		"a level that ends in a hyphen":              {set("spec.levels[3].name", "ASL-5-"), "spec.levels[3].name", match},
		"a threshold with a space":                   {set("spec.thresholds[0].name", "CBRN 3"), "spec.thresholds[0].name", match},
		"a requirement in capitals":                  {set("spec.requirements[7]", criterion("Bio-Uplift")), "spec.requirements[7].name", match},
		"a date in the order of another country":     {set("spec.source.effectiveDate", "15.01.2026"), "spec.source.effectiveDate", "must be of type date"},
		"a date that no calendar has":                {set("spec.source.effectiveDate", "2026-02-30"), "spec.source.effectiveDate", "must be of type date"},
		"a digest of the source in capitals":         {set("spec.source.sha256", strings.Repeat("A", 64)), "spec.source.sha256", match},
		"a companion by tag":                         {set("spec.companions[0].image", "registry.example/istio/proxyv2:1.29"), "spec.companions[0].image", match},
		"a companion by digest without a repository": {set("spec.companions[0].image", "sha256:"+strings.Repeat("9", 64)), "spec.companions[0].image", match},
	}
}

func policyRangeRows() map[string]row {
	const (
		clearance = "spec.clearanceSeconds"
		replicas  = "spec.exposures[0].maxReplicas"
		percent   = "spec.requirements[0].evaluation.maxUnjudgedPercent"
		samples   = "spec.requirements[0].evaluation.minSamples"
		days      = "spec.requirements[0].validForDays"
		atLeast   = "greater than or equal to "
		atMost    = "less than or equal to "
		kept      = "spec.retention.evaluationDays"
	)
	return map[string]row{
		"a clearance of less than a minute":       {set(clearance, int64(59)), clearance, atLeast + "60"},
		"a clearance of more than thirty days":    {set(clearance, int64(2592001)), clearance, atMost + "2592000"},
		"an exposure to no pods":                  {set(replicas, int64(0)), replicas, atLeast + "1"},
		"an exposure to more pods than there are": {set(replicas, int64(100001)), replicas, atMost + "100000"},
		"a negative share of unjudged samples":    {set(percent, int64(-1)), percent, atLeast + "0"},
		"more than all samples unjudged":          {set(percent, int64(101)), percent, atMost + "100"},
		"no bound for unjudged samples is said":   {drop(percent), percent, "Required value"},
		"no sample is needed":                     {set(samples, int64(0)), samples, atLeast + "1"},
		"more samples than anybody runs":          {set(samples, int64(1000000001)), samples, atMost + "1000000000"},
		"a result that never counts":              {set(days, int64(0)), days, atLeast + "1"},
		"a result that counts for ever":           {set(days, int64(3651)), days, atMost + "3650"},
		"evidence that is kept for no day":        {set(kept, int64(0)), kept, atLeast + "1"},
		"evidence that is kept for too long":      {set(kept, int64(3651)), kept, atMost + "3650"},
		"a requirement without a criterion":       {set("spec.requirements[7]", map[string]any{"name": "nothing", "validForDays": int64(1)}), "spec.requirements[7]", "exactly one of evaluation, approval and check must be given"},
	}
}

// policyFleetRows are about what becomes of what runs.
func policyFleetRows() map[string]row {
	const (
		atLeast     = "greater than or equal to "
		atMost      = "less than or equal to "
		grace       = "spec.lapse.graceDays"
		advisory    = "spec.lapse.advisoryGraceSeconds"
		unavailable = "spec.removals.maxUnavailablePercent"
		evict       = "spec.removals.evictSeconds"
		hourly      = "spec.removals.maxPercentPerHour"
		fallback    = "spec.fallback.release"
		wait        = "spec.fallback.waitSeconds"
	)
	return map[string]row{
		"a grace that ended before it began":               {set(grace, int64(-1)), grace, atLeast + "0"},
		"a grace of more than a year":                      {set(grace, int64(366)), grace, atMost + "365"},
		"no grace":                                         {all(set(grace, int64(0)), set(advisory, int64(0))), "", ""},
		"a negative grace after an advisory":               {set(advisory, int64(-1)), advisory, atLeast + "0"},
		"a grace of more than thirty days, of an advisory": {set(advisory, int64(2592001)), advisory, atMost + "2592000"},
		"another end of the grace":                         {set("spec.lapse.then", "Delete"), "spec.lapse.then", `supported values: "Evict", "Keep"`},
		"what lapsed is kept":                              {set("spec.lapse.then", "Keep"), "", ""},
		"a removal that takes nothing away":                {set(unavailable, int64(0)), unavailable, atLeast + "1"},
		"a removal of more than all":                       {set(unavailable, int64(101)), unavailable, atMost + "100"},
		"evictions for a negative time":                    {set(evict, int64(-1)), evict, atLeast + "0"},
		"evictions for more than a day":                    {set(evict, int64(86401)), evict, atMost + "86400"},
		"nothing is evicted":                               {set(evict, int64(0)), "", ""},
		"an hour in which nothing goes":                    {set(hourly, int64(0)), hourly, atLeast + "1"},
		"an hour in which more than all goes":              {set(hourly, int64(101)), hourly, atMost + "100"},
		"a fallback without a name":                        {set(fallback, ""), fallback, "at least 1 chars long"},
		"a fallback whose name is too long for a release":  {set(fallback, strings.Repeat("m", 64)), fallback, "may not be more than 63"},
		"a fallback of nothing":                            {set("spec.fallback", map[string]any{}), "spec.fallback", "at least 1 properties"},
		"a negative wait for a fallback":                   {set(wait, int64(-1)), wait, atLeast + "0"},
		"a wait for a fallback of more than a quarter":     {set(wait, int64(901)), wait, atMost + "900"},
		"a wait for the fallbacks that releases name":      {set("spec.fallback", map[string]any{"waitSeconds": int64(0)}), "", ""},
	}
}

func policyAcceptedRows() map[string]row {
	return map[string]row{
		"the smallest policy":                           {smallest, "", ""},
		"a clearance of a minute":                       {set("spec.clearanceSeconds", int64(60)), "", ""},
		"a requirement that nothing refers to":          {drop("spec.thresholds"), "", ""},
		"a requirement needed from the lowest exposure": {drop("spec.requirements[0].neededFrom"), "", ""},
	}
}

// smallest leaves nothing in a policy that it can do without.
func smallest(object map[string]any) {
	object["spec"] = map[string]any{
		"exposures": []any{map[string]any{"name": "Internal", "withoutEvidence": "Allowed"}},
		"levels":    []any{map[string]any{"name": "ASL-1"}},
	}
}

// criterion is a requirement that nothing refers to.
func criterion(name string) map[string]any {
	return map[string]any{
		"name": name, "validForDays": int64(1),
		"evaluation": map[string]any{
			"metric": "includes/accuracy", "direction": "LowerIsSafer", "clearAt": "0.2", "bound": "Point",
			"minSamples": int64(1), "maxUnjudgedPercent": int64(0),
		},
	}
}
