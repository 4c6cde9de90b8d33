// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command run kills and stops every process of a cluster of its own while evidence and workloads change, and ends with
// one line that counts kills, transitions and violations. A seed makes the same plan again.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/scalegate/scalegate/test/chaos"
	"github.com/scalegate/scalegate/test/chaos/plan"
)

func main() {
	o := plan.Options{}
	flag.Uint64Var(&o.Seed, "seed", uint64(time.Now().Unix()), "what the plan is made of; the default is the time")
	flag.IntVar(&o.Kills, "kills", 200, "how many processes are killed; 1 or more")
	flag.BoolVar(&o.Short, "short", false, "keep every disturbance brief")
	show := flag.Bool("plan", false, "print the plan and do nothing")
	flag.Parse()
	if o.Kills < 1 || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "chaos: -kills must be 1 or more, and there are no arguments; -help lists the flags")
		os.Exit(2)
	}
	if *show {
		plan.Make(o).Print(os.Stdout)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	report, err := chaos.Run(ctx, chaos.Options{Options: o, Out: os.Stdout})
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "chaos: seed %d, %s: %v\n", o.Seed, report.Dir, err)
	}
	report.Print(os.Stdout)
	if err != nil || !report.OK() {
		os.Exit(1)
	}
}
