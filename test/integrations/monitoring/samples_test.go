// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/promqltest"
)

// families are what one scrape tells, by name.
type families map[string]*dto.MetricFamily

// between is the time between two scrapes, as the storage takes them.
const between = 30 * time.Second

// series are samples by their labels: what each scrape tells, with the labels of the target where honorLabels lets them be.
func series(all []families) map[string][]string {
	rows := map[string][]string{}
	for i, f := range all {
		for name, family := range f {
			for _, metric := range family.GetMetric() {
				for suffix, sample := range flat(metric) {
					key := labelled(name+suffix.name, metric, suffix.le)
					if rows[key] == nil {
						rows[key] = slices.Repeat([]string{"_"}, len(all))
					}
					rows[key][i] = strconv.FormatFloat(sample, 'g', -1, 64)
				}
			}
		}
	}
	for _, row := range rows {
		stale(row)
	}
	return rows
}

// stale marks the end of a series that later scrapes do not tell, as Prometheus does.
func stale(row []string) {
	for i := len(row) - 1; i > 0 && row[i] == "_"; i-- {
		if row[i-1] != "_" {
			row[i] = "stale"
		}
	}
}

// part is what is added to the name of a family, and the bound of a bucket or the quantile of a summary.
type part struct{ name, le string }

// flat are the samples of one metric.
func flat(m *dto.Metric) map[part]float64 {
	switch {
	case m.GetHistogram() != nil:
		h := m.GetHistogram()
		all := map[part]float64{{"_sum", ""}: h.GetSampleSum(), {"_count", ""}: float64(h.GetSampleCount())}
		for _, b := range h.GetBucket() {
			all[part{"_bucket", strconv.FormatFloat(b.GetUpperBound(), 'g', -1, 64)}] = float64(b.GetCumulativeCount())
		}
		return all
	case m.GetSummary() != nil:
		return map[part]float64{{"_sum", ""}: m.GetSummary().GetSampleSum(), {"_count", ""}: float64(m.GetSummary().GetSampleCount())}
	case m.GetCounter() != nil:
		return map[part]float64{{}: m.GetCounter().GetValue()}
	case m.GetUntyped() != nil:
		return map[part]float64{{}: m.GetUntyped().GetValue()}
	default:
		return map[part]float64{{}: m.GetGauge().GetValue()}
	}
}

func labelled(name string, m *dto.Metric, le string) string {
	all := map[string]string{"job": "scalegate-metrics", "instance": "10.0.0.1:8443", "namespace": "scalegate-system", "pod": "scalegate-controller-manager-0"}
	for _, l := range m.GetLabel() {
		all[l.GetName()] = l.GetValue()
	}
	if le != "" {
		all["le"] = le
	}
	all[model.MetricNameLabel] = name
	return labels.FromMap(all).String()
}

// stored puts the scrapes into a storage, the last of them now.
func stored(t *testing.T, all []families) (loader *promqltest.LazyLoader, begin, end time.Time) {
	t.Helper()
	end = time.Now().UTC().Truncate(time.Second)
	begin = end.Add(-between * time.Duration(len(all)-1))
	rows := series(all)
	var text strings.Builder
	fmt.Fprintf(&text, "load %s\n", between)
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(&text, "  %s %s\n", key, strings.Join(rows[key], " "))
	}
	loader, err := promqltest.NewLazyLoader(text.String(), promqltest.LazyLoaderOpts{EnableAtModifier: true, EnableNegativeOffset: true, StartTime: begin, Parser: expressions()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := loader.Close(); err != nil {
			t.Error(err)
		}
	})
	loader.WithSamplesTill(end, func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	})
	return loader, begin, end
}
