// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

func secretVolume(secret string, optional *bool) corev1.Volume {
	return corev1.Volume{Name: "v-" + secret, VolumeSource: corev1.VolumeSource{
		Secret: &corev1.SecretVolumeSource{SecretName: secret, Optional: optional},
	}}
}

func envVar(secret string, optional *bool) corev1.EnvVar {
	return corev1.EnvVar{Name: "E", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Key: "k", Optional: optional,
	}}}
}

func envFrom(secret string, optional *bool) corev1.EnvFromSource {
	return corev1.EnvFromSource{SecretRef: &corev1.SecretEnvSource{
		LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Optional: optional,
	}}
}

func projected(secret string, optional *bool) corev1.VolumeProjection {
	return corev1.VolumeProjection{Secret: &corev1.SecretProjection{
		LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Optional: optional,
	}}
}

func local(secret string) *corev1.LocalObjectReference {
	return &corev1.LocalObjectReference{Name: secret}
}

func TestAuto(t *testing.T) {
	pod := annotated(RequireTLSAnnotation, Auto, RequirementsAnnotation, `[{"secretName":"main-env","dnsNames":["a.example"]}]`)
	pod.Spec = corev1.PodSpec{
		ImagePullSecrets: []corev1.LocalObjectReference{{Name: "pull"}},
		Volumes: []corev1.Volume{
			secretVolume("volume", nil),
			secretVolume("volume-required", ptr.To(false)),
			secretVolume("volume-optional", ptr.To(true)),
			secretVolume("both", ptr.To(true)),
			{Name: "projected", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				projected("projected", nil),
				projected("projected-optional", ptr.To(true)),
				{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "cm"}}},
			}}}},
			{Name: "empty", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			{Name: "certificates", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{ClusterTrustBundle: &corev1.ClusterTrustBundleProjection{Name: ptr.To("bundle"), Path: "ca.crt"}},
				{PodCertificate: &corev1.PodCertificateProjection{SignerName: "example.com/pod", KeyType: "ED25519"}},
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token"}},
			}}}},
			{Name: "csi", VolumeSource: corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{Driver: "d", NodePublishSecretRef: local("csi")}}},
			{Name: "cephfs", VolumeSource: corev1.VolumeSource{CephFS: &corev1.CephFSVolumeSource{SecretRef: local("cephfs")}}},
			{Name: "rbd", VolumeSource: corev1.VolumeSource{RBD: &corev1.RBDVolumeSource{SecretRef: local("rbd")}}},
			{Name: "iscsi", VolumeSource: corev1.VolumeSource{ISCSI: &corev1.ISCSIVolumeSource{SecretRef: local("iscsi")}}},
			{Name: "flex", VolumeSource: corev1.VolumeSource{FlexVolume: &corev1.FlexVolumeSource{SecretRef: local("flex")}}},
			{Name: "storageos", VolumeSource: corev1.VolumeSource{StorageOS: &corev1.StorageOSVolumeSource{SecretRef: local("storageos")}}},
			{Name: "scaleio", VolumeSource: corev1.VolumeSource{ScaleIO: &corev1.ScaleIOVolumeSource{SecretRef: local("scaleio")}}},
			{Name: "azurefile", VolumeSource: corev1.VolumeSource{AzureFile: &corev1.AzureFileVolumeSource{SecretName: "azurefile"}}},
		},
		InitContainers: []corev1.Container{{
			Name: "init", Env: []corev1.EnvVar{envVar("init-env", nil)}, EnvFrom: []corev1.EnvFromSource{envFrom("init-envfrom", nil)},
		}, {
			Name: "sidecar", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways), Env: []corev1.EnvVar{envVar("sidecar-env", nil)},
		}},
		Containers: []corev1.Container{{
			Name: "main",
			Env: []corev1.EnvVar{
				{Name: "PLAIN", Value: "x"}, envVar("main-env", nil), envVar("main-env-optional", ptr.To(true)), envVar("", nil),
			},
			EnvFrom: []corev1.EnvFromSource{
				{ConfigMapRef: &corev1.ConfigMapEnvSource{}}, envFrom("main-envfrom", nil), envFrom("main-envfrom-optional", ptr.To(true)), envFrom("both", nil),
			},
		}},
		EphemeralContainers: []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{
			Name: "debug", Env: []corev1.EnvVar{envVar("ephemeral", nil)}, EnvFrom: []corev1.EnvFromSource{envFrom("ephemeral-envfrom", nil)},
		}}},
	}
	got, err := Parse(pod)
	if err != nil {
		t.Fatalf("Parse() = %v", err)
	}
	want := Declaration{Requirements: []Requirement{
		{SecretName: "both", Auto: true},
		{SecretName: "init-env", Auto: true},
		{SecretName: "init-envfrom", Auto: true},
		{SecretName: "main-env", DNSNames: []string{"a.example"}},
		{SecretName: "main-envfrom", Auto: true},
		{SecretName: "projected", Auto: true},
		{SecretName: "sidecar-env", Auto: true},
		{SecretName: "volume", Auto: true},
		{SecretName: "volume-required", Auto: true},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unexpected declaration (-want, +got):\n%s", diff)
	}
}

func TestAutoErrors(t *testing.T) {
	bad := annotated(RequireTLSAnnotation, Auto)
	bad.Spec.Containers = []corev1.Container{{Name: "main", EnvFrom: []corev1.EnvFromSource{envFrom("Not_Valid", nil)}}}
	many := annotated(RequireTLSAnnotation, Auto)
	for i := range MaxSecrets + 1 {
		many.Spec.Volumes = append(many.Spec.Volumes, secretVolume(fmt.Sprintf("s%d", i), nil))
	}
	for name, tt := range map[string]struct {
		pod  *corev1.Pod
		want string
	}{
		"bad name": {bad, require + `auto: container "main", envFrom[0]: "Not_Valid" is not a valid Secret name`},
		"too many": {many, "pod declares 51 Secrets; at most 50 are allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse(tt.pod); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("Parse() = %v, want %q", err, tt.want)
			}
		})
	}
}

// TestAutoIsBounded has pods refer to far more Secrets than are allowed, or refer to them wrongly: what is looked at is bounded,
// since a pod is parsed with the scheduling queue's lock held.
func TestAutoIsBounded(t *testing.T) {
	for name, form := range map[string]string{"too many": "s-%d", "all wrong": "S_%d-"} {
		t.Run(name, func(t *testing.T) {
			pod := annotated(RequireTLSAnnotation, Auto)
			container := corev1.Container{Name: "main"}
			for i := range 100_000 {
				container.EnvFrom = append(container.EnvFrom, corev1.EnvFromSource{SecretRef: &corev1.SecretEnvSource{
					LocalObjectReference: corev1.LocalObjectReference{Name: fmt.Sprintf(form, i)},
				}})
			}
			pod.Spec.Containers = []corev1.Container{container}
			if allocs := testing.AllocsPerRun(1, func() {
				if _, err := Parse(pod); err == nil {
					t.Error("Parse accepts the pod")
				}
			}); allocs > 5_000 {
				t.Errorf("Parse allocates %.0f times, want it to stop early", allocs)
			}
		})
	}
}
