// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// Every kind of the table that comes with a CRD and can claim a release, and what else changes which model answers; patch where a hold is lifted.
//
// +kubebuilder:rbac:groups=leaderworkerset.x-k8s.io,resources=leaderworkersets,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=jobset.x-k8s.io,resources=jobsets,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=argoproj.io,resources=rollouts,verbs=get;list;watch
// +kubebuilder:rbac:groups=serving.knative.dev,resources=services;configurations,verbs=get;list;watch
// +kubebuilder:rbac:groups=serving.kserve.io,resources=inferenceservices;llminferenceservices;trainedmodels,verbs=get;list;watch
// +kubebuilder:rbac:groups=ray.io,resources=rayservices;rayclusters;rayjobs,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps.nvidia.com,resources=nimservices,verbs=get;list;watch
// +kubebuilder:rbac:groups=production-stack.vllm.ai,resources=vllmruntimes;loraadapters,verbs=get;list;watch
// +kubebuilder:rbac:groups=kubeai.org,resources=models,verbs=get;list;watch
// +kubebuilder:rbac:groups=orchestration.aibrix.ai,resources=stormservices;rolesets;rayclusterfleets,verbs=get;list;watch
// +kubebuilder:rbac:groups=model.aibrix.ai,resources=modeladapters;modelclaims,verbs=get;list;watch
// +kubebuilder:rbac:groups=llm-d.ai,resources=inferencemodelrewrites,verbs=get;list;watch
// +kubebuilder:rbac:groups=inference.networking.x-k8s.io,resources=inferencemodelrewrites;inferencepools,verbs=get;list;watch
// +kubebuilder:rbac:groups=inference.networking.k8s.io,resources=inferencepools,verbs=get;list;watch

// customKinds watches the kinds of the table that come with a CRD, each only while its CRD is established: one that is
// not installed costs nothing, and one that is installed later is picked up. Each has an informer of its own, so that
// one that cannot be listed keeps nobody waiting: its objects are just not known. The zero value knows none, and so
// does nil.
type customKinds struct {
	// rows are the resources that are watched, by the names of their CRDs.
	rows map[string]customRow
	// live reads the API server itself.
	live client.Reader
	// objects lists and watches what the kinds make.
	objects dynamic.Interface
	// definitions has the metadata of CRDs.
	definitions cache.Informers
	// wakes are the releases that an object concerns.
	wakes func(context.Context, *parent) []types.NamespacedName
	// unreadable is 1 for a kind that is installed and cannot be read.
	unreadable *prometheus.GaugeVec

	// names are the CRDs that are to be looked at.
	names workqueue.TypedRateLimitingInterface[string]

	mutex   sync.RWMutex
	watched map[string]*watchedKind
}

// watchedKind is one kind while it is watched.
type watchedKind struct {
	resource schema.GroupVersionResource
	row      customRow
	informer toolscache.SharedIndexInformer
	stop     context.CancelFunc
	// failed: the last list or watch went wrong.
	failed bool
}

// customRow is what the tables say of one resource.
type customRow struct {
	kind     schema.GroupKind
	resource string
	versions []string
	// workload, drift and pool are what objects of it are; a kind may be several.
	workload *kinds.Kind
	drift    *kinds.Drift
	pool     bool
	// whole: every version of an object counts, and not only what is kept of it.
	whole bool
}

// name is that of its CRD.
func (r customRow) name() string { return r.resource + "." + r.kind.Group }

// customRows are all resources that are watched where they are installed, by the names of their CRDs. What can claim
// nothing tells nothing.
func customRows() map[string]customRow {
	rows := map[string]customRow{}
	for _, k := range kinds.All() {
		if k.Custom() && k.Claimable() {
			row := customRow{kind: k.GroupKind(), resource: k.Resource, versions: k.Versions, workload: &k}
			rows[row.name()] = row
		}
	}
	for _, d := range kinds.Drifts() {
		row := customRow{kind: d.GroupKind(), resource: d.Resource, versions: d.Versions}
		if known, ok := rows[row.name()]; ok {
			row = known
		}
		row.drift = &d
		rows[row.name()] = row
	}
	for group, version := range poolGroups() {
		row := customRow{kind: schema.GroupKind{Group: group, Kind: "InferencePool"}, resource: "inferencepools", versions: []string{version}, pool: true}
		rows[row.name()] = row
	}
	return rows
}

// newCustomKinds is one that watches nothing until it is started.
func newCustomKinds(live client.Reader, objects dynamic.Interface, definitions cache.Informers, rows map[string]customRow) *customKinds {
	return &customKinds{
		rows: rows, live: live, objects: objects, definitions: definitions,
		unreadable: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "scalegate_kind_unreadable",
			Help: "1 for a kind that is installed and whose objects cannot be listed or watched: its holds are not lifted.",
		}, []string{"group", "kind"}),
		names: workqueue.NewTypedRateLimitingQueue(
			workqueue.NewTypedItemExponentialFailureRateLimiter[string](100*time.Millisecond, 30*time.Second)),
		watched: map[string]*watchedKind{},
	}
}

// watching makes what watches the resources for a controller, with its metric in the manager's registry.
func watching(mgr ctrl.Manager, rows map[string]customRow, wakes func(context.Context, *parent) []types.NamespacedName) (*customKinds, error) {
	objects, err := dynamic.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("making a client for custom kinds: %w", err)
	}
	c := newCustomKinds(mgr.GetAPIReader(), objects, mgr.GetCache(), rows)
	c.wakes = wakes
	err = metrics.Registry.Register(c.unreadable)
	if known, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if gauge, ok := known.ExistingCollector.(*prometheus.GaugeVec); ok {
			c.unreadable, err = gauge, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("registering the metric of custom kinds: %w", err)
	}
	return c, nil
}

// String names the source in logs.
func (*customKinds) String() string { return "custom workload kinds" }

// Start watches the CRDs, and from then on what they define. It does not wait.
func (c *customKinds) Start(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	informer, err := c.definitions.GetInformer(ctx, crdMetadata(), cache.BlockUntilSynced(false))
	if err != nil {
		return fmt.Errorf("watching CRDs: %w", err)
	}
	look := func(o any) {
		if deleted, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
			o = deleted.Obj
		}
		if crd, ok := o.(metav1.Object); ok {
			if _, listed := c.rows[crd.GetName()]; listed {
				c.names.Add(crd.GetName())
			}
		}
	}
	if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: look, UpdateFunc: func(_, o any) { look(o) }, DeleteFunc: look,
	}); err != nil {
		return fmt.Errorf("watching CRDs: %w", err)
	}
	go func() {
		<-ctx.Done()
		c.names.ShutDown()
	}()
	go c.run(ctx, queue)
	return nil
}

func crdMetadata() *metav1.PartialObjectMetadata {
	crd := &metav1.PartialObjectMetadata{}
	crd.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
	return crd
}

// syncTime is how long a manager that starts waits for the custom kinds before it goes on without those that do not come.
const syncTime = 15 * time.Second

// WaitForSync waits until the kinds that are installed are read, so that a manager that starts does not report for a
// moment what it will correct. It never fails: what cannot be read keeps nothing else from being decided.
func (c *customKinds) WaitForSync(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, syncTime)
	defer cancel()
	informer, err := c.definitions.GetInformer(ctx, crdMetadata(), cache.BlockUntilSynced(false))
	if err != nil {
		return nil //nolint:nilerr // see above; Start told of it
	}
	toolscache.WaitForCacheSync(ctx.Done(), informer.HasSynced, c.settled)
	return nil
}

// settled tells whether every CRD was looked at and every kind was read, or cannot be.
func (c *customKinds) settled() bool {
	if c.names.Len() > 0 {
		return false
	}
	c.mutex.RLock()
	defer c.mutex.RUnlock()
	for _, w := range c.watched {
		if !w.informer.HasSynced() && !w.failed {
			return false
		}
	}
	return true
}

// run looks at CRDs one after another until the queue is shut down.
func (c *customKinds) run(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	for {
		name, closed := c.names.Get()
		if closed {
			return
		}
		if err := c.look(ctx, c.rows[name], queue); err != nil {
			log.FromContext(ctx).Error(err, "Looking at a custom kind", "crd", name)
			c.names.AddRateLimited(name)
		} else {
			c.names.Forget(name)
		}
		c.names.Done(name)
	}
}

// look starts or ends the watch of one kind, as its CRD says.
func (c *customKinds) look(ctx context.Context, row customRow, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	crd := &unstructured.Unstructured{}
	crd.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
	version := ""
	if err := c.live.Get(ctx, types.NamespacedName{Name: row.name()}, crd); err == nil {
		version = servedVersion(crd, row)
	} else if !apierrors.IsNotFound(err) {
		return fmt.Errorf("reading CRD %s: %w", row.name(), err)
	}
	gone, err := c.change(ctx, row, version, queue)
	// Whoever knew of these objects has to look again without them.
	c.wake(ctx, queue, gone...)
	if err != nil {
		return fmt.Errorf("watching %s: %w", row.name(), err)
	}
	return nil
}

// change watches a kind in a version, or not at all where that is empty. It returns what was known and is no longer.
func (c *customKinds) change(
	ctx context.Context, row customRow, version string, queue workqueue.TypedRateLimitingInterface[reconcile.Request],
) (gone []any, err error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if is := c.watched[row.name()]; is != nil {
		if is.resource.Version == version {
			return nil, nil
		}
		is.stop()
		gone = is.informer.GetStore().List()
		delete(c.watched, row.name())
		c.unreadable.DeleteLabelValues(row.kind.Group, row.kind.Kind)
	}
	if version == "" {
		return gone, nil
	}
	w := &watchedKind{resource: row.kind.WithVersion(version).GroupVersion().WithResource(row.resource), row: row}
	if err := c.inform(ctx, w, queue); err != nil {
		return gone, err
	}
	c.watched[row.name()] = w
	return gone, nil
}

// wake has the releases looked at that objects concern.
func (c *customKinds) wake(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request], objects ...any) {
	for _, o := range objects {
		if p, ok := o.(*parent); ok {
			for _, name := range c.wakes(ctx, p) {
				queue.Add(reconcile.Request{NamespacedName: name})
			}
		}
	}
}

// servedVersion is the version in which a kind is watched: the first of the table that is served; empty while the
// CRD is not established, is being deleted, or serves none of them.
func servedVersion(crd *unstructured.Unstructured, row customRow) string {
	established := false
	for _, condition := range kinds.Values(crd.Object, "status.conditions[]") {
		fields, _ := condition.(map[string]any)
		established = established || fields["type"] == "Established" && fields["status"] == "True"
	}
	if !established || crd.GetDeletionTimestamp() != nil {
		return ""
	}
	served := map[any]bool{}
	for _, version := range kinds.Values(crd.Object, "spec.versions[]") {
		if fields, _ := version.(map[string]any); fields["served"] == true {
			served[fields["name"]] = true
		}
	}
	i := slices.IndexFunc(row.versions, func(v string) bool { return served[v] })
	if i < 0 {
		return ""
	}
	return row.versions[i]
}

// claiming are the objects that claim a release.
func (c *customKinds) claiming(key types.NamespacedName) []*parent {
	return c.indexed(indexClaim, key.String())
}

// drifting are the objects that may change what pods of a namespace answer with.
func (c *customKinds) drifting(namespace string) []*parent {
	return append(c.indexed(indexDrift, namespace), c.indexed(indexDrift, anyNamespace)...)
}

// indexed are the objects of every kind under a key, in the order of the kinds' names.
func (c *customKinds) indexed(index, key string) []*parent {
	if c == nil {
		return nil
	}
	c.mutex.RLock()
	defer c.mutex.RUnlock()
	var all []*parent
	for _, name := range slices.Sorted(maps.Keys(c.watched)) {
		// The index is there from the start, so there is no error.
		objects, _ := c.watched[name].informer.GetIndexer().ByIndex(index, key)
		for _, o := range objects {
			if p, ok := o.(*parent); ok {
				all = append(all, p)
			}
		}
	}
	return all
}

// find is the object of that name; nil when none is known.
func (c *customKinds) find(kind schema.GroupKind, key types.NamespacedName) *parent {
	if c == nil {
		return nil
	}
	c.mutex.RLock()
	defer c.mutex.RUnlock()
	for _, w := range c.watched {
		if w.row.kind != kind {
			continue
		}
		if o, exists, err := w.informer.GetStore().GetByKey(toolscache.NewObjectName(key.Namespace, key.Name).String()); err == nil && exists {
			p, _ := o.(*parent)
			return p
		}
	}
	return nil
}
