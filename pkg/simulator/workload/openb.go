// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/config/hint"
)

const readingTrace = "reading trace"

// traceStart stands in for the time of day that an input does not tell.
var traceStart = time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)

// Columns of an openb trace. The first five must be there.
const (
	columnName = iota
	columnCPU
	columnMemory
	columnCreation
	columnDeletion
	columnNumGPU
	columnGPUMilli
	columnGPUSpec
	columnQOS
	columnPhase
	columnScheduled
	columnCount

	requiredColumns = columnDeletion + 1
)

var openBColumns = [columnCount]string{
	"name", "cpu_milli", "memory_mib", "creation_time", "deletion_time",
	"num_gpu", "gpu_milli", "gpu_spec", "qos", "pod_phase", "scheduled_time",
}

// ReadOpenB reads pods in the form of Alibaba's openb trace
// (cluster-trace-gpu-v2023): CSV with a header and the columns
//
//	name           unique
//	cpu_milli      thousandths of a core
//	memory_mib     MiB
//	creation_time  seconds since any moment
//	deletion_time  as creation_time, and not before it
//	num_gpu        GPUs; optional, default 0
//	gpu_milli      thousandths of each GPU, 1 to 1000; default 1000
//	gpu_spec       GPU models that will do, such as V100M16|V100M32; default any
//	scheduled_time as creation_time, or empty; optional, not used
//	qos, pod_phase optional, not used
//
// in any order. A pod arrives at its creation_time, the first of all pods at 0.
// It runs from creation to deletion, at least 1 s. That is not what it ran for
// in the traced cluster, which was from scheduled_time on; but how long it
// waited there says more about that cluster than about the pod, one in nine
// pods was never scheduled, and either way every policy runs the same pods for
// as long.
//
// Pods request GPUs as GPUMilliResource, and models by node affinity on
// GPUModelLabel. They are in namespace default; UIDs derive from names. Pods
// with equal requests share their containers, and pods with equal models their
// affinity: nobody may change those.
//
// name is for errors and for Pod.Source. Unless everything is right there is no
// workload, and an error that names each fault with its line.
func ReadOpenB(name string, r io.Reader) (*Workload, error) {
	data, err := readAll(readingTrace, name, r)
	if err != nil {
		return nil, err
	}
	c := csv.NewReader(bytes.NewReader(data))
	c.FieldsPerRecord = -1 // a wrong number is told with the others
	c.ReuseRecord = true
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %s is empty; want a header with %s", readingTrace, name, strings.Join(openBColumns[:requiredColumns], ","))
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", readingTrace, csvError(name, err))
	}
	o := &openB{file: name, seen: map[string]int{}, containers: map[openBRequest][]corev1.Container{}, affinities: map[string]*corev1.Affinity{}}
	o.readHeader(header)
	if o.any() {
		return nil, o.err(readingTrace)
	}
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			o.add("%v", csvError(name, err)) // where the next record begins is not known
			break
		}
		o.line, _ = c.FieldPos(0)
		if o.readRow(record); len(o.rows) > maxPods {
			return nil, fmt.Errorf("%s: %s has more than %d pods; split it", readingTrace, name, maxPods)
		}
	}
	if !o.any() && len(o.rows) == 0 {
		o.add("%s has a header and no pods", name)
	}
	if o.any() {
		return nil, o.err(readingTrace)
	}
	return o.workload(), nil
}

// csvError is err with the line on which the record begins, and without the
// column, which is of no use here: that a quote is not closed shows only at the
// end of the file.
func csvError(name string, err error) error {
	var parse *csv.ParseError
	switch {
	case !errors.As(err, &parse):
		return fmt.Errorf("%s: %w", name, err)
	case parse.Line > parse.StartLine:
		return fmt.Errorf("%s:%d: a quote is not closed", name, parse.StartLine)
	default:
		return fmt.Errorf("%s:%d: %w", name, parse.StartLine, parse.Err)
	}
}

func (o *openB) readHeader(header []string) {
	o.fields = len(header)
	for i := range o.column {
		o.column[i] = -1
	}
	for i, h := range header {
		c := slices.Index(openBColumns[:], h)
		switch {
		case c < 0:
			if nearest := hint.Nearest(strings.TrimSpace(h), openBColumns[:]); nearest != "" {
				o.add("%s:1: unknown column %q; did you mean %q?", o.file, h, nearest)
			} else {
				o.add("%s:1: unknown column %q; want %s", o.file, h, strings.Join(openBColumns[:], ", "))
			}
		case o.column[c] >= 0:
			o.add("%s:1: column %q is there twice", o.file, h)
		default:
			o.column[c] = i
		}
	}
	for c, i := range o.column[:requiredColumns] {
		if i < 0 {
			o.add("%s:1: column %q is missing", o.file, openBColumns[c])
		}
	}
}
