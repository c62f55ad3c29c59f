#!/usr/bin/env bash
# Fails when a generated file differs from what the generators make of the tree. The tree holds the right files afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."

snapshot() {
  find . -path ./_output -prune -o -type f \( -name 'zz_generated*' -o -path './config/crd/bases/*' -o -path './config/rbac/role.yaml' \) -print0 |
    sort -z | xargs -0 sha256sum
}

before=$(mktemp) after=$(mktemp)
trap 'rm -f "$before" "$after"' EXIT
snapshot >"$before"
make --no-print-directory generate
snapshot >"$after"
if ! diff "$before" "$after" >/dev/null; then
  echo "verify: generated files were out of step; they are right now, look at them and commit them:" >&2
  diff "$before" "$after" | awk '/^[<>]/ {print "  " $3}' | sort -u >&2
  exit 1
fi
