// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPlan(t *testing.T) {
	p, err := parsePlan(nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.parts, []string{"ca", "steady", "restart", "acme"}) || p.certs != baselineCerts || p.steady != 10000 || p.idle != time.Minute {
		t.Errorf("the defaults are not what is promised: %+v", p)
	}
	if !slices.Equal(p.controllerArgs, []string{"--kube-api-qps=500", "--kube-api-burst=1000"}) {
		t.Errorf("the controller's flags are %q", p.controllerArgs)
	}

	p, err = parsePlan([]string{"-smoke", "-steady", "40", "-parts", "acme,ca", "-controller-args", ""}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.parts, []string{"ca", "acme"}) || p.steady != 40 || p.certs != 30 || len(p.controllerArgs) != 0 {
		t.Errorf("smoke with two parts and forty certificates: %+v", p)
	}
}

func TestPlanRefuses(t *testing.T) {
	for _, c := range []struct {
		args, want string
	}{
		{"-parts cas", `there is no part "cas"; the parts are ca, steady`},
		{"-certs 0 -steady -1", "-certs has to be 1 at least, it is 0\n-steady has to be 1 at least, it is -1"},
		{"-idle 10ms -quiet 0s", "-idle has to be 1s at least, it is 10ms\n-quiet has to be 1s at least"},
		{"-steady 10", "-steady has to be -certs at least"},
	} {
		if _, err := parsePlan(strings.Fields(c.args), io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.args, err, c.want)
		}
	}
}
