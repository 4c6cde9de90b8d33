// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// progress says what can still change a Ready condition that is not True, in the words of kstatus;
// empty when nothing is awaited.
type progress string

const (
	// reconciling: something that may still come is awaited.
	reconciling progress = v1alpha1.ConditionReconciling
	// stalled: only another spec or a person's act helps.
	stalled progress = v1alpha1.ConditionStalled
)

// summary is a Ready condition with the progress that kstatus wants beside it.
type summary struct {
	status   metav1.ConditionStatus
	reason   string
	message  string
	progress progress
}

// ready is the summary of what is as it should be.
func ready(reason, message string) summary {
	return summary{status: metav1.ConditionTrue, reason: reason, message: message}
}

// waiting is the summary of what is not there yet.
func waiting(reason, message string) summary {
	return summary{status: metav1.ConditionFalse, reason: reason, message: message, progress: reconciling}
}

// stuck is the summary of what does not come by itself.
func stuck(reason, message string) summary {
	return summary{status: metav1.ConditionFalse, reason: reason, message: message, progress: stalled}
}

// conditions returns old with Ready, Reconciling and Stalled as the summary has them. old is not changed.
func (s summary) conditions(old []metav1.Condition, generation int64, now metav1.Time) []metav1.Condition {
	all := slices.Clone(old)
	setCondition(&all, metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: s.status, Reason: s.reason, Message: s.message,
		ObservedGeneration: generation, LastTransitionTime: now,
	})
	for _, kind := range []progress{reconciling, stalled} {
		if s.progress != kind {
			meta.RemoveStatusCondition(&all, string(kind))
			continue
		}
		setCondition(&all, metav1.Condition{
			Type: string(kind), Status: metav1.ConditionTrue, Reason: s.reason, Message: s.message,
			ObservedGeneration: generation, LastTransitionTime: now,
		})
	}
	return all
}

// maxMessage is the most bytes of a message in a status or an event.
const maxMessage = 1024

// setCondition sets one condition, with its message cut to what a status holds.
func setCondition(all *[]metav1.Condition, c metav1.Condition) {
	c.Message = cut(c.Message, maxMessage)
	meta.SetStatusCondition(all, c)
}

// cut shortens text to at most limit bytes of whole characters.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const more = "..."
	end := limit - len(more)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}

// applyConfiguration turns a status into the form that server-side apply takes. Every field of the
// status that is set is applied; what is left out is given up.
func applyConfiguration[T any](status any) (*T, error) {
	raw, err := json.Marshal(status)
	if err != nil {
		return nil, fmt.Errorf("encoding a status: %w", err)
	}
	ac := new(T)
	if err := json.Unmarshal(raw, ac); err != nil {
		return nil, fmt.Errorf("turning a status into an apply configuration: %w", err)
	}
	return ac, nil
}
