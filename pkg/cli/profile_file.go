// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

// loadProfileFile is profiles.Load with a short error for a file that does not
// say what it is: the decoder's holds all of the file.
func loadProfileFile(file, schedulerName string) (*profiles.Profile, error) {
	p, err := profiles.Load(file, schedulerName)
	for e := err; e != nil; e = errors.Unwrap(e) {
		if runtime.IsMissingKind(e) || runtime.IsMissingVersion(e) {
			return nil, fmt.Errorf("reading scheduler profile: %s: apiVersion or kind is missing; a profile is in a file that begins with "+
				"apiVersion: kubescheduler.config.k8s.io/v1 and kind: KubeSchedulerConfiguration", file)
		}
	}
	return p, err
}
