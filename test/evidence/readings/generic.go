// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package readings

// junit compares a JUnit report with its test cases as counted; what its header claims is not carried.
func junit(c *check) {
	c.identity()
	testcases, ok := c.want.count("testcases")
	if !ok {
		return
	}
	failed, _ := c.want.count("failed")
	errored, _ := c.want.count("errored")
	skipped, _ := c.want.count("skipped")
	if testcases == 0 {
		for _, r := range c.m.Results {
			if r.Scale != "count" {
				c.value(&r, nil)
			}
		}
		return
	}
	r := c.result("passRate")
	c.outcomes(r, testcases-failed-errored-skipped, failed, errored)
	if r != nil {
		c.count(r, "planned", r.Planned, &testcases)
		c.count(r, "unjudged", r.Unjudged, &skipped)
	}
	c.value(c.result("failed"), new(float64(failed)))
	c.value(c.result("errored"), new(float64(errored)))
}

// sarif compares a log of static analysis. One that cannot count as a scan must not have a number of results.
func sarif(c *check) {
	c.identity()
	usable := false
	if !c.want.into("usable", &usable) {
		return
	}
	c.finished(usable)
	if !usable {
		for _, r := range c.m.Results {
			if r.HasData() && c.m.Finished {
				c.wrongf("%s is %s in a file that cannot count as a scan", r.Selector, r.Value)
			}
		}
		return
	}
	c.statedRate(c.result("results"), "results")
	c.statedRate(c.result("withSuppressions"), "suppressed")
}
