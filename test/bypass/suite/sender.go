// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"k8s.io/client-go/rest"
	kjson "sigs.k8s.io/json"

	"github.com/scalegate/scalegate/test/bypass/attempts"
)

// sender talks to an API server in other people's names.
type sender struct {
	host string
	http *http.Client
}

func newSender(admin *rest.Config) (*sender, error) {
	cfg := rest.CopyConfig(admin)
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("making an HTTP client: %w", err)
	}
	return &sender{host: strings.TrimSuffix(cfg.Host, "/"), http: client}, nil
}

// call is one request.
type call struct {
	who    attempts.Identity
	method string
	path   string
	query  url.Values
	// contentType is that of body; body nil sends none.
	contentType string
	body        []byte
}

// answer is what came back.
type answer struct {
	code int
	// object is the body when the call went well.
	object map[string]any
	// message says what was wrong when it did not.
	message string
	// warned is what Scalegate warned of.
	warned string
}

func (a answer) ok() bool { return a.code < 300 }

// send makes the call. An error means that there was no answer.
func (s *sender) send(ctx context.Context, c call) (answer, error) {
	address := s.host + c.path
	if len(c.query) > 0 {
		address += "?" + c.query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, c.method, address, bytes.NewReader(c.body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Accept", "application/json")
	if c.contentType != "" {
		request.Header.Set("Content-Type", c.contentType)
	}
	if c.who.Name != "" {
		request.Header.Set("Impersonate-User", c.who.Name)
		for _, group := range c.who.Groups {
			request.Header.Add("Impersonate-Group", group)
		}
	}
	response, err := s.http.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("sending %s %s: %w", c.method, c.path, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, fmt.Errorf("reading the answer to %s %s: %w", c.method, c.path, err)
	}
	a := answer{code: response.StatusCode}
	if warnings := strings.Join(response.Header.Values("Warning"), " "); strings.Contains(warnings, "scalegate") {
		a.warned = warnings
	}
	if a.ok() {
		// A stream answers with no object.
		if json.Valid(text) {
			a.object, err = decode(text)
		}
		return a, err
	}
	var status struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(text, &status); err != nil || status.Message == "" {
		status.Message = string(text)
	}
	a.message = status.Message
	return a, nil
}

// decode reads content as the API machinery does: whole numbers are int64.
func decode(text []byte) (map[string]any, error) {
	var content map[string]any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &content); err != nil {
		return nil, fmt.Errorf("decoding an object: %w", err)
	}
	return content, nil
}

// admin is nobody impersonated: the cluster admin of the control plane itself.
func admin() attempts.Identity { return attempts.Identity{} }

// get reads an object; ok is false when there is none.
func (s *sender) get(ctx context.Context, path string) (object map[string]any, ok bool, err error) {
	a, err := s.send(ctx, call{who: admin(), method: http.MethodGet, path: path})
	switch {
	case err != nil:
		return nil, false, err
	case a.code == http.StatusNotFound:
		return nil, false, nil
	case !a.ok():
		return nil, false, fmt.Errorf("reading %s: %s", path, a.message)
	}
	return a.object, true, nil
}

// must makes a call that is to go well.
func (s *sender) must(ctx context.Context, c call) (map[string]any, error) {
	a, err := s.send(ctx, c)
	if err == nil && !a.ok() {
		err = fmt.Errorf("%s %s as %q: %d: %s", c.method, c.path, c.who.Name, a.code, a.message)
	}
	return a.object, err
}

// place is the path of a kind's objects in a namespace, or of one object when name is given.
func place(kind attempts.Kind, namespace, name, sub string) string {
	path := "/apis/" + kind.APIVersion()
	if kind.Group == "" {
		path = "/api/" + kind.Version
	}
	if kind.Namespaced {
		path += "/namespaces/" + namespace
	}
	path += "/" + kind.Resource
	if name != "" {
		path += "/" + name
	}
	if sub != "" {
		path += "/" + sub
	}
	return path
}
