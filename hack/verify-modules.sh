#!/usr/bin/env bash
# Fails when a go.mod or go.sum is not what `go mod tidy` makes of it.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
for mod in $(git ls-files '*go.mod' 'go.mod' | sort -u); do
  dir=$(dirname "$mod")
  if ! (cd "$dir" && go mod tidy -diff); then
    echo "verify: run 'go mod tidy' in $dir" >&2
    status=1
  fi
done
exit $status
