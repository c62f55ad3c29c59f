// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"testing"
	"time"
)

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.01234: "0.0123", 1.2345: "1.23", 99.96: "100.0", 123.4: "123", 54321: "54321", -2: "-2.00"} {
		if got := number(&v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

func TestProc(t *testing.T) {
	spent, err := parseCPUTime([]byte("42 (a) b) S 1 42 42 0 -1 4194560 1 0 0 0 250 50 9 9 20 0 1 0 100 1 1"))
	if err != nil || spent != 3*time.Second {
		t.Errorf("processor time: %v, %v; want 3s", spent, err)
	}
	if _, err := parseCPUTime([]byte("42 (a")); err == nil {
		t.Error("half a stat was taken")
	}
	use, err := parseMemory([]byte("Name:\tx\nVmHWM:\t    4096 kB\nVmRSS:\t    2048 kB\nThreads:\t1\n"))
	if err != nil || use != (MemoryUse{Now: 2, Peak: 4}) {
		t.Errorf("memory: %+v, %v", use, err)
	}
	if _, err := parseMemory([]byte("Name:\tx\n")); err == nil {
		t.Error("a status without memory was taken")
	}
}
