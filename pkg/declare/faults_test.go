// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestParseReportsAllFaults(t *testing.T) {
	pod := annotated(
		RequireTLSAnnotation, "A,,b",
		RequirementsAnnotation, `[{"secretName":"a","usage":"x","dnsNames":["*",5]},{"secretnames":"a"}]`,
		OnExpiredAnnotation, "x", AllowTemporaryAnnotation, "x", MaxWaitAnnotation, "x",
	)
	checkError(t, pod, "10 faults: "+strings.Join([]string{
		"(1) " + require + `item 1: "A"` + badName,
		"(2) " + require + `item 2: name is empty; ` + requireTLSForm,
		"(3) " + list + `item 1: dnsNames[0]: "*"` + badDNS,
		"(4) " + list + `item 1: dnsNames[1]: got a number, want a string in quotes`,
		"(5) " + list + `item 1: usage: "x" is not one of "server", "client"`,
		"(6) " + list + `item 2: unknown field "secretnames" (did you mean "secretName"?)` + allFields,
		"(7) " + list + `item 2: secretName is missing; name a Secret in the pod's namespace`,
		"(8) annotation " + OnExpiredAnnotation + `: "x" is not one of "block", "warn"`,
		"(9) annotation " + AllowTemporaryAnnotation + `: "x" is not one of "false", "true"`,
		"(10) annotation " + MaxWaitAnnotation + `: "x" is not a duration; want hours, minutes and seconds, such as "1h30m" (a day is "24h")`,
	}, "; "))
}

func TestErrorIsCut(t *testing.T) {
	longNames := annotated(RequireTLSAnnotation, Auto)
	for range 200 {
		longNames.Spec.Containers = append(longNames.Spec.Containers, corev1.Container{
			Name: strings.Repeat("\x00", 1000), Env: []corev1.EnvVar{envVar(strings.Repeat("\n", 1000), nil)},
		})
	}
	for name, tt := range map[string]struct {
		pod    *corev1.Pod
		prefix string
	}{
		"many items":  {annotated(RequireTLSAnnotation, "A"+strings.Repeat(",A", MaxSecrets-1)), "50 faults: (1) " + require + "item 1: "},
		"many names":  {annotated(RequirementsAnnotation, `[{"secretName":"a","dnsNames":[""`+strings.Repeat(`,""`, MaxDNSNames-1)+`]}]`), "100 faults: (1) "},
		"many fields": {annotated(RequirementsAnnotation, "["+strings.Repeat("{"+manyFields(maxItemFields)+"},", MaxSecrets-1)+"{}]"), "1030 faults: (1) "},
		"long names":  {longNames, "6 faults: (1) "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(tt.pod)
			if err == nil {
				t.Fatal("Parse() succeeded, want an error")
			}
			checkMessage(t, err)
			var more int
			if at := strings.LastIndex(err.Error(), "; and "); at < 0 {
				t.Errorf("error does not say how many faults are left out: %v", err)
			} else if _, scanErr := fmt.Sscanf(err.Error()[at:], "; and %d more", &more); scanErr != nil {
				t.Errorf("reading the end of the error: %v", scanErr)
			}
			if listed := strings.Count(err.Error(), "annotation tollgate.dev/"); !strings.HasPrefix(err.Error(), fmt.Sprintf("%d faults: ", listed+more)) {
				t.Errorf("error lists %d faults and counts %d more: %v", listed, more, err)
			}
			if !strings.HasPrefix(err.Error(), tt.prefix) || len(err.Error()) < maxMessage/2 {
				t.Errorf("got %d bytes, want more, beginning with %q: %v", len(err.Error()), tt.prefix, err)
			}
		})
	}
}

// What is listed are the first faults: a short one does not overtake a long one that had no room.
func TestFaultsKeepTheirOrder(t *testing.T) {
	var f faults
	for range 4 {
		f.add(strings.Repeat("x", maxFault))
	}
	f.add("short")
	if got := f.err().Error(); !strings.HasPrefix(got, "5 faults: (1) xx") || !strings.HasSuffix(got, "x; and 2 more") {
		t.Errorf("got %q", got)
	}
}

// manyFields returns n unknown fields of an item.
func manyFields(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("x%d: 1", i)
	}
	return strings.Join(list, ", ")
}

// BenchmarkParseWorst measures the slowest values: a scheduler parses under the lock of its queue.
func BenchmarkParseWorst(b *testing.B) {
	items := func(names string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(`{"dnsNames":[`+strings.TrimSuffix(strings.Repeat(names+",", MaxDNSNames), ",")+`]},`, MaxSecrets), ",") + "]"
	}
	for name, value := range map[string]string{
		"bad names":  items(`""`),
		"good names": items(`"a.example"`),
		"fields":     "[{" + manyFields(6000) + "}]",
	} {
		b.Run(name, func(b *testing.B) {
			if len(value) > MaxAnnotationBytes {
				b.Fatalf("value has %d bytes", len(value))
			}
			pod := annotated(RequirementsAnnotation, value)
			for b.Loop() {
				_, _ = Parse(pod)
			}
		})
	}
}
