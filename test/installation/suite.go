// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package installation

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

// Main is the TestMain of a package whose tests share one cluster: it opens the cluster, runs the
// tests, stops the cluster, and returns the code to exit with. Flags must be parsed.
func Main(tests interface{ Run() int }, open func(context.Context) error, stop func() error) int {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := errors.Join(waitTogether(), open(ctx)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := tests.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// waitTogether runs more tests at a time than there are processors, unless -parallel says how
// many: most of them wait for the cluster most of the time.
func waitTogether() error {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return nil
	}
	return flag.Set("test.parallel", "6")
}
