// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// addReferenced adds the Secrets that the pod cannot start without: those of secret volumes,
// projected secret sources and environment variables of init containers, sidecars and main
// containers, unless marked optional.
//
// Left out are image pull Secrets and the Secrets of other kinds of volume (csi, iscsi, rbd and
// so on), which the kubelet reads to reach a registry or a disk and never shows to the process;
// podCertificate and clusterTrustBundle projections, which are no Secrets; and ephemeral
// containers, which come after the pod has started.
func addReferenced(found map[string]Requirement, pod *corev1.Pod, at place) {
	auto := references{found: found, at: at}
	for i := range pod.Spec.Volumes {
		auto.addVolume(&pod.Spec.Volumes[i])
	}
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			auto.addContainer(&containers[i])
		}
	}
}

// references adds the Secrets that a pod's spec refers to.
type references struct {
	found map[string]Requirement
	at    place
}

// add adds one Secret; where says what refers to it. Once more are found than are allowed, or
// more is wrong than is told, the rest is not looked at: a pod can refer to a hundred thousand.
func (a *references) add(name string, optional *bool, where func() string) {
	if name == "" || (optional != nil && *optional) || len(a.found) > MaxSecrets || a.at.wrong.full() {
		return
	}
	if _, known := a.found[name]; known {
		return
	}
	if err := checkSecretName(name); err != nil {
		a.at.in(where()).fault(err)
		return
	}
	a.found[name] = Requirement{SecretName: name, Auto: true}
}

func (a *references) addVolume(v *corev1.Volume) {
	where := func() string { return "volume " + quote(v.Name) }
	if s := v.Secret; s != nil {
		a.add(s.SecretName, s.Optional, where)
	}
	if v.Projected == nil {
		return
	}
	for _, source := range v.Projected.Sources {
		if s := source.Secret; s != nil {
			a.add(s.Name, s.Optional, where)
		}
	}
}

func (a *references) addContainer(c *corev1.Container) {
	for i := range c.Env {
		from := c.Env[i].ValueFrom
		if from == nil || from.SecretKeyRef == nil {
			continue
		}
		ref := from.SecretKeyRef
		a.add(ref.Name, ref.Optional, func() string {
			return fmt.Sprintf("container %s, environment variable %s", quote(c.Name), quote(c.Env[i].Name))
		})
	}
	for i, env := range c.EnvFrom {
		if ref := env.SecretRef; ref != nil {
			a.add(ref.Name, ref.Optional, func() string { return fmt.Sprintf("container %s, envFrom[%d]", quote(c.Name), i) })
		}
	}
}
