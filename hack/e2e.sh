#!/usr/bin/env bash
# Runs the end-to-end test on a real node, in mount and PID namespaces of its own: when the test ends, however it ends, the kernel ends every
# process that it has started and takes down every mount. As root it first installs what a node needs (containerd and runc, by apt-get).
# Where it cannot do these things the test says what is missing, and is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
test=$PWD/_output/e2e/e2e.test

if [[ ${1-} == in-namespaces ]]; then # process 1 of the PID namespace, so not exec: it waits for orphans
  for dir in /run /var/lib /var/log; do mount -t tmpfs -o mode=755 tollgate-e2e "$dir"; done
  # Settings of the machine's kernel that a kubelet wants, and would change: it sees them as it wants them.
  for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    file=/run/tollgate-e2e-${setting//[!a-z]/-}
    echo "${setting#*=}" >"$file"
    mount --bind "$file" "/proc/sys/${setting%=*}"
  done
  cd test/e2e
  "$test" "${@:2}"
  exit
fi

if ((EUID == 0)) && ! { command -v containerd && command -v runc; } >/dev/null && command -v apt-get >/dev/null; then
  echo "installing containerd and runc" >&2
  # Never at the price of another container runtime of this machine.
  install=(apt-get install --yes --no-install-recommends --no-remove -o Dpkg::Use-Pty=0 -qq containerd runc)
  DEBIAN_FRONTEND=noninteractive "${install[@]}" >/dev/null 2>&1 || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive "${install[@]}" >/dev/null; } ||
    echo "containerd and runc could not be installed" >&2
fi

export CGO_ENABLED=0 GOFLAGS=${GOFLAGS--buildvcs=false} # static binaries: they are all that their images hold
mkdir -p _output/e2e
go build -ldflags '-s -w' -o _output/e2e/ ./test/e2e/server ./test/e2e/pause
go test -c -o "$test" ./test/e2e

export TOLLGATE_E2E=${TOLLGATE_E2E:-1} TOLLGATE_E2E_CGROUP=/tollgate-e2e-$$
args=(-test.v -test.timeout=10m "$@")
namespaces=(unshare --mount --pid --fork --kill-child --mount-proc)
if ((EUID != 0)) || ! "${namespaces[@]}" true 2>/dev/null; then
  cd test/e2e
  exec "$test" "${args[@]}"
fi

# The cgroup below which the kubelet keeps those of pods: in the one hierarchy of version 2, or in each of version 1.
hierarchies=(/sys/fs/cgroup)
if [[ ! -e /sys/fs/cgroup/cgroup.controllers ]]; then hierarchies=(/sys/fs/cgroup/*/); fi
remove_cgroups() {
  for hierarchy in "${hierarchies[@]}"; do
    find "$hierarchy$TOLLGATE_E2E_CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
}
trap remove_cgroups EXIT
for hierarchy in "${hierarchies[@]}"; do
  for controller in $(cat "$hierarchy/cgroup.controllers" 2>/dev/null); do
    echo "+$controller" 2>/dev/null >"$hierarchy/cgroup.subtree_control" || true
  done
  mkdir -p "$hierarchy$TOLLGATE_E2E_CGROUP" || true # the test says what that means
done
"${namespaces[@]}" "$PWD/hack/e2e.sh" in-namespaces "${args[@]}"
