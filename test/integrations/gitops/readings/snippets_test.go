// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package readings

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/scalegate/scalegate/test/installation"
)

// included is a block of a page that shows a file: the comment that names it, and the text.
var included = regexp.MustCompile("(?ms)^<!-- from: (\\S+) -->\n```yaml\n(.*?)^```$")

// What the documentation shows of config/ is what stands there. With -update it is written anew.
func TestThePagesShowTheFilesThatTheyName(t *testing.T) {
	for _, name := range []string{"gitops.md", "adapters.md"} {
		path := filepath.Join(installation.Root(), "docs", name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		anew := included.ReplaceAllStringFunc(string(text), func(block string) string {
			file := included.FindStringSubmatch(block)[1]
			content, err := os.ReadFile(filepath.Join(installation.Root(), file))
			if err != nil {
				t.Fatal(err)
			}
			return "<!-- from: " + file + " -->\n```yaml\n" + string(content) + "```"
		})
		if *update {
			if err := os.WriteFile(path, []byte(anew), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Run(name, func(t *testing.T) {
			if diff := gocmp.Diff(anew, string(text)); diff != "" {
				t.Errorf("it shows files as they were; run go test ./gitops/readings -update in test/integrations (-want +got):\n%s", diff)
			}
		})
	}
}
