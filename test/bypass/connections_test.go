// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// connection is one call that reaches into a pod.
type connection struct {
	verb, resource, name, subresource string
	path                              string // after the subresource
	parameters                        map[string]string
}

// dial makes the call as a user. What gets past admission fails behind it: no pod of the tests runs
// anything.
func (c connection) dial(ctx context.Context, cfg *rest.Config, ns string) error {
	clients, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return err
	}
	call := clients.CoreV1().RESTClient().Verb(c.verb).Namespace(ns).Resource(c.resource).Name(c.name).SubResource(c.subresource).Suffix(c.path)
	for key, value := range c.parameters {
		call = call.Param(key, value)
	}
	return call.Do(ctx).Error()
}

func connections(pod, service string) map[string]connection {
	command := map[string]string{"command": "sh", "container": "server"}
	return map[string]connection{
		"exec":                         {verb: "POST", resource: "pods", name: pod, subresource: "exec", parameters: command},
		"exec over a websocket":        {verb: "GET", resource: "pods", name: pod, subresource: "exec", parameters: command},
		"attach":                       {verb: "POST", resource: "pods", name: pod, subresource: "attach"},
		"attach over a websocket":      {verb: "GET", resource: "pods", name: pod, subresource: "attach"},
		"port-forward":                 {verb: "POST", resource: "pods", name: pod, subresource: "portforward"},
		"proxy to a pod":               {verb: "GET", resource: "pods", name: pod, subresource: "proxy"},
		"proxy to a pod, by post":      {verb: "POST", resource: "pods", name: pod, subresource: "proxy"},
		"proxy to a pod, by put":       {verb: "PUT", resource: "pods", name: pod, subresource: "proxy"},
		"proxy to a port":              {verb: "GET", resource: "pods", name: pod + ":8000", subresource: "proxy"},
		"proxy to a port by https":     {verb: "GET", resource: "pods", name: "https:" + pod + ":8000", subresource: "proxy"},
		"proxy to a path":              {verb: "DELETE", resource: "pods", name: pod, subresource: "proxy", path: "v1/adapters"},
		"proxy to a service":           {verb: "GET", resource: "services", name: service, subresource: "proxy"},
		"proxy to a service's port":    {verb: "POST", resource: "services", name: service + ":http", subresource: "proxy"},
		"proxy to a service, by https": {verb: "GET", resource: "services", name: "https:" + service + ":http", subresource: "proxy"},
	}
}

// connector is a user with every right of Kubernetes to connect in the namespace, and these.
func connector(t *testing.T, ns, name string, more ...rbacv1.PolicyRule) *rest.Config {
	t.Helper()
	meta := metav1.ObjectMeta{Namespace: ns, Name: name}
	rules := append([]rbacv1.PolicyRule{{
		APIGroups: []string{""}, Verbs: []string{"*"},
		Resources: []string{"pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy"},
	}}, more...)
	must(t, shared.Client.Create(t.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: rules}))
	must(t, shared.Client.Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacUser, Name: name}},
	}))
	cfg := shared.Admin()
	cfg.Impersonate = rest.ImpersonationConfig{UserName: name}
	return cfg
}

// mayConnect are the rights that the policy asks for.
func mayConnect(resource string, names ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{"scalegate.dev"}, Resources: []string{resource}, ResourceNames: names, Verbs: []string{"connect"}}
}

// passed is nil when the call got past authorization and admission.
func passed(err error) error {
	if err == nil || contains(err, "does not have a host assigned") || contains(err, "no endpoints available") || contains(err, "address not allowed") {
		return nil
	}
	return errors.Join(errors.New("want it to pass"), err)
}

func TestConnectingNeedsTheVerb(t *testing.T) {
	t.Parallel()
	ns, other := govern(t), leaveAlone(t)
	for _, ns := range []string{ns, other} {
		for _, name := range []string{"one", "two"} {
			p := pod(ns, unclaimed, func(p *corev1.Pod) { p.GenerateName, p.Name, p.Spec.SchedulerName = "", name, "nobody" })
			must(t, shared.Client.Create(t.Context(), p))
			must(t, shared.Client.Create(t.Context(), &corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
				Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "nobody"}, Ports: []corev1.ServicePort{{Name: "http", Port: 80}}},
			}))
		}
	}
	tenant := connector(t, ns, "tenant-of-all")
	keeper := connector(t, ns, "keeper-of-all", mayConnect("pods"), mayConnect("services"))
	one := connector(t, ns, "keeper-of-one", mayConnect("pods", "one"), mayConnect("services", "one"))
	neighbour := connector(t, other, "tenant-of-all")
	onlyServices := connector(t, ns, "keeper-of-services", mayConnect("services"))
	for name, c := range connections("one", "one") {
		t.Run(name, func(t *testing.T) {
			// The authorizer hears of the roles in its own time.
			eventually(t, func(ctx context.Context) error { return passed(c.dial(ctx, keeper, ns)) })
			eventually(t, func(ctx context.Context) error { return passed(c.dial(ctx, one, ns)) })
			eventually(t, func(ctx context.Context) error { return passed(c.dial(ctx, neighbour, other)) })
			eventually(t, func(ctx context.Context) error {
				return refusal(c.dial(ctx, tenant, ns), "needs the verb connect on "+c.resource)
			})
			if c.resource == "pods" {
				eventually(t, func(ctx context.Context) error { return refusal(c.dial(ctx, onlyServices, ns), "for one") })
			}
			must(t, passed(c.dial(t.Context(), shared.Admin(), ns)))
		})
	}
	for name, c := range connections("two", "two") {
		t.Run(name+" that is another", func(t *testing.T) {
			refused(t, c.dial(t.Context(), one, ns), "needs the verb connect on "+c.resource)
		})
	}
	t.Run("a port that is called like the pod", func(t *testing.T) {
		for _, name := range []string{"two:one", "https:two:one", "one:two:80"} {
			refused(t, connection{verb: "GET", resource: "services", name: name, subresource: "proxy"}.dial(t.Context(), one, ns), "for two")
		}
	})
	t.Run("a right in another namespace", func(t *testing.T) {
		connector(t, other, "keeper-elsewhere", mayConnect("pods"))
		elsewhere := connector(t, ns, "keeper-elsewhere")
		c := connections("one", "one")["exec"]
		eventually(t, func(ctx context.Context) error { return passed(c.dial(ctx, elsewhere, other)) })
		eventually(t, func(ctx context.Context) error { return refusal(c.dial(ctx, elsewhere, ns), "needs the verb connect") })
	})
}

// What only reads is no connection.
func TestReadingLogsIsNoConnection(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	p := as[*corev1.Pod](storedPod()(t, ns))
	tenant := makeTenant(t, ns)
	must(t, tenant.Get(t.Context(), client.ObjectKeyFromObject(p), p))
	err := connection{verb: "GET", resource: "pods", name: p.Name, subresource: "log"}.dial(t.Context(), shared.Admin(), ns)
	if err != nil && contains(err, "scalegate") {
		t.Errorf("the log is refused: %v", err)
	}
}
