// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/scalegate/scalegate/hack/bench/measure"
	"github.com/scalegate/scalegate/hack/bench/quiet"
	"github.com/scalegate/scalegate/test/installation"
)

// everyReleaseLookedAt is what the manager logs once it decided about all releases that it found.
const everyReleaseLookedAt = "Looked at every release"

// starts measures from the start of the manager's process until it decided about every release, beside a process that
// lists the same objects. Neither runs while the other does, nor while the control plane still has to do with what ran before.
func (b *bench) starts(ctx context.Context) ([]measure.Figure, error) {
	program, kubeconfig, err := b.floorProgram(ctx)
	if err != nil {
		return nil, err
	}
	lister := func(ctx context.Context, _ int) (time.Duration, error) {
		if err := b.rested(ctx); err != nil {
			return 0, err
		}
		return b.list(ctx, program, kubeconfig)
	}
	// The manager has started before, on the same API server.
	if _, err := lister(ctx, 0); err != nil {
		return nil, err
	}
	var looks int
	var requests counts
	manager := func(ctx context.Context, _ int) (time.Duration, error) {
		if err := b.rested(ctx); err != nil {
			return 0, err
		}
		from := b.audit.size()
		took, told, err := b.start(ctx)
		if err != nil {
			return 0, err
		}
		if told.Releases < b.releases {
			return 0, fmt.Errorf("the manager found %d releases of %d", told.Releases, b.releases)
		}
		looks = told.Looks
		requests, err = b.audit.since(from)
		return took, err
	}
	seeded := b.audit.size()
	rounds := measure.Pick(b.Options, 3, 5)
	if b.suffix != "" {
		rounds = 3
	}
	samples, err := measure.Interleaved(ctx, rounds,
		measure.Case{Name: "manager", Run: manager}, measure.Case{Name: "lister", Run: lister}, measure.Case{Name: "again", Run: lister})
	if err != nil {
		return nil, err
	}
	if _, err := manager(ctx, rounds); err != nil {
		return nil, fmt.Errorf("starting the manager for what is measured next: %w", err)
	}
	if all, err := b.audit.since(seeded); err != nil || all.stored > b.releases/100 {
		return nil, errors.Join(fmt.Errorf("the manager wrote %d times in its starts: the copied fleet is not what it would have made", all.stored), err)
	}
	figure := measure.Ratio("cold-start", 3, samples["manager"], samples["lister"], samples["again"])
	figure.Note = fmt.Sprintf("%d releases, %d looks at one, %d reads and %d writes of the manager meanwhile",
		b.releases, looks, requests.reads, requests.stored)
	return []measure.Figure{figure}, nil
}

// rested stops the manager where it runs, and waits until the control plane has nothing to do any more.
func (b *bench) rested(ctx context.Context) error {
	if b.Running(installation.Manager) {
		if err := b.Kill(installation.Manager); err != nil {
			return err
		}
	}
	return quiet.Wait(ctx, b.Dir(), 2*time.Minute)
}

// list runs the lister, and sees that it lists the fleet.
func (b *bench) list(ctx context.Context, program, kubeconfig string) (time.Duration, error) {
	began := time.Now()
	out, err := exec.CommandContext(ctx, program, "lister", "--kubeconfig", kubeconfig).CombinedOutput()
	took := time.Since(began)
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	for kind, want := range map[string]int{
		"ModelReleaseList": b.releases, "SafetyEvaluationList": b.releases * evaluations, "ConfigMapList": b.releases * evaluations,
	} {
		if got := listed(out, kind); got < want {
			return 0, fmt.Errorf("the lister listed %d of %d: %s", got, want, kind)
		}
	}
	return took, nil
}

// listed is how many of a kind the lister says that it listed.
func listed(out []byte, kind string) (n int) {
	for line := range bytes.Lines(out) {
		if count, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte(kind+": ")); ok {
			n, _ = strconv.Atoi(string(count))
		}
	}
	return n
}

// told is what the manager logs of its start.
type told struct {
	Time     time.Time `json:"time"`
	Message  string    `json:"msg"`
	Releases int       `json:"releases"`
	Looks    int       `json:"looks"`
}

// start starts the manager, which does not run, and says when it had decided about every release, by its own log.
func (b *bench) start(ctx context.Context) (time.Duration, told, error) {
	log, err := os.Open(b.LogPath(installation.Manager))
	if err != nil {
		return 0, told{}, err
	}
	defer log.Close()
	if _, err := log.Seek(0, io.SeekEnd); err != nil {
		return 0, told{}, err
	}
	began := time.Now()
	if err := b.Restart(ctx, installation.Manager); err != nil {
		return 0, told{}, err
	}
	var line told
	var text []byte
	lines := bufio.NewReader(log)
	err = wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 5*time.Minute, true, func(context.Context) (bool, error) {
		for {
			more, err := lines.ReadBytes('\n')
			if text = append(text, more...); err != nil {
				return false, ignoreEnd(err)
			}
			if bytes.Contains(text, []byte(everyReleaseLookedAt)) {
				return true, json.Unmarshal(text, &line)
			}
			text = text[:0]
		}
	})
	if err != nil {
		return 0, line, fmt.Errorf("waiting until every release was looked at: %w", err)
	}
	return line.Time.Sub(began), line, nil
}

func ignoreEnd(err error) error {
	if err == io.EOF { //nolint:errorlint // a reader returns it as it is
		return nil
	}
	return err
}
