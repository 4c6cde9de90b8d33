// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheDockerfileMakesTheSameImage reads the last stage of the Dockerfile: it and make image are two ways to one image.
func TestTheDockerfileMakesTheSameImage(t *testing.T) {
	data, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(data), "\\\n", " ")
	last := text[strings.LastIndex(text, "\nFROM "):]
	want := Scalegate("$VERSION", "$REVISION")
	labels := map[string]string{}
	for _, m := range regexp.MustCompile(`([a-z.]+)="([^"]*)"`).FindAllStringSubmatch(last, -1) {
		labels[m[1]] = m[2]
	}
	if diff := cmp.Diff(want.Labels, labels); diff != "" {
		t.Errorf("labels of the Dockerfile differ (-want +got):\n%s", diff)
	}
	entrypoint, _ := json.Marshal([]string{want.Entrypoint})
	cmd, _ := json.Marshal(want.Cmd)
	for _, line := range []string{
		"FROM scratch", "COPY --from=build " + want.Entrypoint + " " + want.Entrypoint, "USER " + want.User,
		"ENTRYPOINT " + string(entrypoint), "CMD " + string(cmd),
	} {
		if !strings.Contains(last, "\n"+line+"\n") {
			t.Errorf("the last stage of the Dockerfile lacks the line %q", line)
		}
	}
	if flags := `go build -trimpath -ldflags "-s -w -X main.version=$VERSION"`; !strings.Contains(text, flags) {
		t.Errorf("the Dockerfile does not build with %s", flags)
	}
}
