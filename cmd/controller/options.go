// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"flag"
	"os"
	"slices"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/tollgate-dev/tollgate/pkg/controller/podstatus"
	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// leaseName is the lease of the leading replica, in the controller's namespace.
const leaseName = "tollgate-controller.tollgate.dev"

// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,verbs=get;create;update,namespace=tollgate-system
// +kubebuilder:rbac:groups="";events.k8s.io,resources=events,verbs=create;patch,namespace=tollgate-system

// options are the flags.
type options struct {
	namespace              string
	http01AdvertiseAddress string
	http01BindAddress      string
	http01SelfCheckTimeout time.Duration
	leaderElect            bool
	healthProbeBindAddress string
	metricsBindAddress     string
	exemptNamespaces       []string
	exemptPriorityClasses  []string
	gatedSchedulers        []string
	podCertificates        bool
	kubeAPIQPS             float32
	kubeAPIBurst           int
	dns01Options
}

func newOptions() *options {
	return &options{
		namespace:              cmp.Or(os.Getenv("POD_NAMESPACE"), "tollgate-system"),
		http01AdvertiseAddress: os.Getenv("POD_IP"),
		http01BindAddress:      ":8089",
		http01SelfCheckTimeout: 2 * time.Minute,
		healthProbeBindAddress: ":8081",
		metricsBindAddress:     "0",
		exemptNamespaces:       slices.Clone(declare.DefaultExemptNamespaces),
		exemptPriorityClasses:  slices.Clone(declare.DefaultExemptPriorityClasses),
		gatedSchedulers:        []string{"tollgate"},
		podCertificates:        true,
		kubeAPIQPS:             -1,
	}
}

func (o *options) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.namespace, "namespace", o.namespace,
		"The controller's own namespace: of the Secrets that ClusterCertIssuers name, and of the lease. Default: the environment variable POD_NAMESPACE, else tollgate-system.")
	fs.StringVar(&o.http01AdvertiseAddress, "http01-advertise-address", o.http01AdvertiseAddress,
		"The IP address, or one of each family with a comma between, at which ingress controllers reach this process to answer http-01 challenges. Default: the environment variable POD_IP. Only http-01 orders need it.")
	fs.StringVar(&o.http01BindAddress, "http01-bind-address", o.http01BindAddress,
		"The address on which http-01 challenges are answered.")
	fs.DurationVar(&o.http01SelfCheckTimeout, "http01-self-check-timeout", o.http01SelfCheckTimeout,
		"For how long a name is asked for its answer before the CA is, so that an ingress controller has time to serve a new Ingress. The CA is asked afterwards in any case; 0 asks it at once.")
	fs.BoolVar(&o.leaderElect, "leader-elect", o.leaderElect,
		"Only one of several replicas works, the others answer http-01 challenges and take over when it stops.")
	fs.StringVar(&o.healthProbeBindAddress, "health-probe-bind-address", o.healthProbeBindAddress,
		"The address of /healthz and /readyz; 0 turns them off.")
	fs.StringVar(&o.metricsBindAddress, "metrics-bind-address", o.metricsBindAddress,
		"The address of /metrics, for example 127.0.0.1:8080; 0 turns it off.")
	fs.StringSliceVar(&o.exemptNamespaces, "exempt-namespaces", o.exemptNamespaces,
		"Namespaces whose pods are never held. CertGateArgs of the scheduler have to say the same.")
	fs.StringSliceVar(&o.exemptPriorityClasses, "exempt-priority-classes", o.exemptPriorityClasses,
		"Priority classes whose pods are never held. CertGateArgs of the scheduler have to say the same.")
	fs.StringSliceVar(&o.gatedSchedulers, "gated-schedulers", o.gatedSchedulers,
		"Scheduler names (spec.schedulerName) whose profile has CertGate. A pod of any other that declares Secrets, and has no scheduling gate, is not held, and an event says so.")
	fs.BoolVar(&o.podCertificates, "pod-certificates", o.podCertificates,
		"Makes TLSCertificates for pods that ask for them with the annotation tollgate.dev/issue-tls. What an issuer permits counts for them as for all others.")
	fs.Float32Var(&o.kubeAPIQPS, "kube-api-qps", o.kubeAPIQPS,
		"Requests per second that this process may make to the API server. -1 leaves it to the API server's own Priority and Fairness.")
	fs.IntVar(&o.kubeAPIBurst, "kube-api-burst", o.kubeAPIBurst,
		"Requests that this process may make at once to the API server, if --kube-api-qps limits them.")
	o.dns01Options.addFlags(fs)

	gofs := flag.NewFlagSet("", flag.ContinueOnError)
	klog.InitFlags(gofs)
	fs.AddGoFlag(gofs.Lookup("v"))
	fs.AddGoFlag(gofs.Lookup("vmodule"))
	fs.AddGoFlag(flag.CommandLine.Lookup("kubeconfig")) // controller-runtime's
}

// exemptions are the pods that are never held.
func (o *options) exemptions() declare.Exemptions {
	return declare.Exemptions{Namespaces: o.exemptNamespaces, PriorityClasses: o.exemptPriorityClasses}
}

// manager returns the options of the manager. Secrets are never cached: each is read from the API server when it is
// needed, since a cache would hold the keys of the whole cluster.
func (o *options) manager(scheme *runtime.Scheme) ctrl.Options {
	return ctrl.Options{
		GracefulShutdownTimeout:       new(stopTimeout),
		Scheme:                        scheme,
		Client:                        client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
		Cache:                         cache.Options{DefaultTransform: cache.TransformStripManagedFields(), ByObject: map[client.Object]cache.ByObject{&corev1.Pod{}: podstatus.CacheOptions()}},
		HealthProbeBindAddress:        o.healthProbeBindAddress,
		Metrics:                       metricsserver.Options{BindAddress: o.metricsBindAddress},
		LeaderElection:                o.leaderElect,
		LeaderElectionID:              leaseName,
		LeaderElectionNamespace:       o.namespace,
		LeaderElectionReleaseOnCancel: true,
	}
}
