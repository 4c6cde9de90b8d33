// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policies

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/policycase"
)

// atOnce is how many cases run side by side: they wait for the API server most of the time.
const atOnce = 6

// ReadFolders reads every folder of dir that has a policy.
func ReadFolders(files fs.FS, dir string) ([]*policycase.Folder, error) {
	found, err := fs.Glob(files, path.Join(dir, "*", "policy.yaml"))
	if err != nil || len(found) == 0 {
		return nil, errors.Join(err, fmt.Errorf("no folder in %s has a policy.yaml", dir))
	}
	var folders []*policycase.Folder
	var problems []error
	for _, file := range found {
		folder, err := policycase.ReadFolder(files, path.Dir(file))
		if err != nil {
			problems = append(problems, err)
			continue
		}
		folders = append(folders, folder)
	}
	return folders, errors.Join(problems...)
}

// Run validates the policies and runs their cases. An error says that something could not be asked.
func (b *Bed) Run(ctx context.Context, folders []*policycase.Folder) ([]policycase.FolderResult, error) {
	results, problems := make([]policycase.FolderResult, len(folders)), make([]error, len(folders))
	var waiting sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for i := range folders {
		waiting.Go(func() { results[i], problems[i] = b.runFolder(ctx, folders[i], places) })
	}
	waiting.Wait()
	return results, errors.Join(problems...)
}

// runFolder runs the cases of one folder, no more at once than there are places.
func (b *Bed) runFolder(ctx context.Context, folder *policycase.Folder, places chan struct{}) (policycase.FolderResult, error) {
	result := policycase.FolderResult{
		Folder: folder.Name, Problems: b.Validate(ctx, folder), Cases: make([]policycase.Result, len(folder.Cases)),
	}
	people, err := b.admit(ctx, folder)
	if err != nil {
		return result, err
	}
	problems := make([]error, len(folder.Cases))
	var waiting sync.WaitGroup
	for i := range folder.Cases {
		waiting.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			result.Cases[i], problems[i] = b.runCase(ctx, people, folder, &folder.Cases[i])
		})
	}
	waiting.Wait()
	return result, errors.Join(problems...)
}

func (b *Bed) runCase(
	ctx context.Context, people map[string]client.Client, folder *policycase.Folder, c *policycase.Case,
) (policycase.Result, error) {
	place, err := b.place(ctx, folder.Name, c.File)
	if err != nil {
		return policycase.Result{Case: c.File, Title: c.Title}, err
	}
	s := &store{people: people, controller: b.controller, namespace: place.Namespace}
	result, err := policycase.Run(ctx, s, place, folder, c)
	if err != nil {
		return result, fmt.Errorf("running %s/%s: %w", folder.Name, c.File, err)
	}
	return result, nil
}
