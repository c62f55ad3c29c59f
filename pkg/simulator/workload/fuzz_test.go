// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// sound fails unless there is either an error or a workload that is right.
func sound(t *testing.T, w *workload.Workload, err error) {
	t.Helper()
	switch {
	case err != nil && w != nil:
		t.Fatalf("a workload and an error: %v", err)
	case err != nil:
		if err.Error() == "" || strings.Count(err.Error(), "\n") > 40 {
			t.Fatalf("error: %q", err)
		}
	case w == nil:
		t.Fatal("neither a workload nor an error")
	default:
		mustCheck(t, w)
		if len(w.Pods) < 1000 {
			mustCheck(t, workload.Superpose(w, 2, 1))
			mustCheck(t, workload.Clip(w, time.Hour))
		}
	}
}

func FuzzReadOpenB(f *testing.F) {
	f.Add([]byte(minimal + "a,1,1,0,1\nb,2,2,1,9\n"))
	f.Add([]byte("gpu_spec,num_gpu,gpu_milli," + minimal + "T4|A10,1,500,a,1,1,0,1\n"))
	f.Add([]byte("name\n\"a\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		w, err := workload.ReadOpenB("f.csv", bytes.NewReader(in))
		sound(t, w, err)
	})
}

func FuzzReadSimKube(f *testing.F) {
	f.Add([]byte(simKube("", event(1, deployment("a", 3), ""), event(9, "", deployment("a", 1)))))
	f.Add([]byte(simKube(`"pod_lifecycles":{"apps/v1.Deployment:ns/a":{"1":[{"Finished":[1,2]}]}},`, event(1, deployment("a", 3), ""))))
	f.Add([]byte(simKube("", event(1, object("Job", "a", `"parallelism":2,`, "")+","+object("DaemonSet", "d", "", ""), ""))))
	f.Fuzz(func(t *testing.T, in []byte) {
		w, err := workload.ReadSimKube("f.json", bytes.NewReader(in))
		sound(t, w, err)
	})
}

func FuzzReadDump(f *testing.F) {
	f.Add([]byte(list(node("n"), pod("p", controller("ReplicaSet"), onN, ""), pod("q", controller("DaemonSet"), onN, ""))), uint64(1))
	f.Add([]byte(node("n")+pod("p", "", onN, "")), uint64(2))
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		w, err := workload.ReadDump("f.json", bytes.NewReader(in), workload.Options{Seed: seed, Restarts: 2, Horizon: time.Minute})
		if err == nil && len(w.Nodes) == 0 {
			t.Fatal("no nodes")
		}
		if w != nil {
			w.Pods = workload.Clip(w, time.Hour).Pods // Superpose is for traces
			mustCheck(t, w)
			return
		}
		sound(t, w, err)
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(minimal + "a,1,1,0,1\n"))
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Add([]byte(`{"items":[]}`))
	f.Add([]byte(yamlDump))
	f.Add([]byte("{}\n---\nkind: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		w, err := workload.Read("f", bytes.NewReader(in), workload.Options{})
		if w == nil {
			sound(t, w, err)
		}
	})
}
