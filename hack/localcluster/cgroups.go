// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// cgroupRoot is where Linux systems mount the cgroup file systems.
const cgroupRoot = "/sys/fs/cgroup"

// MakeCgroup makes a cgroup for what runs outside the cluster's process group, such as the
// containers of a node, and returns its path below the root of every hierarchy. Stop removes it
// and those below it, once their processes are gone; so does the end of this process, in whatever
// way. Only root can make one.
func (c *Cluster) MakeCgroup() (string, error) {
	name := filepath.Base(c.Dir())
	hierarchies, err := cgroupHierarchies()
	if err != nil {
		return "", err
	}
	paths := make([]string, len(hierarchies))
	for i, hierarchy := range hierarchies {
		paths[i] = filepath.Join(hierarchy, name)
	}
	// The list comes first: what is made must be known to whoever removes it.
	list := []byte(strings.Join(paths, "\n") + "\n")
	if err := os.WriteFile(c.path(cgroupList), list, 0o600); err != nil {
		return "", fmt.Errorf("listing the cgroups: %w", err)
	}
	for _, path := range paths {
		if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return "", fmt.Errorf("making a cgroup: %w", err)
		}
	}
	return "/" + name, nil
}

// cgroupHierarchies returns the roots of the cgroup hierarchies: one of version 2, or one for each
// controller of version 1.
func cgroupHierarchies() ([]string, error) {
	if _, err := os.Stat(filepath.Join(cgroupRoot, "cgroup.controllers")); err == nil {
		return []string{cgroupRoot}, nil
	}
	files, err := filepath.Glob(filepath.Join(cgroupRoot, "*", "cgroup.procs"))
	if err != nil {
		return nil, fmt.Errorf("listing the cgroup hierarchies: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no cgroup hierarchy is mounted below %s", cgroupRoot)
	}
	var roots []string
	for _, file := range files {
		root, err := filepath.EvalSymlinks(filepath.Dir(file)) // cpu and cpuacct may be one hierarchy
		if err != nil {
			return nil, fmt.Errorf("listing the cgroup hierarchies: %w", err)
		}
		roots = append(roots, root)
	}
	return roots, nil
}
