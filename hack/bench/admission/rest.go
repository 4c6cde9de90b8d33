// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// atRest waits until the API server uses less than a tenth of a core: after new kinds it is busy with their schemas for a
// while, which is not what is measured.
func (p *plane) atRest(ctx context.Context) error {
	const pause = 2 * time.Second
	before, err := p.processorSeconds(ctx)
	if err != nil {
		return err
	}
	return wait.PollUntilContextTimeout(ctx, pause, 2*time.Minute, false, func(ctx context.Context) (bool, error) {
		now, err := p.processorSeconds(ctx)
		used := now - before
		before = now
		return used < pause.Seconds()/10, err
	})
}

// processorSeconds is what the API server has used of all cores.
func (p *plane) processorSeconds(ctx context.Context) (float64, error) {
	raw, err := p.admin.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the metrics of the API server: %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		if value, ok := strings.CutPrefix(line, "process_cpu_seconds_total "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, errors.New("the API server does not tell what it uses of the processor")
}
