// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package placer

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"

	"github.com/tollgate-dev/tollgate/pkg/plugins/certgate"
	"github.com/tollgate-dev/tollgate/pkg/plugins/costscore"
)

// registry returns the plugins that are not upstream's.
func (p *Placer) registry() frameworkruntime.Registry {
	newCostScore := costscore.NewWithClock(p.clock)
	return frameworkruntime.Registry{
		certgate.Name: func(context.Context, runtime.Object, fwk.Handle) (fwk.Plugin, error) {
			return admitAll{}, nil
		},
		costscore.Name: func(ctx context.Context, args runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
			plugin, err := newCostScore(ctx, args, h)
			if err != nil {
				return nil, err
			}
			var ok bool
			if p.costScore, ok = plugin.(*costscore.CostScore); !ok {
				return nil, fmt.Errorf("want plugin of type *costscore.CostScore, got %T", plugin)
			}
			return plugin, nil
		},
	}
}

// admitAll stands in for CertGate.
type admitAll struct{}

// Name returns the name of the plugin that it stands in for.
func (admitAll) Name() string { return certgate.Name }

// noEvents drops events: there is nobody to tell.
type noEvents struct{}

func (noEvents) Eventf(runtime.Object, runtime.Object, string, string, string, string, ...any) {}

func (n noEvents) WithLogger(klog.Logger) events.EventRecorderLogger { return n }
