// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policies

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/policycase"
)

// atOnce is how many cases run side by side: they wait for the API server most of the time.
const atOnce = 6

// ReadFolders reads every folder of dir. One without a policy is an error, so that a slip in its name leaves nothing out.
func ReadFolders(files fs.FS, dir string) ([]*policycase.Folder, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, fmt.Errorf("looking for policies: %w", err)
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !e.IsDir() })
	if len(entries) == 0 {
		return nil, fmt.Errorf("no folder is in %s: each policy needs one", dir)
	}
	var folders []*policycase.Folder
	var problems []error
	for _, entry := range entries {
		folder, err := policycase.ReadFolder(files, path.Join(dir, entry.Name()))
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
