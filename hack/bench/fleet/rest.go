// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/scalegate/scalegate/hack/bench/floors"
	"github.com/scalegate/scalegate/hack/bench/measure"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

const (
	// settleTime is how long processes get after their start before nothing is taken to happen. With the least window it is more
	// than the two minutes after which Go collects the garbage of a process at rest: without, that of a start would count.
	settleTime = 90 * time.Second
	// nullController is the name of the floor's process.
	nullController = "null-controller"
)

// rests measures what the manager does while nothing happens, and its memory after that beside that of a controller which keeps
// the same kinds in full and has rested as long.
func (b *bench) rests(ctx context.Context) (figures []measure.Figure, err error) {
	floorProfiles, err := b.startNullController(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Kill(nullController)) }()
	if err := pause(ctx, settleTime); err != nil {
		return nil, err
	}
	idle, err := b.idles(ctx)
	if err != nil {
		return nil, err
	}
	ours, err := b.memory(ctx, installation.Manager, b.profiles)
	if err != nil {
		return idle, err
	}
	floor, err := b.memory(ctx, nullController, floorProfiles)
	if err != nil {
		return idle, err
	}
	return append(idle, measure.Figure{
		Name: "memory-10k", Value: ours.resident / floor.resident, Aim: 0.8, Noise: measure.NoNoise, Scale: "MiB",
		Ours:  measure.Of(measure.Samples{ours.resident}, 1),
		Floor: measure.Of(measure.Samples{floor.resident}, 1),
		Note:  fmt.Sprintf("%d releases; heap in use after a collection %.0f and %.0f MiB", b.releases, ours.heap, floor.heap),
	}), nil
}

// idles measures what the manager asks of the API server and of the processor.
func (b *bench) idles(ctx context.Context) ([]measure.Figure, error) {
	window := measure.Pick(b.Options, time.Minute, 10*time.Minute)
	if b.suffix != "" {
		window = time.Minute
	}
	if seen, err := b.audit.since(0); err != nil || seen.stored == 0 {
		return nil, errors.Join(errors.New("the audit log has no write of the manager, which decided about the first release"), err)
	}
	manager := b.PID(installation.Manager)
	from, spent, began := b.audit.size(), cpuSeconds(manager), time.Now()
	if err := pause(ctx, window); err != nil {
		return nil, err
	}
	if manager == 0 || b.PID(installation.Manager) != manager {
		return nil, errors.Join(errors.New("the manager did not run all the time"), b.Err())
	}
	window = time.Since(began).Round(time.Second)
	requests, err := b.audit.since(from)
	if err != nil {
		return nil, err
	}
	if requests.reads == 0 {
		return nil, errors.New("the audit log has no request of the manager, which looks at the guards all the time")
	}
	cpu := cpuSeconds(manager) - spent
	figures := []measure.Figure{{
		Name: "idle-writes", Value: float64(requests.stored), Unit: "writes", Aim: 0, Noise: measure.NoNoise,
		Note: fmt.Sprintf("in %v, with %d releases; beside them %d dry runs and questions, which store nothing, and %d reads; %.1f s CPU; %v",
			window, b.releases, requests.dry, requests.reads, cpu, requests.of),
	}}
	if b.Full {
		figures = append(figures, measure.Figure{
			Name: "idle-cpu", Value: 1000 * cpu / window.Seconds(), Unit: "mCPU", Aim: measure.NoAim, Noise: measure.NoNoise,
			Note: fmt.Sprintf("over %v", window),
		})
	}
	return figures, nil
}

// startNullController starts the controller that is the floor, and waits until its caches have everything. It returns where it
// serves its profiles.
func (b *bench) startNullController(ctx context.Context) (profiles string, err error) {
	program, kubeconfig, err := b.floorProgram(ctx)
	if err != nil {
		return "", err
	}
	if profiles, err = freeAddress(); err != nil {
		return "", err
	}
	return profiles, b.Run(ctx, nullController, localcluster.Spec{
		Path: program, Args: []string{"cacher", "--kubeconfig", kubeconfig, "--pprof-bind-address=" + profiles},
		Ready: floors.Ready(b.LogPath(nullController)),
	})
}

// memory of a process, in MiB.
type memory struct {
	// resident is what the system counts, and heap what is in use after a collection.
	resident, heap float64
}

// memory reads that of a process, which serves its profiles at an address.
func (b *bench) memory(ctx context.Context, process, profiles string) (memory, error) {
	resident, err := resident(b.PID(process))
	if err != nil {
		return memory{}, err
	}
	heap, err := heap(ctx, profiles)
	return memory{resident, heap}, err
}

const mebi = 1 << 20

func resident(pid int) (float64, error) {
	file, err := os.Open("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return valueOf(file, "VmRSS:", 1<<10)
}

// available is how much memory a new process may take, in MiB; 0 where nobody knows.
func available() float64 {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer file.Close()
	free, err := valueOf(file, "MemAvailable:", 1<<10)
	if err != nil {
		return 0
	}
	return free
}

// heap has the process that serves its profiles at an address collect its garbage, and reads what is in use then.
func heap(ctx context.Context, profiles string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+profiles+"/debug/pprof/heap?gc=1&debug=1", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return valueOf(response.Body, "# HeapInuse =", 1)
}

// valueOf reads the number behind a name at the beginning of a line, in MiB.
func valueOf(r io.Reader, name string, unit float64) (float64, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), name); ok {
			value, err := strconv.ParseFloat(strings.Fields(text)[0], 64)
			return value * unit / mebi, err
		}
	}
	return 0, fmt.Errorf("reading memory: there is no %q: %w", name, lines.Err())
}

// ticks of the kernel in a second, in which it counts the time of processes.
const ticks = 100

// cpuSeconds is the processor time of a process; 0 where there is none.
func cpuSeconds(pid int) float64 {
	content, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	// What stands before the last parenthesis is the program's name, which may have spaces.
	fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
	var all float64
	for _, at := range []int{11, 12} {
		value, err := strconv.ParseFloat(fields[at], 64)
		if err != nil {
			return 0
		}
		all += value
	}
	return all / ticks
}

// freeAddress is one of this machine's that nobody listens at.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// pause waits for as long as is measured: no event ends it.
func pause(ctx context.Context, d time.Duration) error {
	return wait.PollUntilContextTimeout(ctx, d, 2*d, false, func(context.Context) (bool, error) { return true, nil })
}
