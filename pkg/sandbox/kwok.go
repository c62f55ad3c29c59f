// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
)

// kwokConfig holds KWOK's options and how nodes and pods behave.
//
//go:embed kwok.yaml
var kwokConfig []byte

// KWOKNodeAnnotation with the value "fake" puts a node into KWOK's hands.
const KWOKNodeAnnotation = "kwok.x-k8s.io/node"

// startKWOK starts kwok with the configuration in kwok.yaml.
func (s *Sandbox) startKWOK(ctx context.Context) error {
	kubeconfig := filepath.Join(s.layout.pki(), "kwok.kubeconfig")
	if err := s.userKubeconfig(kubeconfig, s.config.Host, "kwok", "system:masters"); err != nil {
		return err
	}
	config := filepath.Join(s.layout.data(), "kwok.yaml")
	if err := os.WriteFile(config, kwokConfig, 0o600); err != nil {
		return fmt.Errorf("writing KWOK's configuration: %w", err)
	}
	plan := func() (Spec, func(context.Context) error, error) {
		port, err := FreePort()
		if err != nil {
			return Spec{}, nil, err
		}
		spec := Spec{Name: "kwok", Path: binKWOK, Args: []string{
			"--config=" + config,
			"--kubeconfig=" + kubeconfig,
			"--server-address=" + hostPort(port),
			"--manage-nodes-with-annotation-selector=" + KWOKNodeAnnotation + "=fake",
		}}
		return spec, probeURL("http://"+hostPort(port)+"/readyz", nil), nil
	}
	_, err := s.startComponent(ctx, component{plan: plan, attempts: 2})
	return err
}
