// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Folder is a policy with its suites, its people and its cases.
type Folder struct {
	// Name of the folder.
	Name string
	// Policy and Suites as they are written, to be handed to an API server that reads strictly.
	Policy []byte
	Suites []Document
	People []Person
	Cases  []Case
}

// Document is a file as it is written.
type Document struct {
	Name string
	Data []byte
}

// Person is somebody who acts in cases.
type Person struct {
	// Name that steps call the person by.
	Name string `json:"name"`
	// User and Groups are who the API server knows.
	User   string   `json:"user"`
	Groups []string `json:"groups,omitempty"`
	// Signs are the roles in which the person may sign.
	Signs []string `json:"signs,omitempty"`
	// May are the further rights of the person.
	May []Right `json:"may,omitempty"`
}

// Right is what a person may do beside signing.
type Right string

const (
	// MayRelease is to write releases.
	MayRelease Right = "Release"
	// MayEvaluate is to write evaluations.
	MayEvaluate Right = "Evaluate"
	// MayAsk is to ask for waivers and to write determinations.
	MayAsk Right = "Ask"
	// MayResolve is to resolve findings.
	MayResolve Right = "Resolve"
	// MayRevise is to change policies.
	MayRevise Right = "Revise"
)

// Rights are all rights.
func Rights() []Right { return []Right{MayRelease, MayEvaluate, MayAsk, MayResolve, MayRevise} }

// ReadFolder reads policy.yaml, people.yaml, suites/*.yaml and cases/*.yaml of a folder.
func ReadFolder(files fs.FS, dir string) (*Folder, error) {
	folder := &Folder{Name: path.Base(dir)}
	var err error
	if folder.Policy, err = fs.ReadFile(files, path.Join(dir, "policy.yaml")); err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	if _, err := document(folder.Policy); err != nil {
		return nil, fmt.Errorf("%s: %w", path.Join(dir, "policy.yaml"), err)
	}
	if folder.People, err = readPeople(files, path.Join(dir, "people.yaml")); err != nil {
		return nil, err
	}
	if folder.Suites, err = documents(files, path.Join(dir, "suites")); err != nil {
		return nil, err
	}
	cases, err := documents(files, path.Join(dir, "cases"))
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, document := range cases {
		c, err := ReadCase(strings.TrimSuffix(document.Name, ".yaml"), document.Data)
		if err == nil {
			err = c.checkPeople(folder.People)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", path.Join(dir, "cases", document.Name), err))
			continue
		}
		folder.Cases = append(folder.Cases, *c)
	}
	return folder, errors.Join(problems...)
}

// documents are the files of a folder by name; none where it is not there. What would not be read is an error.
func documents(files fs.FS, dir string) ([]Document, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking into %s: %w", dir, err)
	}
	all := make([]Document, 0, len(entries))
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		if entry.IsDir() || path.Ext(name) != ".yaml" {
			return nil, fmt.Errorf("%s: nothing reads it: name it with the ending .yaml and put it into %s itself, or take it away", name, dir)
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if _, err := document(data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, Document{Name: entry.Name(), Data: data})
	}
	return all, nil
}

func readPeople(files fs.FS, name string) ([]Person, error) {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("reading the people: %w", err)
	}
	var list struct {
		People []Person `json:"people"`
	}
	if err := decode(data, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	seen := map[string]bool{}
	for _, p := range list.People {
		switch {
		case p.Name == "" || p.User == "":
			return nil, fmt.Errorf("%s: each person needs a name and a user", name)
		case seen[p.Name]:
			return nil, fmt.Errorf("%s: the person %s is there twice", name, p.Name)
		}
		for _, right := range p.May {
			if !slices.Contains(Rights(), right) {
				return nil, fmt.Errorf("%s: %s may %q, which is not known; known are %v", name, p.Name, right, Rights())
			}
		}
		seen[p.Name] = true
	}
	return list.People, nil
}

// ReadCase reads one case.
func ReadCase(file string, data []byte) (*Case, error) {
	c := &Case{File: file}
	if err := decode(data, c); err != nil {
		return nil, err
	}
	c.number(data)
	return c, c.check()
}

// number gives each step its line.
func (c *Case) number(data []byte) {
	node, err := document(data)
	if err != nil {
		return
	}
	content := node.Content
	for i := 0; i+1 < len(content); i += 2 {
		if content[i].Value == "steps" {
			for j, step := range content[i+1].Content {
				c.Steps[j].Line = step.Line
			}
		}
	}
}

// check finds what a machine could not run.
func (c *Case) check() error {
	switch {
	case c.Title == "":
		return errors.New("title is missing: say in a sentence what the case is")
	case len(c.Facts) > 0 && len(c.Sources) == 0:
		return errors.New("sources are missing: facts need a public text that gives them")
	case len(c.Ours) == 0:
		return errors.New("ours is missing: say what no source reports, such as the numbers of samples")
	case len(c.Steps) == 0 || c.Steps[len(c.Steps)-1].Expect == nil:
		return errors.New("the last of steps must expect something")
	}
	for i := range c.Sources {
		if err := c.Sources[i].check(); err != nil {
			return err
		}
	}
	for i := range c.Steps {
		step := &c.Steps[i]
		err := step.check()
		if err == nil && step.Evaluation != nil && step.Evaluation.Figures == Reported && len(c.Sources) == 0 {
			err = fmt.Errorf("figures are %s, and the case has no sources: name who reported them, or write %s", Reported, Ours)
		}
		if err != nil {
			return &lineError{line: step.Line, problem: err.Error()}
		}
	}
	return nil
}

func (s *Source) check() error {
	dated := regexp.MustCompile(`^\d{4}(-\d{2}(-\d{2})?)?$`).MatchString(s.Date)
	if s.Title == "" || s.URI == "" || !dated || s.Standing != Primary && s.Standing != Secondary {
		return fmt.Errorf("a source needs title, uri, date such as 2025-05-22 and standing, which is %s or %s: %+v", Primary, Secondary, *s)
	}
	return nil
}

// check finds what is wrong with a step.
func (s *Step) check() error {
	acts := 0
	for _, field := range reflect.ValueOf(s).Elem().Fields() {
		if field.Kind() == reflect.Pointer && !field.IsNil() {
			acts++
		}
	}
	people := s.Safeguards == nil && s.Expect == nil
	switch {
	case acts != 1:
		return fmt.Errorf("a step does exactly one thing, and this one does %d", acts)
	case people && len(s.As) == 0:
		return errors.New("as is missing: who does this?")
	case !people && (len(s.As) > 0 || s.Refused != ""):
		return errors.New("as and refused are for what people do")
	case s.Expect != nil:
		return s.Expect.check()
	case s.Evaluation != nil:
		return s.Evaluation.check()
	case s.Revoke != nil && (s.Revoke.Evaluation == "") == (s.Revoke.Release == ""):
		return errors.New("revoke needs an evaluation or a release, and not both")
	}
	return nil
}

func (e *Expectation) check() error {
	if !slices.Contains(Outcomes(), e.Outcome) {
		return fmt.Errorf("outcome must be one of %v", Outcomes())
	}
	for _, name := range slices.Sorted(maps.Keys(e.Thresholds)) {
		if e.Thresholds[name] == "" {
			return fmt.Errorf("thresholds names %s and no state", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Requirements)) {
		if e.Requirements[name] == "" {
			return fmt.Errorf("requirements names %s and no state", name)
		}
	}
	return nil
}

func (e *EvaluationStep) check() error {
	if e.Measured == nil || e.Figures != Reported && e.Figures != Ours {
		return fmt.Errorf("an evaluation needs what was measured, and figures that are %s or %s", Reported, Ours)
	}
	return nil
}

func (c *Case) checkPeople(people []Person) error {
	for i := range c.Steps {
		for _, name := range c.Steps[i].As {
			if !slices.ContainsFunc(people, func(p Person) bool { return p.Name == name }) {
				return &lineError{line: c.Steps[i].Line, problem: fmt.Sprintf("nobody in people.yaml is called %q", name)}
			}
		}
	}
	return nil
}

// names are the releases that the case makes, in their order.
func (c *Case) releases() []string {
	var all []string
	for i := range c.Steps {
		if r := c.Steps[i].Release; r != nil {
			all = append(all, r.Name)
		}
	}
	return all
}
