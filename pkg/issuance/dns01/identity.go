// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"syscall"
)

// tokenPath is where the kubelet puts the ServiceAccount token.
const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount/token"

// neededCapabilities by their numbers (linux/capability.h): to become another user, and to end what that user runs.
const neededCapabilities = 1<<5 /* KILL */ | 1<<6 /* SETGID */ | 1<<7 /* SETUID */

// RunAs is the identity of a process.
type RunAs struct {
	UID, GID uint32
}

// Nobody is the identity of plugins that a root controller runs by default: by convention it owns no file.
var Nobody = RunAs{UID: 65534, GID: 65534}

// credential decides as whom plugins run. The kubelet lets only the container's user read a ServiceAccount token, so a plugin
// must be somebody else. Nil means the controller's own identity.
func (o Options) credential() (*syscall.Credential, error) {
	as := o.RunAs
	if as == nil && os.Geteuid() == 0 {
		as = &Nobody
	}
	switch {
	case as == nil && !o.SharedUser:
		return nil, errors.New("a plugin with the controller's user could read its ServiceAccount token; " +
			"start tollgate-controller as root with only the capabilities SETUID, SETGID and KILL, or permit plugins to share its user with a flag")
	case as == nil:
		return nil, nil
	case as.UID == 0 || as.GID == 0:
		return nil, errors.New("plugins must not run as root; give them another user and group with flags of tollgate-controller")
	case int(as.UID) == os.Geteuid() && !o.SharedUser:
		return nil, errors.New("the user of plugins is the controller's own, so they could read its ServiceAccount token; give them another")
	}
	if !hasCapabilities() {
		return nil, errors.New("the controller may not change to the user of plugins; start it as root with the capabilities SETUID, SETGID and KILL")
	}
	if readable(o.tokenPath(), *as) {
		return nil, fmt.Errorf("user %d and group %d of plugins could read the controller's ServiceAccount token; set runAsUser: 0 in the pod so that the kubelet gives it mode 0600, and no fsGroup", as.UID, as.GID)
	}
	return &syscall.Credential{Uid: as.UID, Gid: as.GID}, nil // with no further groups
}

func (o Options) tokenPath() string {
	if o.TokenPath == "" {
		return tokenPath
	}
	return o.TokenPath
}

// readable reports whether the mode of a file lets an identity without capabilities read it. One that is absent is not.
func readable(path string, as RunAs) bool {
	var s syscall.Stat_t
	if err := syscall.Stat(path, &s); err != nil {
		return !errors.Is(err, syscall.ENOENT)
	}
	switch {
	case s.Uid == as.UID:
		return true // the owner can change the mode
	case s.Gid == as.GID:
		return s.Mode&0o040 != 0
	}
	return s.Mode&0o004 != 0
}

var effectiveCapabilities = regexp.MustCompile(`(?m)^CapEff:\s*([0-9a-fA-F]{1,16})$`)

// hasCapabilities reports whether this process has what it needs; also if that cannot be found out.
func hasCapabilities() bool {
	status, err := os.ReadFile("/proc/self/status")
	m := effectiveCapabilities.FindSubmatch(status)
	if err != nil || m == nil {
		return true
	}
	has, err := strconv.ParseUint(string(m[1]), 16, 64)
	return err == nil && has&neededCapabilities == neededCapabilities
}
