// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCgroupsGoWithTheCluster(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root makes cgroups")
	}
	c := &Cluster{supervisor: testSupervisor(t)}
	name, err := c.MakeCgroup()
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile(c.path(cgroupList))
	if err != nil {
		t.Fatal(err)
	}
	made := strings.Fields(string(list))
	if len(made) == 0 || !strings.HasSuffix(made[0], name) {
		t.Fatalf("the list of cgroups is %q, want them to end in %s", made, name)
	}
	// A cgroup is removed once its processes are gone, and those below it before it.
	inner := filepath.Join(made[0], "inner")
	if err := os.Mkdir(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	spec := sh("echo $$ >" + inner + "/cgroup.procs && touch joined && exec sleep 60")
	spec.Ready = c.supervisor.fileExists("joined")
	if err := c.Run(t.Context(), "member", spec); err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, path := range made {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is still there (%v)", path, err)
		}
	}
}
