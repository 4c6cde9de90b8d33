// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the right to restore anew, from config/admission")

// TestTheRightToRestoreNamesEveryObject holds the manager's right to write admission objects to
// exactly those that are installed.
func TestTheRightToRestoreNamesEveryObject(t *testing.T) {
	file := filepath.Join("..", "..", "config", "canary", "restore_role.yaml")
	want := restoreRole(shipped(t))
	if *update {
		if err := os.WriteFile(file, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s is out of date; run go test ./internal/guards -update:\n%s", file, cmp.Diff(string(got), string(want)))
	}
}

func restoreRole(set Set) []byte {
	var b bytes.Buffer
	b.WriteString(`# The right to put admission objects back: these, and no others. It is written by
# go test ./internal/guards -update, from config/admission.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: scalegate-restore
rules:
`)
	var last string
	for _, id := range set.IDs() {
		if id.Kind != last {
			last = id.Kind
			resource := strings.ToLower(id.Kind) + "s"
			if strings.HasSuffix(id.Kind, "Policy") {
				resource = strings.ToLower(strings.TrimSuffix(id.Kind, "y")) + "ies"
			}
			fmt.Fprintf(&b, "- apiGroups: [admissionregistration.k8s.io]\n  resources: [%s]\n  verbs: [create, patch]\n  resourceNames:\n", resource)
		}
		fmt.Fprintf(&b, "  - %s\n", id.Name)
	}
	b.WriteString(`---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: scalegate-restore
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: scalegate-restore
subjects:
- kind: ServiceAccount
  name: scalegate-controller-manager
  namespace: scalegate-system
`)
	return b.Bytes()
}
