// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Folders that the programs of a node use, each of which has to be below a file system made for this run.
var folders = []string{"/run", "/var/lib", "/var/log"}

// mountSource is what hack/e2e.sh names the file systems that it mounts on folders.
const mountSource = "tollgate-e2e"

// Missing says what this machine lacks for a node whose pods are below cgroupRoot, and what to do about it. It returns "" if nothing is
// missing.
func Missing(cgroupRoot string) string {
	if os.Geteuid() != 0 {
		return "a node needs root; run `sudo make e2e`"
	}
	var missing []string
	for _, name := range []string{"containerd", "containerd-shim-runc-v2", "ctr", "runc"} {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Sprintf("a node needs a container runtime, and %s cannot be found; run `apt-get install containerd runc`, or install containerd otherwise",
			strings.Join(missing, ", "))
	}
	mounts, err := mounted()
	if err != nil {
		return err.Error()
	}
	for _, folder := range folders {
		if !slices.Contains(mounts, mount{folder, mountSource}) {
			return fmt.Sprintf("a node needs a file system of its own on %s; run `make e2e` as a root that may make namespaces (unshare --mount --pid --fork true)", folder)
		}
	}
	for _, dir := range cgroups(cgroupRoot) {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return fmt.Sprintf("a node needs cgroups, and %s could not be made; run `make e2e` where /sys/fs/cgroup can be written", dir)
		}
	}
	return ""
}

// cgroups lists the folders of a cgroup that the kubelet needs: one in cgroups version 2, one for each controller in version 1.
func cgroups(name string) []string {
	const root = "/sys/fs/cgroup"
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err == nil {
		return []string{filepath.Join(root, name)}
	}
	var dirs []string
	for _, controller := range []string{"cpu", "cpuset", "memory", "pids"} {
		dirs = append(dirs, filepath.Join(root, controller, name))
	}
	return dirs
}

// mount is a line of mountinfo.
type mount struct{ point, source string }

// mounted lists the mounts of this mount namespace in the order in which they were made: proc(5), mountinfo.
func mounted() ([]mount, error) {
	raw, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("reading what is mounted: %w", err)
	}
	return parseMounts(string(raw))
}

func parseMounts(mountinfo string) ([]mount, error) {
	var mounts []mount
	for line := range strings.Lines(mountinfo) {
		// 36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/source rw
		before, after, _ := strings.Cut(strings.TrimSpace(line), " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if len(fields) < 5 || len(rest) < 2 {
			return nil, fmt.Errorf("reading what is mounted: %q is not understood", line)
		}
		mounts = append(mounts, mount{fields[4], rest[1]})
	}
	return mounts, nil
}

// Mounts lists what is mounted below the folders of a node.
func Mounts() ([]string, error) {
	mounts, err := mounted()
	if err != nil {
		return nil, err
	}
	var points []string
	for _, m := range mounts {
		for _, folder := range folders {
			if strings.HasPrefix(m.point, folder+"/") {
				points = append(points, m.point)
			}
		}
	}
	return points, nil
}

// unmountAll takes down what is mounted below the folders of a node, the last first.
func unmountAll() error {
	points, err := Mounts()
	if err != nil {
		return err
	}
	var errs []error
	for _, point := range slices.Backward(points) {
		if err := syscall.Unmount(point, syscall.MNT_DETACH); err != nil {
			errs = append(errs, fmt.Errorf("unmounting %s: %w", point, err))
		}
	}
	return errors.Join(errs...)
}

// Processes lists the processes of this PID namespace, but for this one and those that it descends from.
func Processes() ([]string, error) {
	entries, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	own := []int{1, os.Getppid(), os.Getpid()}
	var processes []string
	for _, entry := range entries {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
		if err != nil || slices.Contains(own, pid) {
			continue
		}
		cmdline, err := os.ReadFile(entry)
		if err != nil {
			continue // it has ended meanwhile
		}
		processes = append(processes, fmt.Sprintf("%d %s", pid, strings.ReplaceAll(string(cmdline), "\x00", " ")))
	}
	return processes, nil
}
