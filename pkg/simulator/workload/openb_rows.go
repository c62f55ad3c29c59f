// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
)

// openB is what is known while an openb trace is read.
type openB struct {
	faults
	file   string
	line   int
	fields int
	// column holds the place of each column in a row, -1 if it is not there.
	column     [columnCount]int
	rows       []openBRow
	seen       map[string]int // name to line
	containers map[openBRequest][]corev1.Container
	affinities map[string]*corev1.Affinity
}

type openBRow struct {
	name               string
	request            openBRequest
	models             string // sorted, with | between
	creation, deletion int64
	line               int
	unscheduled        bool
}

// openBRequest is in thousandths of a core, MiB and thousandths of a GPU.
type openBRequest struct{ cpu, memory, gpu int64 }

// The largest requests: what no node has, and sums of which an int64 holds.
const (
	maxMilliCPU  = 1_000_000_000 // a million cores
	maxMemoryMiB = 1 << 30       // 1 PiB
	maxGPUs      = 1_000_000
)

func (o *openB) readRow(record []string) {
	if len(record) != o.fields {
		o.add("%s:%d: there are %d fields, the header has %d", o.file, o.line, len(record), o.fields)
		return
	}
	before := len(o.lines) + o.more
	row := openBRow{name: strings.Clone(o.field(record, columnName)), line: o.line}
	if first, ok := o.seen[row.name]; ok {
		o.add("%s:%d: name %q is taken by line %d", o.file, o.line, row.name, first)
	} else if msgs := utilvalidation.IsDNS1123Subdomain(row.name); len(msgs) > 0 {
		o.add("%s:%d: name %q: %s", o.file, o.line, row.name, msgs[0])
	} else {
		o.seen[row.name] = o.line
	}
	row.request.cpu = o.number(record, columnCPU, 0, maxMilliCPU)
	row.request.memory = o.number(record, columnMemory, 0, maxMemoryMiB)
	row.creation = o.number(record, columnCreation, 0, maxSeconds)
	row.deletion = o.number(record, columnDeletion, 0, maxSeconds)
	gpus, each := int64(0), int64(1000)
	if o.field(record, columnNumGPU) != "" {
		gpus = o.number(record, columnNumGPU, 0, maxGPUs)
	}
	if o.field(record, columnGPUMilli) != "" {
		each = o.number(record, columnGPUMilli, 0, 1000)
	}
	if o.field(record, columnScheduled) != "" {
		o.number(record, columnScheduled, 0, maxSeconds)
	} else if o.column[columnScheduled] >= 0 {
		row.unscheduled = true
	}
	var err error
	if row.models, err = models(o.field(record, columnGPUSpec)); err != nil {
		o.add("%s:%d: gpu_spec is %q: %v", o.file, o.line, o.field(record, columnGPUSpec), err)
	}
	if len(o.lines)+o.more > before {
		return
	}
	switch {
	case row.deletion < row.creation:
		o.add("%s:%d: deletion_time %d is before creation_time %d", o.file, o.line, row.deletion, row.creation)
	case gpus > 0 && each == 0:
		o.add("%s:%d: num_gpu is %d but gpu_milli is 0; want 1 to 1000 of each GPU", o.file, o.line, gpus)
	case gpus == 0 && o.field(record, columnGPUMilli) != "" && each > 0:
		o.add("%s:%d: gpu_milli is %d but num_gpu is 0", o.file, o.line, each)
	case gpus == 0 && row.models != "":
		o.add("%s:%d: gpu_spec is %q but num_gpu is 0", o.file, o.line, o.field(record, columnGPUSpec))
	default:
		row.request.gpu = gpus * each
		o.rows = append(o.rows, row)
	}
}

// field is "" where the column is not there.
func (o *openB) field(record []string, column int) string {
	if i := o.column[column]; i >= 0 {
		return record[i]
	}
	return ""
}

func (o *openB) number(record []string, column int, least, most int64) int64 {
	text := o.field(record, column)
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case text == "":
		o.add("%s:%d: %s is empty", o.file, o.line, openBColumns[column])
	case err != nil && !errors.Is(err, strconv.ErrRange):
		o.add("%s:%d: %s is %q; want a whole number", o.file, o.line, openBColumns[column], text)
	case err != nil || n < least || n > most:
		o.add("%s:%d: %s is %s; want %d to %d", o.file, o.line, openBColumns[column], text, least, most)
	}
	return n
}

// models sorts the models of a gpu_spec, and leaves each there once.
func models(spec string) (string, error) {
	if spec == "" {
		return "", nil
	}
	list := strings.Split(spec, "|")
	for _, m := range list {
		if m == "" {
			return "", errors.New("a model is empty; want models with | between them")
		}
		if msgs := utilvalidation.IsValidLabelValue(m); len(msgs) > 0 {
			return "", fmt.Errorf("model %q: %s", m, msgs[0])
		}
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), "|"), nil
}
