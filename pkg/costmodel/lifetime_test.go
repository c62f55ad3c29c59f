// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"math"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

func TestLifetimeOf(t *testing.T) {
	tests := []struct {
		name       string
		annotation *string
		deadline   *int64
		want       time.Duration
		wantErr    bool
	}{
		{name: "nothing declared", want: Forever},
		{name: "annotation", annotation: ptr.To("90m"), want: 90 * time.Minute},
		{name: "annotation of two units", annotation: ptr.To("2h30m"), want: 150 * time.Minute},
		{name: "deadline", deadline: ptr.To[int64](3600), want: time.Hour},
		{name: "annotation before deadline", annotation: ptr.To("90m"), deadline: ptr.To[int64](3600), want: 90 * time.Minute},
		{name: "malformed", annotation: ptr.To("soon"), want: Forever, wantErr: true},
		{name: "malformed with a deadline", annotation: ptr.To("3 days"), deadline: ptr.To[int64](3600), want: time.Hour, wantErr: true},
		{name: "empty", annotation: ptr.To(""), want: Forever, wantErr: true},
		{name: "no unit", annotation: ptr.To("90"), want: Forever, wantErr: true},
		{name: "zero", annotation: ptr.To("0"), want: Forever, wantErr: true},
		{name: "negative", annotation: ptr.To("-1h"), want: Forever, wantErr: true},
		{name: "beyond the range of durations", annotation: ptr.To("99999999999h"), want: Forever, wantErr: true},
		{name: "deadline beyond the range of durations", deadline: ptr.To[int64](math.MaxInt64), want: Forever},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pod := &corev1.Pod{Spec: corev1.PodSpec{ActiveDeadlineSeconds: tt.deadline}}
			if tt.annotation != nil {
				pod.Annotations = map[string]string{LifetimeAnnotation: *tt.annotation}
			}
			got, err := LifetimeOf(pod)
			if got != tt.want || (err != nil) != tt.wantErr {
				t.Errorf("got %v, %v, want %v, error %t", got, err, tt.want, tt.wantErr)
			}
			if err != nil && !strings.Contains(err.Error(), LifetimeAnnotation) {
				t.Errorf("error %q does not name the annotation", err)
			}
		})
	}
}

func TestExtension(t *testing.T) {
	tests := []struct {
		name           string
		lifetime, busy time.Duration
		want           time.Duration
	}{
		{"empty node", time.Hour, 0, time.Hour},
		{"empty node, pod without end", Forever, 0, Forever},
		{"ends before the others", time.Hour, 2 * time.Hour, 0},
		{"ends with the last of the others", time.Hour, time.Hour, 0},
		{"outlives the others", 3 * time.Hour, time.Hour, 2 * time.Hour},
		{"outlives the others for ever", Forever, time.Hour, Forever},
		{"another pod never ends", time.Hour, Forever, 0},
		{"neither ever ends", Forever, Forever, 0},
		{"others should have ended already", time.Hour, -time.Hour, time.Hour},
	}
	for _, tt := range tests {
		if got := Extension(tt.lifetime, tt.busy); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestBucket(t *testing.T) {
	tests := []struct {
		extension time.Duration
		want      int
	}{
		{-time.Hour, 0},
		{0, 0},
		{5*time.Minute - 1, 0},
		{5 * time.Minute, 1},
		{15*time.Minute - 1, 1},
		{15 * time.Minute, 2},
		{time.Hour, 3},
		{70 * time.Minute, 3},
		{24 * time.Hour, 8},
		{Forever - 1, 24},
		{Forever, MaxBucket},
	}
	for _, tt := range tests {
		if got := Bucket(tt.extension); got != tt.want {
			t.Errorf("%v: got bucket %d, want %d", tt.extension, got, tt.want)
		}
	}
}

func TestBucketIsTheFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Int64Range(0, 1e7).Draw(t, "seconds")
		want := int(math.Floor(math.Log2(1 + float64(seconds)/300)))
		if got := Bucket(time.Duration(seconds) * time.Second); got != want {
			t.Fatalf("%d s: got bucket %d, want %d", seconds, got, want)
		}
	})
}

// A lifetime decides between equal costs, and never against a cheaper node.
func TestDominantShareLifetimes(t *testing.T) {
	large := Request{MilliCPU: 2000, Memory: 8 * gib}
	node := func(price pricing.Money, extension, age time.Duration) Cost {
		return DominantShareLifetimes()(Request{MilliCPU: 1000}, Node{Price: price, Allocatable: large, Extension: extension, Age: age})
	}
	order := []Cost{
		node(95_999, Forever, 0), node(96_000, 0, 0), node(96_000, time.Hour, 0), node(96_000, 3*time.Hour, 0), node(96_000, Forever, 0), node(96_001, 0, 24*time.Hour),
	}
	for i := 1; i < len(order); i++ {
		if order[i-1].Encode() >= order[i].Encode() {
			t.Errorf("%+v does not come before %+v", order[i-1], order[i])
		}
	}
	if a, b := node(96_000, time.Hour, 0), node(96_000, 70*time.Minute, time.Hour); a.Encode() != b.Encode() {
		t.Errorf("extensions of one bucket differ: %+v, %+v", a, b)
	}
	if got := node(96_000, time.Hour, 0); got.Extension != time.Hour || got.Bucket != 3 || got.AgeFactor != 1 {
		t.Errorf("got parts %+v, want an extension of 1h in bucket 3, and no age", got)
	}
}

func FuzzParseLifetime(f *testing.F) {
	for _, s := range []string{"90m", "2h30m", "", "0", "-1s", "1e9h", "9223372036854775807ns", "5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseLifetime(s)
		if (err == nil) != (got > 0) {
			t.Errorf("ParseLifetime(%q) = %v, %v", s, got, err)
		}
	})
}
