// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/runs"
)

// logTail is how many lines from before the watching began are shown of a log.
const logTail = 20

// longestLogLine is where a line of a log is cut, in bytes.
const longestLogLine = 4096

func (w *evalWatch) logsWanted() bool { return w.evalWatchOptions.logs && w.config != nil }

// tail begins to show the log of each evaluating container that runs or ran, once.
func (w *evalWatch) tail(ctx context.Context, e *v1alpha1.SafetyEvaluation, pods []*corev1.Pod) {
	for _, pod := range pods {
		name, began := evaluating(pod)
		key := string(pod.UID) + "/" + name
		if name == "" || !began || w.tailed[key] {
			continue
		}
		w.tailed[key] = true
		w.logs.Go(func() {
			if err := w.copyLog(ctx, e.Name, pod, name); err != nil && !errors.Is(err, context.Canceled) && ctx.Err() == nil {
				w.say("%s  %s  the log of container %s of pod %s cannot be shown: %v", w.clock(), e.Name, name, pod.Name, err)
			}
		})
	}
}

// evaluating is the container of a pod that evaluates: the last that runs before the result is collected. Empty where the
// pod has none, as the server of a model.
func evaluating(pod *corev1.Pod) (name string, began bool) {
	n := len(pod.Spec.InitContainers)
	if n == 0 || len(pod.Spec.Containers) == 0 || pod.Spec.Containers[0].Name != runs.CollectContainer {
		return "", false
	}
	name = pod.Spec.InitContainers[n-1].Name
	for _, s := range pod.Status.InitContainerStatuses {
		if s.Name == name {
			began = s.State.Running != nil || s.State.Terminated != nil
		}
	}
	return name, began
}

// copyLog shows a log until the container or the context ends.
func (w *evalWatch) copyLog(ctx context.Context, evaluation string, pod *corev1.Pod, container string) error {
	clients, err := kubernetes.NewForConfig(w.config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	stream, err := clients.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{
		Container: container, Follow: true, TailLines: new(int64(logTail)),
	}).Stream(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	lines := bufio.NewReaderSize(stream, longestLogLine)
	for {
		line, more, err := lines.ReadLine()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		text := string(line)
		for more && err == nil {
			_, more, err = lines.ReadLine()
		}
		w.say("%s | %s", evaluation, printed(text))
	}
}
