// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

// policyPeopleRows are about who signs, and what signatures are for.
func policyPeopleRows() map[string]row {
	const (
		roles   = " names a role that spec.roles does not define; add it there or correct the name"
		signOff = "spec.requirements[5].approval"
	)
	return map[string]row{
		"an approval in a role that is not there":              {set(signOff+".quorum[0].role", "chair"), "spec", "requirements[].approval" + roles},
		"a notice to a role that is not there":                 {set(signOff+".notifyBefore[0]", "chair"), "spec", "requirements[].approval" + roles},
		"a waiver by a role that is not there":                 {set("spec.waivers.quorum[0].role", "chair"), "spec", "waivers.quorum" + roles},
		"an emergency waiver by a role that is not there":      {set("spec.waivers.breakGlass.quorum[0].role", "chair"), "spec", "waivers.breakGlass" + roles},
		"an emergency reviewed by a role that is not there":    {set("spec.waivers.breakGlass.reviewRole", "chair"), "spec", "waivers.breakGlass" + roles},
		"a determination by a role that is not there":          {set("spec.determinations.quorum[0].role", "chair"), "spec", "determinations.quorum" + roles},
		"a revision by a role that is not there":               {set("spec.revisions.quorum[0].role", "chair"), "spec", "revisions.quorum" + roles},
		"a role in capitals":                                   {set("spec.roles[4]", map[string]any{"name": "Chair"}), "spec.roles[4].name", "should match"},
		"an approval of nobody":                                {all(drop(signOff+".quorum"), drop(signOff+".notifyBefore"), drop(signOff+".differFrom")), signOff, "an approval needs a quorum, or roles in notifyBefore"},
		"a notice alone":                                       {all(drop(signOff+".quorum"), drop(signOff+".differFrom")), "", ""},
		"nobody approves, and differs from the authors":        {drop(signOff + ".quorum"), signOff + ".differFrom", "differFrom is for those who approve, so it needs a quorum"},
		"an approver who differs from somebody else":           {set(signOff+".differFrom[0]", "Tenant"), signOff + ".differFrom[0]", `supported values: "Author", "Evaluator"`},
		"a threshold requires what is not defined":             {set("spec.thresholds[0].requires[0]", "harmless"), "spec", "thresholds[].requires names a requirement that spec.requirements does not define; add it there or correct the name"},
		"a threshold that a signature rules out":               {set("spec.thresholds[0].ruledOutBy[1]", "deployment-sign-off"), "spec", "thresholds[].ruledOutBy names a requirement that is no evaluation; approvals and checks rule no capability out, so name them in requires"},
		"a threshold that a safeguard rules out":               {set("spec.thresholds[0].ruledOutBy[1]", "egress-bandwidth"), "spec", "thresholds[].ruledOutBy names a requirement that is no evaluation; approvals and checks rule no capability out, so name them in requires"},
		"a threshold that requires a signature":                {set("spec.thresholds[0].requires[0]", "deployment-sign-off"), "", ""},
		"a requirement that is two things":                     {set("spec.requirements[0].approval", map[string]any{"notifyBefore": []any{"board"}}), "spec.requirements[0]", "exactly one of evaluation, approval and check must be given"},
		"a safeguard that is looked at for half a year":        {set("spec.requirements[6].validForDays", int64(183)), "spec.requirements[6].validForDays", "validForDays is needed for an evaluation and for an approval; a check is looked at all the time, and has none"},
		"an approval that counts for ever":                     {drop("spec.requirements[5].validForDays"), "spec.requirements[5].validForDays", "validForDays is needed for an evaluation and for an approval; a check is looked at all the time, and has none"},
		"an approval of some artifacts":                        {set("spec.requirements[5].scope", []any{"Weights"}), "spec.requirements[5]", "scope, acceptRelations, independence, elicitation and standing are for requirements with an evaluation"},
		"a policy whose name leaves no room for its revisions": {set("metadata.name", longName(241)), "<nil>", "metadata.name must have at most 240 characters: the names of its revisions begin with it"},
		"a policy whose name leaves room for its revisions":    {set("metadata.name", longName(240)), "", ""},
		"a policy of no people":                                {all(drop("spec.waivers"), drop("spec.determinations"), drop("spec.revisions"), drop("spec.independentEvaluators")), "", ""},
	}
}

func longName(size int) string {
	name := make([]byte, size)
	for i := range name {
		name[i] = 'p'
	}
	return string(name)
}

// policyQuorumRows are about how many, and for how long.
func policyQuorumRows() map[string]row {
	const (
		atLeast    = "greater than or equal to "
		atMost     = "less than or equal to "
		days       = "spec.waivers.maxDays"
		seconds    = "spec.waivers.breakGlass.maxSeconds"
		review     = "spec.waivers.breakGlass.reviewDays"
		determined = "spec.determinations.maxDays"
		coolOff    = "spec.revisions.coolOffSeconds"
	)
	rows := map[string]row{
		"a waiver that one person approves":            {drop("spec.waivers.quorum[1]"), "spec.waivers.quorum", "waivers need two approvers at least: raise a count, or name another role"},
		"a waiver that two of one role approve":        {all(drop("spec.waivers.quorum[1]"), set("spec.waivers.quorum[0].count", int64(2))), "", ""},
		"a waiver of no day":                           {all(set(days, int64(0)), drop("spec.waivers.breakGlass")), days, atLeast + "1"},
		"a waiver of more than a year":                 {set(days, int64(366)), days, atMost + "365"},
		"a waiver over what failed, perhaps":           {set("spec.waivers.overAdverse", "Maybe"), "spec.waivers.overAdverse", `supported values: "Allowed", "Refused"`},
		"an emergency of less than a minute":           {set(seconds, int64(59)), seconds, atLeast + "60"},
		"an emergency of more than a week":             {set(seconds, int64(604801)), seconds, atMost + "604800"},
		"an emergency that is longer than a waiver":    {all(set(days, int64(1)), set(seconds, int64(86401))), "spec.waivers.breakGlass", "breakGlass is the shorter path: maxSeconds must be at most as long as maxDays"},
		"an emergency that is as long as a waiver":     {all(set(days, int64(1)), set(seconds, int64(86400))), "", ""},
		"a review on the day itself":                   {set(review, int64(0)), review, atLeast + "1"},
		"a review after a quarter":                     {set(review, int64(91)), review, atMost + "90"},
		"an emergency that nobody reviews":             {drop("spec.waivers.breakGlass.reviewRole"), "spec.waivers.breakGlass.reviewRole", "Required value"},
		"a determination of no day":                    {set(determined, int64(0)), determined, atLeast + "1"},
		"a determination of more than a year":          {set(determined, int64(366)), determined, atMost + "365"},
		"a revision that counts before it is recorded": {set(coolOff, int64(-1)), coolOff, atLeast + "0"},
		"a revision that waits for more than a year":   {set(coolOff, int64(31536001)), coolOff, atMost + "31536000"},
		"a revision that waits for its quorum alone":   {set(coolOff, int64(0)), "", ""},
	}
	for what, quorum := range map[string]string{
		"a sign-off": "spec.requirements[5].approval.quorum", "a waiver": "spec.waivers.quorum", "an emergency": "spec.waivers.breakGlass.quorum",
		"a determination": "spec.determinations.quorum", "a revision": "spec.revisions.quorum",
	} {
		count := quorum + "[0].count"
		rows[what+" by nobody of a role"] = row{all(set(count, int64(0)), set("spec.waivers.quorum[1].count", int64(8))), count, atLeast + "1"}
		rows[what+" by more than eight of a role"] = row{set(count, int64(9)), count, atMost + "8"}
	}
	return rows
}

// policyDiligenceRows are about who evaluates and how hard.
func policyDiligenceRows() map[string]row {
	const (
		first   = "spec.requirements[0]."
		tried   = first + "elicitation."
		alertAt = first + "evaluation.alertAt"
		alerted = first + "evaluation.alertValidForDays"
		atLeast = "greater than or equal to "
		atMost  = "less than or equal to "
	)
	return map[string]row{
		"an independence of another degree":                   {set(first+"independence", "Mostly"), first + "independence", `supported values: "Internal", "Independent"`},
		"an evaluation of another standing":                   {set(first+"standing", "Worn"), first + "standing", `supported values: "Active", "Saturated"`},
		"an evaluation that models outgrew":                   {set(first+"standing", "Saturated"), "", ""},
		"a variant that nobody makes":                         {set(tried+"variants[0]", "Quantised"), tried + "variants[0]", "supported values"},
		"an aggregation that nobody computes":                 {set(tried+"aggregations[0]", "Median"), tried + "aggregations[0]", "supported values"},
		"a budget that is half needed":                        {set(tried+"budget", "Wanted"), tried + "budget", `supported values: "Required", "Optional"`},
		"no trial is needed":                                  {set(tried+"minTrials", int64(0)), tried + "minTrials", atLeast + "1"},
		"more trials than anybody makes":                      {set(tried+"minTrials", int64(1000001)), tried + "minTrials", atMost + "1000000"},
		"no hour is needed":                                   {set(tried+"minRedTeamHours", int64(0)), tried + "minRedTeamHours", atLeast + "1"},
		"more hours than anybody has":                         {set(tried+"minRedTeamHours", int64(1000001)), tried + "minRedTeamHours", atMost + "1000000"},
		"an elicitation of which nothing is asked":            {set(first+"elicitation", map[string]any{}), first + "elicitation", "at least 1 properties"},
		"an alert of a danger where it is not clear any more": {set(alertAt, "2.9"), alertAt, "alertAt must lie on the safe side of clearAt: at or below it when LowerIsSafer, at or above it when HigherIsSafer"},
		"an alert where it is just clear":                     {set(alertAt, "2.8"), "", ""},
		"an alert at a word":                                  {set(alertAt, "low"), alertAt, "should match"},
		"the life of an alert that there is not":              {drop(alertAt), alerted, "alertValidForDays needs alertAt"},
		"an alert that lives for no day":                      {set(alerted, int64(0)), alerted, atLeast + "1"},
		"an alert that lives for ever":                        {set(alerted, int64(3651)), alerted, atMost + "3650"},
		"evaluators of no kind are independent":               {set("spec.independentEvaluators", map[string]any{}), "spec.independentEvaluators", "at least 1 properties"},
	}
}

// policySafeguardRows are about checks of the cluster.
func policySafeguardRows() map[string]row {
	const check = "spec.requirements[6].check"
	of := func(kind string, more ...change) change {
		return all(append([]change{set(check, map[string]any{"type": kind})}, more...)...)
	}
	list := func(field string) change { return set(check+"."+field, []any{"one"}) }
	return map[string]row{
		"a check of another type":                   {of("FirewallUp"), check + ".type", "supported values"},
		"a bandwidth that is not said":              {of("EgressBandwidthLimited"), check + ".maxEgressBandwidth", "maxEgressBandwidth is for the type EgressBandwidthLimited, which needs it"},
		"a bandwidth of another check":              {of("EgressDenied", set(check+".maxEgressBandwidth", "10M")), check + ".maxEgressBandwidth", "maxEgressBandwidth is for the type EgressBandwidthLimited, which needs it"},
		"a bandwidth of nothing":                    {set(check+".maxEgressBandwidth", "0"), check + ".maxEgressBandwidth", "maxEgressBandwidth must be a quantity above 0 of bits per second, such as 10M"},
		"a bandwidth in words":                      {set(check+".maxEgressBandwidth", "slow"), check + ".maxEgressBandwidth", "maxEgressBandwidth must be a quantity above 0 of bits per second, such as 10M"},
		"runtime classes that are not said":         {of("RuntimeClass"), check + ".runtimeClasses", "runtimeClasses is for the type RuntimeClass, which needs it"},
		"runtime classes":                           {of("RuntimeClass", list("runtimeClasses")), "", ""},
		"storage classes that are not said":         {of("EncryptedStorage"), check + ".storageClasses", "storageClasses is for the type EncryptedStorage, which needs it"},
		"storage classes":                           {of("EncryptedStorage", list("storageClasses")), "", ""},
		"groups that are exempt from another check": {of("EgressDenied", list("exemptGroups")), check + ".exemptGroups", "exemptGroups is for the type NoTenantExec"},
		"groups that may exec":                      {of("NoTenantExec", list("exemptGroups")), "", ""},
		"nobody may exec":                           {of("NoTenantExec"), "", ""},
	}
}
