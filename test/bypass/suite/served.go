// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/client-go/discovery"

	"github.com/scalegate/scalegate/test/bypass/attempts"
)

// checkServed compares what the API server serves with what the catalogue knows of. A new door is a reason to
// think, so it fails the suite.
func (b *Bench) checkServed(_ context.Context) error {
	client, err := discovery.NewDiscoveryClientForConfig(b.Admin())
	if err != nil {
		return fmt.Errorf("making a discovery client: %w", err)
	}
	_, lists, err := client.ServerGroupsAndResources()
	if err != nil {
		return fmt.Errorf("asking what is served: %w", err)
	}
	known := attempts.Doors()
	var served []string
	for _, list := range lists {
		for _, resource := range list.APIResources {
			served = append(served, list.GroupVersion+" "+resource.Name)
		}
	}
	var wrong []error
	for _, door := range served {
		if attempts.Watched(door) && !slices.Contains(known, door) {
			wrong = append(wrong, fmt.Errorf("%s is served, and the catalogue does not know it: say in attempts.Doors what it is, and try it", door))
		}
	}
	for _, door := range known {
		if !slices.Contains(served, door) {
			wrong = append(wrong, fmt.Errorf("%s is not served any more: take it out of attempts.Doors", door))
		}
	}
	return errors.Join(wrong...)
}
