// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

// auditLog is the audit log of an API server: each request of the manager, and of nobody else.
type auditLog struct{ folder string }

// auditing adds an audit log to the choices for a control plane.
func auditing(options *localcluster.Options) (auditLog, error) {
	folder, err := os.MkdirTemp("", "scalegate-bench-audit-")
	if err != nil {
		return auditLog{}, err
	}
	l := auditLog{folder}
	policy := fmt.Sprintf(`apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- level: Metadata
  users: ["system:serviceaccount:%s:%s"]
- level: None
`, installation.Namespace, installation.ServiceAccount)
	if err := os.WriteFile(filepath.Join(folder, "policy.yaml"), []byte(policy), 0o600); err != nil {
		return l, errors.Join(err, l.remove())
	}
	options.Args[localcluster.APIServer] = append(options.Args[localcluster.APIServer],
		"--audit-policy-file="+filepath.Join(folder, "policy.yaml"), "--audit-log-path="+l.path(), "--audit-log-maxsize=1000")
	return l, nil
}

func (l auditLog) path() string  { return filepath.Join(l.folder, "audit.log") }
func (l auditLog) remove() error { return os.RemoveAll(l.folder) }

// size is where the log ends now; 0 where there is none yet.
func (l auditLog) size() int64 {
	info, err := os.Stat(l.path())
	if err != nil {
		return 0
	}
	return info.Size()
}

// counts are requests of the manager.
type counts struct {
	// reads do not include watches.
	reads int
	// stored are writes, renewals of leases aside. dry store nothing: dry runs, and questions about rights and identities.
	stored, dry int
	// of are the stored ones by what they wrote.
	of map[string]int
}

// request is of an audit event what is needed.
type request struct {
	Verb   string `json:"verb"`
	URI    string `json:"requestURI"`
	Object struct {
		Group       string `json:"apiGroup"`
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
	} `json:"objectRef"`
}

// since counts what is in the log behind a place.
func (l auditLog) since(from int64) (counts, error) {
	c := counts{of: map[string]int{}}
	file, err := os.Open(l.path())
	if err != nil {
		return c, err
	}
	defer file.Close()
	if _, err := file.Seek(from, io.SeekStart); err != nil {
		return c, err
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return c, fmt.Errorf("reading the audit log: %w", err)
		}
		c.add(r)
	}
	return c, lines.Err()
}

func (c *counts) add(r request) {
	switch {
	case r.Verb == "watch":
	case r.Verb == "get" || r.Verb == "list":
		c.reads++
	case r.Object.Resource == "leases":
	case dry(r.URI) || r.Object.Group == "authentication.k8s.io" || r.Object.Group == "authorization.k8s.io" || r.Object.Subresource == "token":
		c.dry++
	default:
		c.stored++
		c.of[strings.Trim(r.Verb+" "+r.Object.Resource+"/"+r.Object.Subresource, "/")]++
	}
}

func dry(uri string) bool {
	_, query, _ := strings.Cut(uri, "?")
	values, err := url.ParseQuery(query)
	return err == nil && slices.Contains(values["dryRun"], "All")
}
