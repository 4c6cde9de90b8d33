// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/guards"
)

// scrapeTime is how long the reads for one scrape may take: a cache that has not synced yet does not answer.
const scrapeTime = 5 * time.Second

// State tells as gauges what a cache shows. Every replica tells the same: who sums over replicas counts twice.
type State struct {
	reader  client.Reader
	success *prometheus.Desc
	parts   []part
	log     logr.Logger
}

// part makes some of the gauges.
type part interface {
	describe(chan<- *prometheus.Desc)
	collect(*snapshot, chan<- prometheus.Metric)
}

// NewState reads from reader, which must be a cache of all that [snapshot] lists. What cannot be read is logged.
func NewState(reader client.Reader, log logr.Logger) *State {
	return &State{
		reader:  reader,
		success: gauge("scalegate_collection_success", "1 when what the other gauges about objects tell was read as a whole, else 0: then they are left out."),
		parts:   []part{newReleases(), newHolds(), newWithdrawals(), newWaivers(), newSpace()},
		log:     log,
	}
}

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// set sends a gauge. The values of labels are in the order of the description.
func set(metrics chan<- prometheus.Metric, d *prometheus.Desc, value float64, labels ...string) {
	metrics <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func seconds(t metav1.Time) float64 { return float64(t.Unix()) }

// Describe implements prometheus.Collector.
func (s *State) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- s.success
	for _, p := range s.parts {
		p.describe(descriptions)
	}
}

// Collect implements prometheus.Collector. Where something cannot be read, everything but that is left out: what is half told
// looks as if the rest were gone. The metrics of others are not disturbed.
func (s *State) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	all, err := s.read(ctx)
	if err != nil {
		s.log.V(1).Info("Could not read what metrics tell", "error", err.Error())
		set(metrics, s.success, 0)
		return
	}
	set(metrics, s.success, 1)
	for _, p := range s.parts {
		p.collect(all, metrics)
	}
}

// snapshot is what is read for one scrape. Nothing of it may be changed: it is the cache's own.
type snapshot struct {
	releases     v1alpha1.ModelReleaseList
	waivers      v1alpha1.ReleaseWaiverList
	findings     v1alpha1.AdverseFindingList
	namespaces   metav1.PartialObjectMetadataList
	pods         corev1.PodList
	deployments  appsv1.DeploymentList
	statefulSets appsv1.StatefulSetList
	jobs         batchv1.JobList
}

func (s *State) read(ctx context.Context) (*snapshot, error) {
	all := &snapshot{}
	all.namespaces.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("NamespaceList"))
	for _, list := range []client.ObjectList{
		&all.releases, &all.waivers, &all.findings, &all.namespaces, &all.pods, &all.deployments, &all.statefulSets, &all.jobs,
	} {
		if err := s.reader.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("listing %T: %w", list, err)
		}
	}
	// What the canary tries with is no release of anybody's.
	all.releases.Items = slices.DeleteFunc(slices.Clone(all.releases.Items), func(r v1alpha1.ModelRelease) bool { return r.Namespace == guards.Canary })
	return all, nil
}
