// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command pause does nothing until it is told to end: it holds a pod sandbox open, as the pause image of Kubernetes does.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
}
