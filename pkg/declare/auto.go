// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// addReferenced adds the Secrets that the pod cannot start without: non-optional secret
// volumes, projected secret sources, and environment variables of init containers,
// sidecars and main containers. Image pull Secrets and ephemeral containers do not count.
func addReferenced(found map[string]Requirement, pod *corev1.Pod) error {
	add := func(name string, optional *bool, where func() string) error {
		if name == "" || (optional != nil && *optional) {
			return nil
		}
		if err := checkSecretName(name); err != nil {
			return fmt.Errorf("auto: %s: %w", where(), err)
		}
		found[name] = Requirement{SecretName: name, Auto: true}
		return nil
	}
	for i := range pod.Spec.Volumes {
		if err := addVolume(&pod.Spec.Volumes[i], add); err != nil {
			return err
		}
	}
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			if err := addContainer(&containers[i], add); err != nil {
				return err
			}
		}
	}
	return nil
}

type addFunc func(name string, optional *bool, where func() string) error

func addVolume(v *corev1.Volume, add addFunc) error {
	where := func() string { return fmt.Sprintf("volume %q", v.Name) }
	if s := v.Secret; s != nil {
		return add(s.SecretName, s.Optional, where)
	}
	if v.Projected == nil {
		return nil
	}
	for _, source := range v.Projected.Sources {
		if s := source.Secret; s != nil {
			if err := add(s.Name, s.Optional, where); err != nil {
				return err
			}
		}
	}
	return nil
}

func addContainer(c *corev1.Container, add addFunc) error {
	for _, env := range c.Env {
		if env.ValueFrom == nil || env.ValueFrom.SecretKeyRef == nil {
			continue
		}
		ref := env.ValueFrom.SecretKeyRef
		where := func() string { return fmt.Sprintf("container %q, environment variable %q", c.Name, env.Name) }
		if err := add(ref.Name, ref.Optional, where); err != nil {
			return err
		}
	}
	for i, env := range c.EnvFrom {
		if env.SecretRef == nil {
			continue
		}
		where := func() string { return fmt.Sprintf("container %q, envFrom[%d]", c.Name, i) }
		if err := add(env.SecretRef.Name, env.SecretRef.Optional, where); err != nil {
			return err
		}
	}
	return nil
}
