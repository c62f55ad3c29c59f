// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"runtime"
	"testing"
)

// The scheduler keeps the catalog for as long as it runs: it must stay small.
func TestMemory(t *testing.T) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	var clouds []*Cloud
	for _, name := range []string{AWS, Azure, GCP} {
		c, err := readEmbedded(name)
		if err != nil {
			t.Fatal(err)
		}
		clouds = append(clouds, c)
	}
	loaded := int64(heap() - before)
	runtime.KeepAlive(clouds)
	t.Logf("the loaded catalog takes %d bytes", loaded)
	if loaded > 2<<20 {
		t.Errorf("the loaded catalog takes %d bytes, want at most 2 MiB", loaded)
	}
}
