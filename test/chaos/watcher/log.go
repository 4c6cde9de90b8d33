// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package watcher

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// Event is one write that the API server answered well, or one object that the watcher read.
type Event struct {
	// Received and Answered are the times of the API server. What was read has only the second: when it had been read.
	Received, Answered time.Time
	// User who wrote; empty for what was read.
	User string
	// Verb of the request; VerbRead and VerbList for what was read.
	Verb string
	// Resource and Subresource, in the plural as in a path.
	Resource, Subresource string
	Namespace, Name       string
	// RV is the resourceVersion that the write led to; 0 where the answer has none.
	RV uint64
	// Object as it is afterwards; of a deletion, as it was. Empty where the answer is none.
	Object json.RawMessage
	// UIDs are those of all objects there are, of VerbList.
	UIDs map[string]bool
}

// What was read, and not written.
const (
	// VerbRead is an object as it is.
	VerbRead = "read"
	// VerbList says which objects of a resource there are in a namespace.
	VerbList = "list"
)

// AuditPolicy is what the API server has to write down for the watcher, as a file for --audit-policy-file: every write
// to what the watcher knows, with the answer, and who wrote anything in the ungoverned namespace.
func AuditPolicy(ungoverned string) string {
	return `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
omitManagedFields: true
rules:
- level: None
  verbs: [get, list, watch]
- level: RequestResponse
  resources:
  - group: ""
    resources: [namespaces, namespaces/status, namespaces/finalize, configmaps, pods, pods/status, pods/eviction, pods/ephemeralcontainers, pods/resize]
  - group: scalegate.dev
    resources: [safetypolicies, modelreleases, safetyevaluations, safetyevaluations/status, adversefindings, adversefindings/status]
- level: Metadata
  namespaces: [` + ungoverned + `]
- level: None
`
}

// line is what matters of a line of the audit log.
type line struct {
	Kind       string `json:"kind"`
	Stage      string `json:"stage"`
	RequestURI string `json:"requestURI"`
	Verb       string `json:"verb"`
	User       struct {
		Username string `json:"username"`
	} `json:"user"`
	ObjectRef struct {
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
	} `json:"objectRef"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
	ResponseObject json.RawMessage `json:"responseObject"`
	Received       time.Time       `json:"requestReceivedTimestamp"`
	Answered       time.Time       `json:"stageTimestamp"`
}

// identity is what matters of any object's metadata.
type identity struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name            string `json:"name"`
		Namespace       string `json:"namespace"`
		ResourceVersion string `json:"resourceVersion"`
	} `json:"metadata"`
}

// Log reads the audit log of an API server, also of one that is killed again and again.
type Log struct {
	// Path of the file.
	Path   string
	offset int64
}

// Read returns the writes that came to the log since the last call. A file that is not there yet holds none.
func (l *Log) Read() ([]Event, error) {
	f, err := os.Open(l.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening the audit log: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.NewSectionReader(f, l.offset, 1<<62))
	if err != nil {
		return nil, fmt.Errorf("reading the audit log: %w", err)
	}
	// What follows the last end of a line is still being written.
	whole := bytes.LastIndexByte(data, '\n') + 1
	l.offset += int64(whole)
	return parse(data[:whole])
}

// start is how each line of an audit log begins.
const start = `{"kind":"Event"`

// parse reads lines. An API server that was killed in the middle of one leaves a part of it in front of the next.
func parse(data []byte) ([]Event, error) {
	var all []Event
	for text := range bytes.Lines(data) {
		at := bytes.LastIndex(text, []byte(start))
		if at < 0 {
			continue
		}
		if whole := bytes.TrimSpace(text[at:]); json.Valid(whole) {
			text = whole
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return nil, fmt.Errorf("reading a line of the audit log, %.200s: %w", text, err)
		}
		if e, ok := l.event(); ok {
			all = append(all, e)
		}
	}
	return all, nil
}

// event is what a line says was written; false where nothing was.
func (l line) event() (Event, bool) {
	if l.Stage != "ResponseComplete" || l.ResponseStatus.Code < 200 || l.ResponseStatus.Code > 299 ||
		strings.Contains(l.RequestURI, "dryRun=") {
		return Event{}, false
	}
	e := Event{
		Received: l.Received, Answered: l.Answered, User: l.User.Username, Verb: l.Verb,
		Resource: l.ObjectRef.Resource, Subresource: l.ObjectRef.Subresource,
		Namespace: l.ObjectRef.Namespace, Name: l.ObjectRef.Name,
	}
	e.take(l.ResponseObject)
	return e, true
}

// take reads the object, unless it is the mere Status of a request.
func (e *Event) take(object json.RawMessage) {
	var id identity
	if len(object) == 0 || json.Unmarshal(object, &id) != nil || id.Kind == "Status" {
		return
	}
	rv, err := strconv.ParseUint(id.Metadata.ResourceVersion, 10, 64)
	if err != nil {
		return
	}
	e.RV, e.Object = rv, object
	// The name of a request that generates one is empty.
	e.Name = id.Metadata.Name
}
