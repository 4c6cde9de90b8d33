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
		// A header that states more tests than there are makes the plan larger.
		if stated, ok := c.want.count("headerTests"); !ok || r.Planned == nil || *r.Planned > max(stated, testcases) {
			c.count(r, "planned", r.Planned, &testcases)
		}
		c.count(r, "unjudged", r.Unjudged, &skipped)
	}
	c.number("failed", failed, testcases-errored-skipped > 0)
	c.number("errored", errored, testcases-errored-skipped > 0)
}

// number compares how many test cases there are of a kind. None of them is no data where none was judged.
func (c *check) number(selector string, want int64, judged bool) {
	r := c.result(selector)
	if want == 0 && !judged {
		c.value(r, nil)
		return
	}
	c.value(r, new(float64(want)))
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
