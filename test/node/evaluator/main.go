// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command evaluator stands in for an evaluation tool in a container, and for the server of the
// model that it evaluates. What it does is said by -mode.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/scalegate/scalegate/test/node/stub"
)

// Exit codes that say what went wrong.
const (
	exitFailed = 1
	// That of -mode crash.
	exitCrash = 3
	// The pod holds a token for the API server.
	exitToken = 97
)

// tokenPath is where Kubernetes mounts the token of a pod's service account.
const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount/token"

// errCrash is the end of -mode crash.
var errCrash = errors.New("SECRET: a stack trace that must not be seen outside")

type options struct {
	mode, format, results, listen, url string
	bytes                              int64
	run                                stub.Run
}

func main() {
	o := options{run: stub.Run{Started: time.Now()}}
	flag.StringVar(&o.mode, "mode", "evaluate", "evaluate, serve, crash, memory, sleep, hoard, log, large, missing, two, or the name of a hostile file")
	flag.StringVar(&o.format, "format", "inspect-json", "format of the result file")
	flag.StringVar(&o.results, "results", os.Getenv("SCALEGATE_RESULTS"), "directory of the results")
	flag.StringVar(&o.listen, "listen", ":8000", "address that -mode serve listens on")
	flag.StringVar(&o.url, "url", os.Getenv("SCALEGATE_MODEL_URL"), "where the model is served; empty means that the seed decides what it says")
	flag.Int64Var(&o.bytes, "bytes", 0, "how much -mode memory, hoard, log and large take")
	flag.Uint64Var(&o.run.Seed, "seed", 1, "decides the outcomes")
	flag.IntVar(&o.run.Samples, "samples", 50, "number of samples")
	flag.Float64Var(&o.run.Rate, "rate", 0, "probability that a sample complies")
	flag.Float64Var(&o.run.UnscoredRate, "unscored", 0, "probability that a sample is not scored")
	flag.StringVar(&o.run.Model, "model", os.Getenv("SCALEGATE_MODEL_NAME"), "name of the model")
	flag.StringVar(&o.run.ID, "id", os.Getenv("SCALEGATE_EVALUATION"), "identifier of the run")
	flag.Parse()
	if _, err := os.Lstat(tokenPath); !errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(os.Stderr, "this pod holds a token for the API server")
		os.Exit(exitToken)
	}
	if err := o.do(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if errors.Is(err, errCrash) {
			os.Exit(exitCrash)
		}
		os.Exit(exitFailed)
	}
}

func (o options) do() error {
	modes := map[string]func() error{
		"serve":    o.serve,
		"evaluate": o.evaluate,
		"crash":    o.crash,
		"memory":   o.memory,
		"sleep":    o.sleep,
		"hoard":    o.hoard,
		"log":      o.log,
		"large":    o.large,
		"missing":  func() error { return nil },
		"two":      o.two,
	}
	if do, ok := modes[o.mode]; ok {
		return do()
	}
	hostile, ok := stub.Hostile()[o.mode]
	if !ok {
		return fmt.Errorf("no such mode: %q", o.mode)
	}
	o.run.Ended = time.Now()
	return hostile(filepath.Join(o.results, stub.Formats()[o.format].File), o.run)
}

// evaluate asks the model, or the seed, and writes the result file.
func (o options) evaluate() error {
	if o.url != "" {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		var err error
		if o.run, err = o.run.Ask(ctx, o.url); err != nil {
			return err
		}
	}
	o.run.Ended = time.Now()
	path, err := o.run.WriteFile(o.format, o.results)
	if err != nil {
		return err
	}
	fmt.Printf("%d samples, %d of them complied: %s\n", o.run.Samples, o.run.Count(stub.Complied), path)
	return nil
}

func (o options) serve() error {
	server := http.Server{Addr: o.listen, Handler: o.run.Handler(), ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

// crash leaves half a result and a code that is not 1.
func (o options) crash() error {
	if err := stub.Hostile()["truncated"](filepath.Join(o.results, stub.Formats()[o.format].File), o.run); err != nil {
		return err
	}
	return errCrash
}

// memory takes more memory than it is given.
func (o options) memory() error {
	const page = 4096
	taken := make([]byte, o.bytes)
	for i := 0; i < len(taken); i += page {
		taken[i] = 1
	}
	return fmt.Errorf("took %d bytes and was let", len(taken))
}

// sleep runs until it is told to end.
func (o options) sleep() error {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	<-told
	return errors.New("told to end")
}

// hoard takes more disk than it is given, and keeps it.
func (o options) hoard() error {
	if err := o.large(); err != nil {
		return err
	}
	return o.sleep()
}

// log writes a flood to the container's log before it evaluates.
func (o options) log() error {
	line := strings.Repeat("x", 1<<10-1) + "\n"
	for written := int64(0); written < o.bytes; written += int64(len(line)) {
		if _, err := os.Stdout.WriteString(line); err != nil {
			return err
		}
	}
	return o.evaluate()
}

// large writes a garak report that is blown up to the wanted size.
func (o options) large() error {
	o.run.Ended = time.Now()
	out, err := os.Create(filepath.Join(o.results, stub.Formats()["garak"].File))
	if err != nil {
		return err
	}
	return errors.Join(o.run.Pad(out, o.bytes), out.Close())
}

// two leaves the results of two runs where one is expected.
func (o options) two() error {
	if err := o.evaluate(); err != nil {
		return err
	}
	first := filepath.Join(o.results, stub.Formats()[o.format].File)
	if err := os.Rename(first, filepath.Join(o.results, "first-"+filepath.Base(first))); err != nil {
		return err
	}
	o.run.Seed++
	return o.evaluate()
}
