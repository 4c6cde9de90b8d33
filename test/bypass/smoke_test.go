package bypass

import "testing"

func TestSmoke(t *testing.T) {
	if err := shared.Govern(t.Context(), "smoke"); err != nil {
		t.Fatal(err)
	}
	out, err := shared.Kubectl(t.Context(), shared.Admin(), "get", "validatingadmissionpolicies", "-o", "jsonpath={range .items[*]}{.metadata.name}: {.status.typeChecking.expressionWarnings}{\"\\n\"}{end}")
	t.Log(string(out), err)
}
