// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/scalegate/scalegate/test/bypass/attempts"
)

// StoryResult is what came of a story.
type StoryResult struct {
	attempts.Story
	Got attempts.Outcome
}

// tell plays the stories, those on fixtures one after another and the others side by side.
func (b *Bench) tell(ctx context.Context, name string, report *Report) error {
	began := time.Now()
	all := attempts.Stories()
	results, errs := make([]StoryResult, len(all)), make([]error, len(all))
	var wg sync.WaitGroup
	for i, story := range all {
		if story.On == "" {
			wg.Go(func() { results[i], errs[i] = b.play(ctx, story) })
		}
	}
	for i, story := range all {
		if story.On != "" {
			results[i], errs[i] = b.play(ctx, story)
		}
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, result := range results {
		if result.Got != result.Want() {
			report.Astray = append(report.Astray, result)
		}
	}
	report.Passes = append(report.Passes, fmt.Sprintf("%s: %d stories played in %s", name, len(all), time.Since(began).Round(time.Second)))
	b.say("%s", report.Passes[len(report.Passes)-1])
	return nil
}

// play makes the workload, does to it what the story says, and looks at its pods.
func (b *Bench) play(ctx context.Context, s attempts.Story) (result StoryResult, err error) {
	namespace, name := attempts.Enforced.Namespace(), s.On
	if s.Adopt {
		if err := b.create(ctx, s.Who, place(attempts.PodKind(), namespace, "", ""), s.StoryPod()); err != nil {
			return StoryResult{}, fmt.Errorf("%s: %w", s.What, err)
		}
	}
	if s.On == "" {
		name = text(s.Object, "metadata", "name")
		path := place(s.Kind, namespace, name, "")
		if err := b.create(ctx, s.Who, place(s.Kind, namespace, "", ""), s.Object); err != nil {
			return StoryResult{}, fmt.Errorf("%s: %w", s.What, err)
		}
		defer func() { err = errors.Join(err, b.remove(ctx, path)) }()
	}
	if s.Scale > 0 {
		change := map[string]any{"spec": map[string]any{"replicas": s.Scale}}
		if err := b.merge(ctx, s.Then, place(s.Kind, namespace, name, "scale"), change); err != nil {
			return StoryResult{}, fmt.Errorf("%s: %w", s.What, err)
		}
	}
	pods, err := b.pods(ctx, name, s.Pods, "")
	if err == nil && s.Lose {
		lost := text(pods[0], "metadata", "name")
		if err := b.remove(ctx, place(attempts.PodKind(), namespace, lost, "")); err != nil {
			return StoryResult{}, err
		}
		pods, err = b.pods(ctx, name, s.Pods, lost)
	}
	if err != nil {
		return StoryResult{}, fmt.Errorf("%s: %w", s.What, err)
	}
	result.Story = s
	for _, pod := range pods {
		if attempts.Holds(attempts.PodKind(), pod) {
			result.Got |= attempts.Held
		} else {
			result.Got |= attempts.Through
		}
	}
	return result, nil
}

// pods waits until a workload has just so many pods that are not going, and none of the name lost.
func (b *Bench) pods(ctx context.Context, app string, want int, lost string) (pods []map[string]any, err error) {
	path := place(attempts.PodKind(), attempts.Enforced.Namespace(), "", "") + "?labelSelector=" + url.QueryEscape("app="+app)
	err = b.until(ctx, func(ctx context.Context) error {
		list, _, err := b.get(ctx, path)
		if err != nil {
			return err
		}
		pods = nil
		items, _ := list["items"].([]any)
		for _, item := range items {
			pod, _ := item.(map[string]any)
			if field(pod, "metadata", "ownerReferences") == nil {
				return fmt.Errorf("nobody has adopted %s yet", text(pod, "metadata", "name"))
			}
			if field(pod, "metadata", "deletionTimestamp") == nil && text(pod, "metadata", "name") != lost {
				pods = append(pods, pod)
			}
		}
		if len(pods) != want {
			return fmt.Errorf("%s has %d pods, want %d", app, len(pods), want)
		}
		return nil
	})
	return pods, err
}

// remove deletes an object, and with it what it owns.
func (b *Bench) remove(ctx context.Context, path string) error {
	body, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background", "gracePeriodSeconds": int64(0)})
	if err != nil {
		return err
	}
	_, err = b.must(ctx, call{who: admin(), method: http.MethodDelete, path: path, contentType: "application/json", body: body})
	return err
}
